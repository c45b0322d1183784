//! `GET /user/{uid}`, or by external id or e-mail: whether the user has a wallet. The poll of a waiting state, and
//! the read that confirms a webhook.

use gangway_core::event::Identifier;
use gangway_core::outcome::Answer;
use serde_json::{Map, Value, json};

use super::{Desk, USER_UID, broken, done, given, id, object, send, uid, user};
use crate::providers::original::error::{Refusal, data};
use crate::providers::stop::Stop;
use crate::providers::{Call, Reply, Turn};

/// The request: by `user_uid`, else by `user_external_id`, else by `email`.
pub fn begin(desk: &Desk, call: &Call<'_>) -> Turn {
    if given(call.input, "user_uid").is_some() {
        return match id(call.input, "user_uid") {
            Some(uid) => send(desk.get(call.now, &["user", uid], &[]), "read"),
            None => broken("user_uid is not an id of this provider: only letters, digits, - and _"),
        };
    }
    match user::best(call.input) {
        Some(by) => send(user::look_up(desk, call.now, call.input, by), "read"),
        None => broken("get_user needs user_uid, user_external_id or email; check the flow's mapping"),
    }
}

/// The outcome.
pub fn resume(call: &Call<'_>, reply: &Reply) -> Turn {
    let user = match data(reply, call.now) {
        Ok(Value::Null) | Err(Refusal::NotFound) => return done(Answer::named("not_found")),
        Ok(user) => user,
        Err(refusal) => return Stop::from(refusal).of_a_read(),
    };
    let Some(uid) = uid(&user) else {
        return Stop::Unclear("a user without `uid`".to_owned()).of_a_read();
    };
    let wallets = user::wallets(&user);
    let mut answer = Answer::named(if wallets.is_empty() { "no_wallet" } else { "has_wallet" });
    answer.identifiers.push(Identifier::new(USER_UID, &*uid));
    answer.facts = user::facts(&uid, &wallets, reply.sent_at);
    answer.fields = object(json!({"uid": uid}));
    if let Some(first) = wallets.first() {
        answer.fields.extend(first.clone());
        let all = wallets.into_iter().map(|wallet: Map<String, Value>| Value::Object(wallet)).collect();
        answer.fields.insert("wallets".to_owned(), Value::Array(all));
    }
    done(answer)
}
