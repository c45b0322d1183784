//! What a finished task made, read as its owner, the new user: log in, get an access token, `GET /tasks/{taskId}`.
//! The task passes to its owner a moment after it is completed; until then the answer is empty.

use gangway_core::event::Identifier;
use gangway_core::outcome::Answer;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::{Desk, HEDERA_ACCOUNT_ID, with_did};
use crate::providers::complaint::Refusal;
use crate::providers::guardian::error::{self, Body, body};
use crate::providers::parts::{given, id, text};
use crate::providers::said::in_cause;
use crate::providers::{Call, Far, Stop};

/// Carries out this action.
pub async fn call(desk: &Desk, call: &Call<'_>, far: &dyn Far) -> Result<Answer, Stop> {
    let task_id = id(call.input, "task_id");
    if given(call.input, "task_id").is_some() && task_id.is_none() {
        return Err(Stop::broken("task_id is not an id of this provider: only letters, digits, - and _"));
    }
    let session = match desk.log_in_user(call, far).await? {
        Ok(session) => session,
        Err(complaint) => return Ok(complaint.refused()),
    };
    let did = session.did.clone();
    let Some(task_id) = task_id else { return Ok(ready(did.as_deref(), &Value::Null)) };
    // The user's own token, which is used once and never kept.
    let access = desk.access(far, session).await?;
    let mut request = desk.get(&["tasks", task_id]);
    request.secret_headers.push(("authorization", SecretString::from(format!("Bearer {}", access.expose_secret()))));
    let reply = far.send(request).await?;
    if matches!(reply.status, 401 | 403) {
        return Err(Stop::Away(format!("the user's new token was not taken ({})", reply.status), None));
    }
    let task = match body(&reply) {
        Ok(Body::Object(task)) => task,
        Ok(Body::Empty) => return Ok(with_did("not_yet", None)),
        Err(Refusal::Complaint(status, complaint)) => {
            let code = in_cause(&complaint.code);
            let cause = format!("Guardian does not show the user's task ({status}{code}); check its version");
            return Err(Stop::Broken(cause));
        }
        Err(Refusal::Stop(stop)) => return Err(stop),
    };
    let Some(result) = task.get("result").filter(|result| result.is_object()) else {
        return Ok(with_did("not_yet", None));
    };
    if text(result, "username").is_some_and(|name| given(call.input, "username") != Some(&name)) {
        return Err(Stop::broken("the result of the task is about another user; look the account up at the registry"));
    }
    Ok(ready(error::did(result).or(did).as_deref(), result))
}

/// Ready with a DID; without one the profile is not finished.
fn ready(did: Option<&str>, result: &Value) -> Answer {
    let Some(did) = did else { return with_did("not_yet", None) };
    let mut answer = with_did("ready", Some(did));
    for (ours, theirs) in [("hedera_account_id", "hederaAccountId"), ("public_key", "publicKey")] {
        if let Some(value) = text(result, theirs) {
            if ours == "hedera_account_id" {
                answer.identifiers.push(Identifier::new(HEDERA_ACCOUNT_ID, value.as_str()));
            }
            answer.fields.insert(ours.to_owned(), value.into());
        }
    }
    answer
}
