//! `POST /auth/registration/delegated`: begins the registration of an end user. One that was begun before and not
//! finished is begun anew (`…/delegated/restart`); one that was finished exists.

use gangway_core::effect::Mode;
use gangway_core::outcome::Answer;
use serde_json::{Value, json};

use super::login::Registered;
use super::{Desk, challenge};
use crate::providers::haven::error::Refusal;
use crate::providers::parts::{given, need};
use crate::providers::{Call, Far, Stop};

/// Carries out this action.
pub async fn call(desk: &Desk, call: &Call<'_>, far: &dyn Far) -> Result<Answer, Stop> {
    let email = need(call, "email")?;
    // Whether a registration was begun cannot be seen, and need not: it can be begun again. One that was finished must
    // not.
    if call.mode == Mode::LookUp {
        return match desk.registered(far, email).await? {
            Registered::Yes => Ok(Answer::named("exists")),
            _ => Err(Stop::NotDone),
        };
    }
    let mut body = json!({"email": email, "kind": "EndUser"});
    if let (Some(external_id), Some(body)) = (given(call.input, "external_id"), body.as_object_mut()) {
        body.insert("externalId".to_owned(), Value::from(external_id));
    }
    let reply = desk.change(far, ("POST", "/auth/registration/delegated"), &body, true).await?;
    match desk.data(&reply) {
        Ok(said) => return challenge::started(desk, email, &said, &reply),
        Err(Refusal::Exists(_)) => {}
        Err(Refusal::Approval) => return Ok(Answer::named("awaiting_approval")),
        Err(Refusal::Refused(complaint)) => return Ok(complaint.refused()),
        Err(refusal) => return Err(refusal.into()),
    }
    let unfinished = matches!(desk.registered(far, email).await?, Registered::No | Registered::Refused(_));
    if !unfinished || !desk.settings.restart {
        return Ok(Answer::named("exists"));
    }
    let reply = desk.change(far, ("POST", "/auth/registration/delegated/restart"), &body, true).await?;
    match desk.data(&reply) {
        Ok(said) => challenge::started(desk, email, &said, &reply),
        Err(Refusal::Approval) => Ok(Answer::named("awaiting_approval")),
        // Where this way does not exist any more, or is not for this user, "exists" is what is known.
        Err(Refusal::Exists(_) | Refusal::NotFound | Refusal::Refused(_) | Refusal::Unauthorised(_)) => {
            Ok(Answer::named("exists"))
        }
        Err(refusal) => Err(refusal.into()),
    }
}
