//! `POST /auth/registration/init`: begins a registration with the code that the provider gave to the person. It needs
//! no token. It only opens a session, so after a lost answer it is sent again.

use gangway_core::outcome::Answer;
use serde_json::json;

use super::{Desk, challenge, with_body};
use crate::providers::haven::error::Refusal;
use crate::providers::parts::given;
use crate::providers::{Call, Far, Stop};

/// Carries out this action. No token of ours is sent, so a refusal is about the code.
pub async fn call(desk: &Desk, call: &Call<'_>, far: &dyn Far) -> Result<Answer, Stop> {
    let org_id = given(call.input, "org_id").or(desk.settings.org_id.as_deref());
    let (username, code) = (given(call.input, "username"), given(call.input, "registration_code"));
    let (Some(org_id), Some(username), Some(code)) = (org_id, username, code) else {
        return Err(Stop::broken(
            "start_with_code needs username, the secret registration_code, and org_id or providers.haven.org_id; \
             check the flow's mapping and the settings",
        ));
    };
    let body = json!({"orgId": org_id, "username": username, "registrationCode": code});
    let request = desk.request_of(None, "POST", "/auth/registration/init");
    let reply = far.send(with_body(request, body.to_string())).await?;
    match desk.data(&reply) {
        Ok(said) => challenge::started(desk, username, &said, &reply),
        Err(Refusal::Exists(_)) => Ok(Answer::named("exists")),
        // A gateway's 403 is no word about the code.
        Err(Refusal::Unauthorised(complaint)) => Ok(complaint.refused()),
        Err(refusal) => Ok(refusal.of_person()?.refused()),
    }
}
