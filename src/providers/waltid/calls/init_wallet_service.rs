//! `POST /v1/{org}.{tenant}/resource-api/services/init` on the organisation's host, or as the settings write it: a
//! fresh account has no wallet. Safe to repeat with `createIfNotFound`.

use gangway_core::outcome::Answer;

use super::{Desk, step};
use crate::providers::{Call, Far, Stop};

/// Carries out this action.
pub async fn call(desk: &Desk, call: &Call<'_>, far: &dyn Far) -> Result<Answer, Stop> {
    let (names, wallet) = (step::names(desk, call), &desk.settings.wallet);
    let fields = step::field("wallet", names.get("wallet"));
    step::call(desk, &names, (wallet.host, &wallet.path, &wallet.body), far, "ready", fields).await
}
