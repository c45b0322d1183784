//! `GET /wallets?owner=…`: the wallets of a user.

use gangway_core::outcome::Answer;

use super::wallet::Owned;
use super::{Desk, wallet};
use crate::providers::parts::given;
use crate::providers::{Call, Far, Stop};

/// Carries out this action.
pub async fn call(desk: &Desk, call: &Call<'_>, far: &dyn Far) -> Result<Answer, Stop> {
    let user_id = given(call.input, "user_id");
    Ok(match desk.wallets(call, user_id, far).await? {
        Owned::Wallets(wallets, sent_at) => {
            wallet::put(Answer::named("found"), &wallets, sent_at).unwrap_or_else(|| Answer::named("none"))
        }
        Owned::Refused(complaint) => complaint.refused(),
    })
}
