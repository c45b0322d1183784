//! The way back to one who is registered already: a delegated login tells that the user is, and the list of wallets
//! what there is. Changes nothing, so it also serves as a poll.

use gangway_core::event::Identifier;
use gangway_core::outcome::Answer;
use serde_json::{Value, json};

use super::login::{self, Registered};
use super::{Desk, USER_ID, USERNAME, wallet};
use crate::providers::parts::{broken, done, given, object};
use crate::providers::stop::Stop;
use crate::providers::{Call, Reply, Stage, Turn};

const LOGIN: &str = "login";

/// The first request.
pub fn begin(desk: &Desk, call: &Call<'_>) -> Turn {
    match given(call.input, "username") {
        Some(username) => login::ask(desk, username, LOGIN),
        None => broken("recover needs username; check the flow's mapping"),
    }
}

/// What follows from the answer.
pub fn resume(desk: &Desk, call: &Call<'_>, stage: &Stage, reply: &Reply) -> Turn {
    let (user_id, username) = (given(call.input, "user_id"), given(call.input, "username"));
    let list = || wallet::list(desk, user_id, username);
    if stage.at == LOGIN {
        return match login::read(desk, call, reply) {
            Ok(Registered::Yes) => list().unwrap_or_else(|| {
                broken("recover needs user_id for the filter ownerId; give it, or set providers.haven.wallet_owner")
            }),
            Ok(Registered::No) => done(Answer::named("not_registered")),
            Ok(Registered::Refused(complaint)) => done(complaint.refused()),
            Ok(Registered::Approval) => done(Answer::named("awaiting_approval")),
            Err(turn) => *turn,
        };
    }
    let page = match desk.data(call, reply) {
        Ok(body) => wallet::page(&body, stage, list()),
        Err(refusal) => return Stop::from(refusal).of_a_read(),
    };
    let wallets = match page {
        Ok(wallets) => wallets,
        Err(turn) => return *turn,
    };
    let mut answer = Answer::named("recovered");
    answer.identifiers.extend(user_id.map(|id| Identifier::new(USER_ID, id)));
    answer.identifiers.extend(username.map(|name| Identifier::new(USERNAME, name)));
    answer.fields = object(json!({"username": username}));
    answer.fields.extend(user_id.map(|id| ("user_id".to_owned(), Value::from(id))));
    wallet::put(answer, &wallets, reply.sent_at).map_or_else(|| done(Answer::named("no_wallet")), done)
}
