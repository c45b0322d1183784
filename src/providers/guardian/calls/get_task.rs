//! `GET /tasks/onboard/{taskId}`: how far an onboarding task came. A poll; needs no token and tells nothing secret.

use gangway_core::outcome::Answer;

use super::Desk;
use crate::providers::complaint::{Complaint, Refusal};
use crate::providers::guardian::error::{Body, body, holds, is_true};
use crate::providers::parts::{need_id, text};
use crate::providers::said::{self, NO_REASON, in_cause};
use crate::providers::{Call, Far, Stop};

/// Carries out this action. One empty answer is not a lost task: a gateway may not have heard of it yet. How long it
/// must stay empty, the flow says.
pub async fn call(desk: &Desk, call: &Call<'_>, far: &dyn Far) -> Result<Answer, Stop> {
    let task_id = need_id(call, "task_id")?;
    let reply = far.send(desk.get(&["tasks", "onboard", task_id])).await?;
    match reply.status {
        401 => {
            let cause = "the task is of another kind than onboarding (401); move the onboarding on by hand";
            return Err(Stop::broken(cause));
        }
        // No credentials of ours go along.
        403 => return Err(Stop::denied("Guardian", "providers.guardian.base_url and what stands before it")),
        _ => {}
    }
    let task = match body(&reply) {
        Ok(Body::Object(task)) => task,
        Ok(Body::Empty) => return Ok(Answer::named("empty")),
        Err(Refusal::Complaint(status, complaint)) => {
            return Err(Stop::Broken(format!(
                "Guardian does not show the task ({status}{}); check providers.guardian.base_url and its version",
                in_cause(&complaint.code)
            )));
        }
        Err(Refusal::Stop(stop)) => return Err(stop),
    };
    if text(&task, "taskId").is_some_and(|id| id != task_id) {
        return Err(Stop::unclear("an answer about another task than the one that was asked for"));
    }
    let is = |name: &str| is_true(&task, name);
    let error = task.get("error").and_then(said::words);
    match () {
        // Both at once would be a contradiction; the login that follows a failure settles it.
        () if is("failed") || error.is_some() => Ok(failed(desk, error)),
        // `done` is the word of an older page.
        () if is("completed") || is("done") => Ok(Answer::named("completed")),
        () if ["taskId", "completed", "failed", "steps", "done"].iter().any(|name| task.get(name).is_some()) => {
            Ok(Answer::named("running"))
        }
        () => Err(Stop::unclear("an answer that is not a task")),
    }
}

fn failed(desk: &Desk, error: Option<String>) -> Answer {
    let message = error.unwrap_or_default();
    let texts = &desk.settings.texts;
    let code = if holds(&message, &texts.taken) {
        "taken"
    } else if holds(&message, &texts.weak_password) {
        "weak_password"
    } else {
        "other"
    };
    let reason = if message.is_empty() { NO_REASON.to_owned() } else { message };
    Complaint { code: code.to_owned(), reason }.outcome("failed")
}
