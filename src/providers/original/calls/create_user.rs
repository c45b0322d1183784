//! `POST /user`, and the look-up by which an uncertain or duplicate creation is settled.
//! Only natural idempotency: with neither an external id nor an e-mail every call makes a new anonymous user.

use gangway_core::effect::Mode;
use gangway_core::event::Identifier;
use gangway_core::outcome::Answer;
use serde_json::{Map, Value, json};

use super::user::{self, By};
use super::{Desk, USER_UID, created_at, given, object, uid};
use crate::providers::complaint::refused;
use crate::providers::original::error::{Refusal, data};
use crate::providers::{Call, Far, Stop};

/// Carries out this action.
pub async fn call(desk: &Desk, call: &Call<'_>, far: &dyn Far) -> Result<Answer, Stop> {
    let best = user::best(call.input);
    if call.mode == Mode::LookUp {
        let by = best.ok_or_else(|| {
            Stop::broken(
                "whether the user was made cannot be found out: without a user_external_id or an email there is \
                 nothing to look up; see the provider's console, then decide",
            )
        })?;
        let user = user::find(desk, call, far, by).await?.ok_or(Stop::NotDone)?;
        return found(desk, call, &user);
    }
    let reply = far.send(desk.post(far.now(), &["user"], &body(call.input))).await?;
    match data(&reply) {
        Ok(user) => {
            let uid = uid(&user).ok_or_else(|| Stop::unclear("a good answer without `uid`"))?;
            return Ok(named("created", uid));
        }
        Err(Refusal::Exists(_)) => {}
        Err(refusal) => return Ok(refusal.of_person()?.refused()),
    }
    // By the external id, or, when no user has that, by the e-mail.
    let by = best.ok_or_else(|| Stop::broken("the provider says that a nameless user already exists"))?;
    let mut user = user::find(desk, call, far, by).await?;
    if user.is_none() && by == By::ExternalId && given(call.input, "email").is_some() {
        user = user::find(desk, call, far, By::Email).await?;
    }
    let missing = || Stop::away("the provider says that the user exists already, and does not find it");
    found(desk, call, &user.ok_or_else(missing)?)
}

/// Only the two documented fields; one that the flow maps to null stays an explicit null.
fn body(input: &Map<String, Value>) -> Value {
    let fields = ["user_external_id", "email"].into_iter();
    fields.filter_map(|name| Some((name.to_owned(), input.get(name)?.clone()))).collect::<Map<_, _>>().into()
}

/// A user was found: ours if it was made since our uncertain attempt, else one that was there before.
fn found(desk: &Desk, call: &Call<'_>, user: &Value) -> Result<Answer, Stop> {
    let uid = uid(user).ok_or_else(|| Stop::unclear("a user without `uid`"))?;
    if user::is_anothers(call.input, user) {
        return Ok(refused("email_taken", "the e-mail address belongs to a user with another user_external_id"));
    }
    Ok(named(if desk.may_be_ours(call, created_at(user)) { "created" } else { "exists" }, uid))
}

fn named(outcome: &str, uid: String) -> Answer {
    let mut answer = Answer::named(outcome);
    answer.identifiers.push(Identifier::new(USER_UID, &*uid));
    answer.fields = object(json!({"uid": uid}));
    answer
}
