//! What a finished task made, read as its owner, the new user: log in, get an access token, `GET /tasks/{taskId}`.
//! The task passes to its owner a moment after it is completed; until then the answer is empty.

use gangway_core::event::Identifier;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::login::{self, Login, NO_INPUT, SECOND_FACTOR};
use super::{Desk, HEDERA_ACCOUNT_ID, with_did};
use crate::providers::complaint::Refusal;
use crate::providers::guardian::error::{Body, body};
use crate::providers::guardian::token::{exchange, exchanged};
use crate::providers::parts::{broken, done, given, id, send, text};
use crate::providers::stop::Stop;
use crate::providers::{Call, Reply, Stage, Turn};

const LOGIN: &str = "login";
const EXCHANGE: &str = "exchange";
const TASK: &str = "task";

/// The first request.
pub fn begin(desk: &Desk, call: &Call<'_>) -> Turn {
    if given(call.input, "task_id").is_some() && id(call.input, "task_id").is_none() {
        return broken("task_id is not an id of this provider: only letters, digits, - and _");
    }
    login::of_input(desk, call.input).map_or_else(|| broken(NO_INPUT), |request| send(request, LOGIN))
}

/// What follows from the answer.
pub fn resume(desk: &Desk, call: &Call<'_>, stage: &Stage, reply: &Reply) -> Turn {
    match stage.at {
        LOGIN => logged_in(desk, call, reply),
        EXCHANGE => match exchanged(reply, call.now) {
            Ok(access) => read_task(desk, call, &access, stage.memo.clone()),
            Err(trouble) => trouble.of_a_read(),
        },
        _ => task(call, stage, reply),
    }
}

fn logged_in(desk: &Desk, call: &Call<'_>, reply: &Reply) -> Turn {
    let (did, access, refresh) = match login::read(reply, call.now) {
        Ok(Login::In { did, access, refresh }) => (did, access, refresh),
        Ok(Login::Refused) => return done(with_did("refused", None)),
        Ok(Login::SecondFactor) => return broken(SECOND_FACTOR),
        Err(trouble) => return trouble.of_a_read(),
    };
    if given(call.input, "task_id").is_none() {
        return ready(did.as_deref(), &Value::Null);
    }
    let memo = json!({"did": did});
    match access {
        Some(access) => read_task(desk, call, &access, memo),
        None => Turn::Send(exchange(desk, &refresh), Stage { at: EXCHANGE, memo }),
    }
}

/// With the user's own token, which is used once and never kept.
fn read_task(desk: &Desk, call: &Call<'_>, access: &SecretString, memo: Value) -> Turn {
    let mut request = desk.get(&["tasks", id(call.input, "task_id").unwrap_or_default()]);
    let bearer = SecretString::from(format!("Bearer {}", access.expose_secret()));
    request.secret_headers.push(("authorization", bearer));
    Turn::Send(request, Stage { at: TASK, memo })
}

fn task(call: &Call<'_>, stage: &Stage, reply: &Reply) -> Turn {
    if matches!(reply.status, 401 | 403) {
        let cause = format!("the user's new token was not taken ({})", reply.status);
        return Stop::Away(cause, None).of_a_read();
    }
    let task = match body(reply, call.now) {
        Ok(Body::Object(task)) => task,
        Ok(Body::Empty) => return not_yet(),
        Err(Refusal::Complaint(status, _)) => {
            return broken(&format!("Guardian does not show the user's task ({status}); check its version"));
        }
        Err(Refusal::Stop(trouble)) => return trouble.of_a_read(),
    };
    match task.get("result").filter(|result| result.is_object()) {
        Some(result) => {
            let did = text(result, "did").or_else(|| text(&stage.memo, "did"));
            ready(did.as_deref(), result)
        }
        None => not_yet(),
    }
}

/// Ready with a DID; without one the profile is not finished.
fn ready(did: Option<&str>, result: &Value) -> Turn {
    let Some(did) = did else { return not_yet() };
    let mut answer = with_did("ready", Some(did));
    for (ours, theirs) in [("hedera_account_id", "hederaAccountId"), ("public_key", "publicKey")] {
        if let Some(value) = text(result, theirs) {
            if ours == "hedera_account_id" {
                answer.identifiers.push(Identifier::new(HEDERA_ACCOUNT_ID, value.as_str()));
            }
            answer.fields.insert(ours.to_owned(), value.into());
        }
    }
    done(answer)
}

fn not_yet() -> Turn {
    done(with_did("not_yet", None))
}
