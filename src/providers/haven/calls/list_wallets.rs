//! `GET /wallets?owner=…`: the wallets of a user.

use gangway_core::outcome::Answer;

use super::{Desk, wallet};
use crate::providers::{Call, Far, Stop};

/// Carries out this action.
pub async fn call(desk: &Desk, call: &Call<'_>, far: &dyn Far) -> Result<Answer, Stop> {
    let (wallets, sent_at) = desk.wallets(call, far).await?;
    Ok(wallet::put(Answer::named("found"), &wallets, sent_at).unwrap_or_else(|| Answer::named("none")))
}
