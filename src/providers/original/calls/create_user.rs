//! `POST /user`, and the look-up by which an uncertain or duplicate creation is settled.
//! Only natural idempotency: with neither an external id nor an e-mail every call makes a new anonymous user.

use gangway_core::effect::Mode;
use gangway_core::event::Identifier;
use gangway_core::outcome::{Answer, AttemptResult};
use serde_json::{Map, Value, json};

use super::user::{self, By};
use super::{Desk, USER_UID, broken, created_at, done, object, send, uid};
use crate::providers::original::error::{Refusal, data};
use crate::providers::stop::Stop;
use crate::providers::{Call, Reply, Stage, Turn};

const CREATE: &str = "create";
const LOOK_UP: &str = "look_up";
const EXISTS: &str = "exists";
const EXISTS_BY_EMAIL: &str = "exists_by_email";

/// The first request.
pub fn begin(desk: &Desk, call: &Call<'_>) -> Turn {
    match (call.mode, user::best(call.input)) {
        (Mode::Do, _) => send(desk.post(call.now, &["user"], &body(call.input)), CREATE),
        (Mode::LookUp, Some(by)) => send(user::look_up(desk, call.now, call.input, by), LOOK_UP),
        (Mode::LookUp, None) => broken(
            "whether the user was made cannot be found out: without a user_external_id or an email there is nothing \
             to look up; see the provider's console, then decide",
        ),
    }
}

/// Only the two documented fields; one that the flow maps to null stays an explicit null.
fn body(input: &Map<String, Value>) -> Value {
    let fields = ["user_external_id", "email"].into_iter();
    fields.filter_map(|name| Some((name.to_owned(), input.get(name)?.clone()))).collect::<Map<_, _>>().into()
}

/// What follows from the answer.
pub fn resume(desk: &Desk, call: &Call<'_>, stage: &Stage, reply: &Reply) -> Turn {
    let data = data(reply, call.now);
    match stage.at {
        CREATE => created(desk, call, data),
        LOOK_UP => match data {
            Ok(user) if user.is_null() => Turn::Ended(AttemptResult::NotDone),
            Ok(user) => found(desk, call, &user),
            Err(Refusal::NotFound) => Turn::Ended(AttemptResult::NotDone),
            Err(refusal) => Stop::from(refusal).of_a_read(),
        },
        at => existing(desk, call, at, data),
    }
}

fn created(desk: &Desk, call: &Call<'_>, data: Result<Value, Refusal>) -> Turn {
    match data {
        Ok(data) => match uid(&data) {
            Some(uid) => named("created", uid),
            None => Stop::Unclear("a good answer without `uid`".to_owned()).of_a_change(),
        },
        Err(Refusal::Exists(_)) => match user::best(call.input) {
            Some(by) => send(user::look_up(desk, call.now, call.input, by), stage_for(by)),
            None => broken("the provider says that a nameless user already exists"),
        },
        Err(Refusal::Refused(complaint)) => done(complaint.refused()),
        Err(refusal) => Stop::from(refusal).of_a_change(),
    }
}

const fn stage_for(by: By) -> &'static str {
    match by {
        By::ExternalId => EXISTS,
        By::Email => EXISTS_BY_EMAIL,
    }
}

/// "User already exists.": by the external id, or, when nobody has that, by the e-mail.
fn existing(desk: &Desk, call: &Call<'_>, at: &str, data: Result<Value, Refusal>) -> Turn {
    let user = match data {
        Ok(user) => user,
        Err(Refusal::NotFound) => Value::Null,
        Err(refusal) => return Stop::from(refusal).of_a_read(),
    };
    if !user.is_null() {
        return found(desk, call, &user);
    }
    if at == EXISTS && super::given(call.input, "email").is_some() {
        return send(user::look_up(desk, call.now, call.input, By::Email), EXISTS_BY_EMAIL);
    }
    let cause = "the provider says that the user exists already, and does not find it".to_owned();
    Turn::Ended(AttemptResult::Again { cause, retry_after: None, spent: true })
}

/// A user was found: ours if it was made since our uncertain attempt, else one that was there before.
fn found(desk: &Desk, call: &Call<'_>, user: &Value) -> Turn {
    let Some(uid) = uid(user) else {
        return Stop::Unclear("a user without `uid`".to_owned()).of_a_read();
    };
    if user::is_anothers(call.input, user) {
        let mut answer = Answer::named("refused");
        let reason = "the e-mail address belongs to a user with another user_external_id";
        answer.fields = object(json!({"code": "email_taken", "reason": reason}));
        return done(answer);
    }
    named(if desk.may_be_ours(call, created_at(user)) { "created" } else { "exists" }, uid)
}

fn named(outcome: &str, uid: String) -> Turn {
    let mut answer = Answer::named(outcome);
    answer.identifiers.push(Identifier::new(USER_UID, &*uid));
    answer.fields = object(json!({"uid": uid}));
    done(answer)
}
