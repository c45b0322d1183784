//! `GET /tasks/onboard/{taskId}`: how far an onboarding task came. A poll; needs no token and tells nothing secret.

use gangway_core::outcome::Answer;
use serde_json::{Value, json};

use super::Desk;
use crate::providers::complaint::Refusal;
use crate::providers::guardian::error::{Body, body, holds};
use crate::providers::parts::{need_id, object, text};
use crate::providers::{Call, Far, Stop};

/// Carries out this action. One empty answer is not a lost task: a gateway may not have heard of it yet. How long it
/// must stay empty, the flow says.
pub async fn call(desk: &Desk, call: &Call<'_>, far: &dyn Far) -> Result<Answer, Stop> {
    let reply = far.send(desk.get(&["tasks", "onboard", need_id(call, "task_id")?])).await?;
    if reply.status == 401 {
        return Err(Stop::broken("the task is of another kind than onboarding (401); move the onboarding on by hand"));
    }
    let task = match body(&reply) {
        Ok(Body::Object(task)) => task,
        Ok(Body::Empty) => return Ok(Answer::named("empty")),
        Err(Refusal::Complaint(status, _)) => {
            return Err(Stop::Broken(format!(
                "Guardian does not show onboarding tasks ({status}); check providers.guardian.base_url and its version"
            )));
        }
        Err(Refusal::Stop(stop)) => return Err(stop),
    };
    let is = |name: &str| task.get(name) == Some(&Value::Bool(true));
    let error = task.get("error").filter(|error| !error.is_null());
    match () {
        // Both at once would be a contradiction; the login that follows a failure settles it.
        () if is("failed") => Ok(failed(desk, error)),
        // `done` is the word of an older page.
        () if is("completed") || is("done") => Ok(Answer::named("completed")),
        () if ["taskId", "completed", "failed", "steps", "done"].iter().any(|name| task.get(name).is_some()) => {
            Ok(Answer::named("running"))
        }
        () => Err(Stop::unclear("an answer that is not a task")),
    }
}

fn failed(desk: &Desk, error: Option<&Value>) -> Answer {
    const LONGEST: usize = 300;
    let message = match error {
        Some(Value::String(message)) => message.clone(),
        Some(error) => text(error, "message").unwrap_or_default(),
        None => String::new(),
    };
    let texts = &desk.settings.texts;
    let code = if holds(&message, &texts.taken) {
        "taken"
    } else if holds(&message, &texts.weak_password) {
        "weak_password"
    } else {
        "other"
    };
    let mut answer = Answer::named("failed");
    let reason: String = message.chars().take(LONGEST).collect();
    answer.fields = object(json!({"code": code, "reason": reason}));
    answer
}
