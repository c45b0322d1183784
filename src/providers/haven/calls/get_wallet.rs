//! `GET /wallets/{id}`: whether a wallet can be used. The poll of a waiting state, and the read that confirms a webhook.

use gangway_core::outcome::Answer;
use serde_json::Value;

use super::Desk;
use super::wallet::{self, Wallet};
use crate::providers::haven::error::Refusal;
use crate::providers::parts::{broken, done, id, send};
use crate::providers::stop::Stop;
use crate::providers::{Call, Reply, Turn};

/// The request.
pub fn begin(desk: &Desk, call: &Call<'_>) -> Turn {
    match id(call.input, "wallet_id") {
        Some(wallet_id) => send(desk.request("GET", &format!("/wallets/{wallet_id}")), "read"),
        None => broken("get_wallet needs wallet_id, of letters, digits, - and _; check the flow's mapping"),
    }
}

/// The outcome. A status that nobody has heard of is one that is not `Active`.
pub fn resume(desk: &Desk, call: &Call<'_>, reply: &Reply) -> Turn {
    match desk.data(call, reply) {
        Ok(body) => read(&body, "active", reply).unwrap_or_else(Stop::of_a_read),
        Err(Refusal::NotFound) => done(Answer::named("not_found")),
        Err(refusal) => Stop::from(refusal).of_a_read(),
    }
}

/// The outcome of this name for a wallet that can be used, else `not_active`.
///
/// # Errors
/// When there is no wallet in the answer.
pub fn read(body: &Value, active: &str, reply: &Reply) -> Result<Turn, Stop> {
    let Some(wallet) = Wallet::read(body) else { return Err(Stop::Unclear("a wallet without `id`".to_owned())) };
    let answer = Answer::named(if wallet.is_active() { active } else { "not_active" });
    let status = wallet.status.clone();
    let answer = wallet::put(answer, &[wallet], reply.sent_at);
    Ok(done(answer.map_or_else(Answer::default, |mut answer| {
        answer.fields.remove("wallets");
        answer.fields.insert("status".to_owned(), Value::String(status));
        answer
    })))
}
