//! `POST /auth/registration/delegated`: begins the registration of an end user. The settings say whether it makes the
//! user on the fly or the user is made first, and whether one that was begun and not finished may be begun anew through
//! `…/delegated/restart`, which newer versions do not have any more. One that was finished exists.

use gangway_core::effect::Mode;
use gangway_core::outcome::Answer;
use serde_json::{Value, json};

use super::create_user::Made;
use super::users::Standing;
use super::{Desk, challenge};
use crate::providers::complaint::Complaint;
use crate::providers::haven::error::Refusal;
use crate::providers::haven::settings::NewUsers;
use crate::providers::parts::{given, need};
use crate::providers::{Call, Far, Stop};

/// Carries out this action.
pub async fn call(desk: &Desk, call: &Call<'_>, far: &dyn Far) -> Result<Answer, Stop> {
    let (email, external_id) = (need(call, "email")?, given(call.input, "external_id"));
    // Whether a registration was begun need not be known: it can be begun again. One that was finished must not.
    if call.mode == Mode::LookUp {
        return match desk.standing(far, None, email).await? {
            Standing::Registered(_) => Ok(Answer::named("exists")),
            _ => Err(Stop::NotDone),
        };
    }
    if desk.settings.new_users == NewUsers::First {
        match desk.make(far, email, external_id).await? {
            // One that is there may still have no registration: the next request tells.
            Made::New(_) | Made::Exists => {}
            Made::Approval => return Ok(Answer::named("awaiting_approval")),
            Made::Refused(complaint) => return Ok(complaint.refused()),
        }
    }
    let mut body = json!({"email": email, "kind": "EndUser"});
    if let (Some(external_id), Some(body)) = (external_id, body.as_object_mut()) {
        body.insert("externalId".to_owned(), Value::from(external_id));
    }
    let reply = desk.change(far, ("POST", "/auth/registration/delegated"), &body, true).await?;
    let complaint = match desk.data(&reply) {
        Ok(said) => return challenge::started(desk, email, &said, &reply),
        Err(Refusal::Exists(complaint)) => complaint,
        Err(Refusal::Approval) => return Ok(Answer::named("awaiting_approval")),
        Err(refusal) => return Ok(refusal.of_person()?.refused()),
    };
    match desk.standing(far, None, email).await? {
        // A policy that catches the question says nothing against it; `recover` waits for the approval.
        Standing::Registered(_) | Standing::Approval => Ok(Answer::named("exists")),
        Standing::Refused(complaint) => Ok(complaint.refused()),
        Standing::Unfinished | Standing::Unknown if desk.settings.restart => restart(desk, far, email, &body).await,
        Standing::Unfinished | Standing::Unknown => Ok(unfinished(complaint)),
    }
}

async fn restart(desk: &Desk, far: &dyn Far, email: &str, body: &Value) -> Result<Answer, Stop> {
    let reply = desk.change(far, ("POST", "/auth/registration/delegated/restart"), body, true).await?;
    if matches!(reply.status, 404 | 405 | 410 | 501) {
        let reason = "this version of the provider does not begin a registration anew".to_owned();
        return Ok(unfinished(Complaint { code: reply.status.to_string(), reason }));
    }
    match desk.data(&reply) {
        Ok(said) => challenge::started(desk, email, &said, &reply),
        Err(Refusal::Approval) => Ok(Answer::named("awaiting_approval")),
        Err(Refusal::Exists(complaint)) => Ok(unfinished(complaint)),
        Err(refusal) => Ok(refusal.of_person()?.refused()),
    }
}

/// Begun before, not finished, and the provider gives no new challenge: with what it said.
fn unfinished(complaint: Complaint) -> Answer {
    complaint.outcome("unfinished")
}
