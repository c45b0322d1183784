//! `POST /auth/registration/delegated`: begins the registration of an end user. Whoever began before and did not finish
//! is begun anew (`…/delegated/restart`); whoever did finish exists.

use gangway_core::effect::Mode;
use gangway_core::outcome::{Answer, AttemptResult};
use serde_json::{Map, Value, json};

use super::login::{self, Registered};
use super::{Desk, challenge};
use crate::providers::haven::error::Refusal;
use crate::providers::haven::sign::{self, Change};
use crate::providers::parts::{broken, done, given};
use crate::providers::stop::Stop;
use crate::providers::{Call, Reply, Stage, Turn};

const CREATE: &str = "create";
const RESTART: &str = "restart";
const LOOK_UP: &str = "login";
const EXISTS: &str = "login_exists";

/// The first request.
pub fn begin(desk: &Desk, call: &Call<'_>) -> Turn {
    let Some(email) = given(call.input, "email") else {
        return broken("start_registration needs email; check the flow's mapping");
    };
    match call.mode {
        Mode::Do => start(desk, call.input, "/auth/registration/delegated", CREATE),
        // Whether a registration was begun cannot be seen, and need not: it can be begun again. One that was finished
        // must not.
        Mode::LookUp => login::ask(desk, email, LOOK_UP),
    }
}

fn start(desk: &Desk, input: &Map<String, Value>, path: &str, then: &'static str) -> Turn {
    let mut body = json!({"email": given(input, "email"), "kind": "EndUser"});
    if let (Some(external_id), Some(body)) = (given(input, "external_id"), body.as_object_mut()) {
        body.insert("externalId".to_owned(), Value::from(external_id));
    }
    sign::begin(desk, Change { method: "POST", path, body: &body, effectful: true, then })
}

/// What follows from the answer.
pub fn resume(desk: &Desk, call: &Call<'_>, stage: &Stage, reply: &Reply) -> Turn {
    match stage.at {
        CREATE => created(desk, call, reply),
        RESTART => restarted(desk, call, reply),
        at => match login::read(desk, call, reply) {
            Ok(registered) => told(desk, call, at, &registered),
            Err(turn) => *turn,
        },
    }
}

fn created(desk: &Desk, call: &Call<'_>, reply: &Reply) -> Turn {
    let email = given(call.input, "email").unwrap_or_default();
    match desk.data(call, reply) {
        Ok(body) => challenge::started(desk, email, &body, reply),
        Err(Refusal::Exists(_)) => login::ask(desk, email, EXISTS),
        Err(Refusal::Approval) => done(Answer::named("awaiting_approval")),
        Err(Refusal::Refused(complaint)) => done(complaint.refused()),
        Err(refusal) => Stop::from(refusal).of_a_change(),
    }
}

/// What a login says of one whose start is in doubt, or who "exists already".
fn told(desk: &Desk, call: &Call<'_>, at: &str, registered: &Registered) -> Turn {
    match (at, registered) {
        (_, Registered::Yes) | (EXISTS, Registered::Approval) => done(Answer::named("exists")),
        (EXISTS, Registered::No | Registered::Refused(_)) if desk.settings.restart => {
            start(desk, call.input, "/auth/registration/delegated/restart", RESTART)
        }
        (EXISTS, _) => done(Answer::named("exists")),
        _ => Turn::Ended(AttemptResult::NotDone),
    }
}

/// Where this way does not exist any more, or is not for this user, "exists" is what is known.
fn restarted(desk: &Desk, call: &Call<'_>, reply: &Reply) -> Turn {
    let email = given(call.input, "email").unwrap_or_default();
    match desk.data(call, reply) {
        Ok(body) => challenge::started(desk, email, &body, reply),
        Err(Refusal::Approval) => done(Answer::named("awaiting_approval")),
        Err(Refusal::Exists(_) | Refusal::NotFound | Refusal::Refused(_) | Refusal::Unauthorised(_)) => {
            done(Answer::named("exists"))
        }
        Err(refusal) => Stop::from(refusal).of_a_change(),
    }
}
