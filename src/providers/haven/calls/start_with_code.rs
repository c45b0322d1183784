//! `POST /auth/registration/init`: begins a registration with the code that the provider gave to the person. Nobody's
//! token is needed. It only opens a session, so a lost answer is asked for again.

use gangway_core::outcome::Answer;
use serde_json::json;

use super::{Desk, challenge, with_body};
use crate::providers::haven::error::Refusal;
use crate::providers::parts::{broken, done, given, send};
use crate::providers::stop::Stop;
use crate::providers::{Call, Reply, Turn};

/// The request.
pub fn begin(desk: &Desk, call: &Call<'_>) -> Turn {
    let org_id = given(call.input, "org_id").or(desk.settings.org_id.as_deref());
    let (username, code) = (given(call.input, "username"), given(call.input, "registration_code"));
    let (Some(org_id), Some(username), Some(code)) = (org_id, username, code) else {
        return broken(
            "start_with_code needs username, the secret registration_code, and org_id or providers.haven.org_id; \
             check the flow's mapping and the settings",
        );
    };
    let body = json!({"orgId": org_id, "username": username, "registrationCode": code});
    let request = desk.request_of(None, "POST", "/auth/registration/init");
    send(with_body(request, body.to_string()), "init")
}

/// The outcome. No token of ours was sent, so 401 and 403 are about the code.
pub fn resume(desk: &Desk, call: &Call<'_>, reply: &Reply) -> Turn {
    let username = given(call.input, "username").unwrap_or_default();
    match desk.data(call, reply) {
        Ok(body) => match challenge::started(desk, username, &body, reply) {
            Turn::Ended(gangway_core::outcome::AttemptResult::Unknown { cause }) => Stop::Unclear(cause).of_a_read(),
            turn => turn,
        },
        Err(Refusal::Exists(_)) => done(Answer::named("exists")),
        Err(Refusal::Refused(complaint) | Refusal::Unauthorised(complaint) | Refusal::Forbidden(complaint)) => {
            done(complaint.refused())
        }
        Err(refusal) => Stop::from(refusal).of_a_read(),
    }
}
