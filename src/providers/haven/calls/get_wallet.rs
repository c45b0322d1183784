//! `GET /wallets/{id}`: whether a wallet can be used. The poll of a waiting state, and the read that confirms a
//! webhook.

use gangway_core::outcome::Answer;
use serde_json::Value;

use super::Desk;
use super::wallet::{self, Wallet};
use crate::providers::haven::error::Refusal;
use crate::providers::parts::need_id;
use crate::providers::{Call, Far, Reply, Stop};

/// Carries out this action. An unknown status counts as not `Active`.
pub async fn call(desk: &Desk, call: &Call<'_>, far: &dyn Far) -> Result<Answer, Stop> {
    let reply = far.send(desk.request("GET", &format!("/wallets/{}", need_id(call, "wallet_id")?))).await?;
    match desk.data(&reply) {
        Ok(said) => read(&said, "active", &reply),
        Err(Refusal::NotFound(_)) => Ok(Answer::named("not_found")),
        Err(refusal) => Ok(refusal.of_read()?.refused()),
    }
}

/// The outcome of this name for a wallet that can be used, else `not_active`.
///
/// # Errors
/// [`Stop::Unclear`] when there is no wallet in the answer.
pub fn read(said: &Value, active: &str, reply: &Reply) -> Result<Answer, Stop> {
    let wallet = Wallet::read(said).ok_or_else(|| Stop::unclear("a wallet without `id`"))?;
    let answer = Answer::named(if wallet.is_active() { active } else { "not_active" });
    let status = wallet.status.clone();
    let mut answer = wallet::put(answer, &[wallet], reply.sent_at).unwrap_or_default();
    answer.fields.remove("wallets");
    answer.fields.insert("status".to_owned(), Value::String(status));
    Ok(answer)
}
