//! `POST /credentials/{credentialId}/revoke`: takes a credential back. By the inner id: the outer one is refused.

use gangway_core::outcome::Answer;
use serde_json::Value;

use super::{Api, Desk, refusal};
use crate::providers::didx::error::refused as not_good;
use crate::providers::parts::{broken, done, id, send};
use crate::providers::stop::Stop;
use crate::providers::{Call, Reply, Turn};

/// The request.
pub fn begin(desk: &Desk, call: &Call<'_>) -> Turn {
    match id(call.input, "credential_id") {
        Some(id) => send(desk.post(Api::Credentials, &["credentials", id, "revoke"], None), "revoke"),
        None => broken("revoke_credential needs credential_id, of letters, digits, - and _; check the flow's mapping"),
    }
}

/// The outcome: 204, or another good status without a page in it.
pub fn resume(call: &Call<'_>, reply: &Reply) -> Turn {
    let json = serde_json::from_slice::<Value>(&reply.body).ok();
    match not_good(reply, call.now, json.as_ref()) {
        Some(other) => refusal(other),
        None if reply.body.is_empty() || json.is_some() => done(Answer::named("revoked")),
        None => Stop::Unclear(format!("{} with a body that is not JSON", reply.status)).of_a_change(),
    }
}
