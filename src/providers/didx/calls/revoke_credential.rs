//! `POST /credentials/{credentialId}/revoke`: takes a credential back by the inner id: the outer one is refused.

use gangway_core::outcome::Answer;

use super::{Api, Desk, refusal};
use crate::providers::didx::error::refused;
use crate::providers::parts::need_id;
use crate::providers::{Call, Far, Stop};

/// Carries out this action. Good is 204, or another good status without a page in it.
pub async fn call(desk: &Desk, call: &Call<'_>, far: &dyn Far) -> Result<Answer, Stop> {
    let path = ["credentials", need_id(call, "credential_id")?, "revoke"];
    let reply = far.send(desk.post(Api::Credentials, &path, None)).await?;
    let json = gangway_core::json::read(&reply.body).ok();
    match refused(&reply, json.as_ref()) {
        Some(other) => refusal(other),
        None if reply.body.is_empty() || json.is_some() => Ok(Answer::named("revoked")),
        None => Err(Stop::Unclear(format!("{} with a body that is not JSON", reply.status))),
    }
}
