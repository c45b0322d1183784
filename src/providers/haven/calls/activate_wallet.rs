//! `PUT /wallets/{id}/activate`: some networks want a wallet's account deployed before it can be used. Looked up by
//! reading the wallet.

use gangway_core::effect::Mode;
use gangway_core::outcome::Answer;
use serde_json::json;

use super::wallet::Wallet;
use super::{Desk, get_wallet};
use crate::providers::haven::error::Refusal;
use crate::providers::parts::need_id;
use crate::providers::{Call, Far, Stop};

/// Carries out this action.
pub async fn call(desk: &Desk, call: &Call<'_>, far: &dyn Far) -> Result<Answer, Stop> {
    let wallet_id = need_id(call, "wallet_id")?;
    if call.mode == Mode::LookUp {
        let reply = far.send(desk.request("GET", &format!("/wallets/{wallet_id}"))).await?;
        return match desk.data(&reply) {
            Ok(said) if Wallet::read(&said).is_some_and(|wallet| wallet.is_active()) => {
                get_wallet::read(&said, "activated", &reply)
            }
            Ok(_) | Err(Refusal::NotFound) => Err(Stop::NotDone),
            Err(refusal) => Err(refusal.into()),
        };
    }
    let reply = desk.change(far, ("PUT", &format!("/wallets/{wallet_id}/activate")), &json!({}), true).await?;
    match desk.data(&reply) {
        Ok(said) => get_wallet::read(&said, "activated", &reply),
        Err(Refusal::Approval) => Ok(Answer::named("awaiting_approval")),
        Err(Refusal::NotFound) => Ok(Answer::named("not_found")),
        Err(Refusal::Refused(complaint) | Refusal::Exists(complaint)) => Ok(complaint.refused()),
        Err(refusal) => Err(refusal.into()),
    }
}
