//! `POST /wallets/{id}/activate`: some networks want a wallet's account deployed before it can be used. The answer is
//! the transaction that does so, under an id of its own; the wallet is active once that is confirmed. Looked up by
//! reading the wallet.

use gangway_core::effect::Mode;
use gangway_core::outcome::Answer;
use serde_json::{Map, Value, json};

use super::wallet::Wallet;
use super::{Desk, get_wallet};
use crate::providers::complaint::Complaint;
use crate::providers::haven::error::Refusal;
use crate::providers::parts::{need_id, object, text};
use crate::providers::{Call, Far, Reply, Stop};

/// States of a transaction in which it does nothing any more.
const LOST: [&str; 2] = ["failed", "rejected"];

/// Carries out this action.
pub async fn call(desk: &Desk, call: &Call<'_>, far: &dyn Far) -> Result<Answer, Stop> {
    let wallet_id = need_id(call, "wallet_id")?;
    if call.mode == Mode::LookUp {
        return active(desk, far, wallet_id).await?.ok_or(Stop::NotDone);
    }
    // What some networks want with it, such as Canton's `validatorId`; the others take an empty object.
    let body = match call.input.get("body") {
        Some(Value::Object(body)) => Value::Object(body.clone()),
        None | Some(Value::Null) => Value::Object(Map::new()),
        Some(_) => return Err(Stop::broken("activate_wallet needs a map as body; check the flow's mapping")),
    };
    let reply = desk.change(far, ("POST", &format!("/wallets/{wallet_id}/activate")), &body, true).await?;
    match desk.data(&reply) {
        Ok(said) => requested(wallet_id, &said, &reply),
        Err(Refusal::Approval) => Ok(Answer::named("awaiting_approval")),
        Err(Refusal::NotFound(_)) => Ok(Answer::named("not_found")),
        Err(refusal) => {
            let complaint = refusal.of_person()?;
            // One that became active meanwhile is refused, too.
            Ok(active(desk, far, wallet_id).await?.unwrap_or_else(|| complaint.refused()))
        }
    }
}

/// The wallet, if it is active.
async fn active(desk: &Desk, far: &dyn Far, wallet_id: &str) -> Result<Option<Answer>, Stop> {
    let reply = far.send(desk.request("GET", &format!("/wallets/{wallet_id}"))).await?;
    match desk.data(&reply) {
        Ok(said) => match Wallet::read(&said) {
            Some(wallet) if wallet.is_active() => get_wallet::read(&said, "activated", &reply).map(Some),
            Some(_) => Ok(None),
            None => Err(Stop::unclear("a wallet without `id`")),
        },
        Err(Refusal::NotFound(_)) => Ok(None),
        Err(refusal) => Err(refusal.into()),
    }
}

/// `requested`, with the transaction; an installation that answers with the wallet itself is understood too.
fn requested(wallet_id: &str, said: &Value, reply: &Reply) -> Result<Answer, Stop> {
    let status = text(said, "status");
    if Wallet::read(said).is_some_and(|wallet| wallet.id == wallet_id && wallet.is_active()) {
        return get_wallet::read(said, "activated", reply);
    }
    let of = text(said, "walletId").or_else(|| text(said, "id"));
    if of.as_deref() != Some(wallet_id) {
        return Err(Stop::unclear("an activation whose answer does not name the wallet"));
    }
    if let Some(status) = status.as_deref().filter(|status| LOST.iter().any(|lost| status.eq_ignore_ascii_case(lost))) {
        let reason =
            text(said, "reason").unwrap_or_else(|| "the transaction that activates it was not made".to_owned());
        return Ok(Complaint { code: status.to_owned(), reason }.refused());
    }
    let mut answer = Answer::named("requested");
    answer.fields = object(json!({"wallet_id": wallet_id}));
    let transaction = text(said, "id").filter(|id| id != wallet_id);
    let told = [("transaction_id", transaction), ("transaction_status", status)];
    answer.fields.extend(told.into_iter().filter_map(|(name, value)| Some((name.to_owned(), Value::String(value?)))));
    Ok(answer)
}
