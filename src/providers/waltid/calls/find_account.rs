//! `GET /v1/admin/accounts`: whether there is an account with this e-mail.

use gangway_core::outcome::Answer;

use super::{Desk, account_id, named};
use crate::providers::parts::need;
use crate::providers::{Call, Far, Stop};

/// Carries out this action.
pub async fn call(desk: &Desk, call: &Call<'_>, far: &dyn Far) -> Result<Answer, Stop> {
    let Some(account) = desk.find(far, need(call, "email")?).await? else { return Ok(Answer::named("not_found")) };
    let id = account_id(&account).ok_or_else(|| Stop::unclear("an account without `_id`"))?;
    Ok(named("found", &id, &account))
}
