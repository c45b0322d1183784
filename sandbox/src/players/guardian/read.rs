//! `GET /tasks/onboard/{taskId}`, for anyone, and `GET /tasks/{taskId}`, for the owner. Source: the given "unified user
//! onboarding" text; docs/providers/guardian.md. An unknown task is 200 without a byte.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

use super::tasks::{self, Task};
use super::{Guardian, reply, session, traps};
use crate::door::pass::pass;
use crate::door::{About, Answer, Body};

/// How often the whole task is empty for its owner in the trap of that name.
const EMPTY_READS: u32 = 3;

fn about(guardian: &Guardian, action: &'static str, id: &str) -> About {
    let mut about = About::new(action);
    about.external_id = guardian.tasks.get(id).map(|task| task.username);
    about.user_uid = Some(id.to_owned());
    about
}

/// How a task stands; nothing secret.
pub(super) async fn status(guardian: web::Data<Guardian>, id: web::Path<String>) -> HttpResponse {
    let id = id.into_inner();
    let about = about(&guardian, "get_onboard_task", &id);
    pass(guardian, about, Ok(()), move |guardian| {
        let Some(task) = guardian.tasks.get(&id) else {
            return Answer::new(StatusCode::OK, Body::Empty);
        };
        if task.action != tasks::ACTION {
            return reply::unauthorized(guardian);
        }
        Answer::found(json!({
            "taskId": task.id,
            "action": task.action,
            "expectation": guardian.options.expectation,
            "completed": task.result.is_some(),
            "failed": task.error.is_some(),
            "error": error(&task),
        }))
    })
    .await
}

/// The whole task.
pub(super) async fn whole(guardian: web::Data<Guardian>, request: HttpRequest, id: web::Path<String>) -> HttpResponse {
    const ACTION: &str = "get_task";
    let id = id.into_inner();
    let about = about(&guardian, ACTION, &id);
    let name = about.external_id.clone();
    let trapped = name.as_deref().filter(|name| name.contains(traps::TOKEN.word));
    let caller = session::caller(&guardian, &request, ACTION, trapped);
    let admitted = if caller.is_some() { Ok(()) } else { Err(reply::unauthorized(&guardian)) };
    pass(guardian, about, admitted, move |guardian| {
        let caller = caller.map(|caller| caller.username);
        let task = guardian.tasks.get(&id).filter(|task| task.owner.is_some() && task.owner == caller);
        let Some(task) = task else { return Answer::new(StatusCode::OK, Body::Empty) };
        let ended_empty = task.result.is_some() && task.username.contains(traps::EMPTY.word);
        if ended_empty && guardian.stage.nth(&["guardian empty", &id]) <= EMPTY_READS {
            return Answer::new(StatusCode::OK, Body::Empty);
        }
        let owner = caller.and_then(|name| guardian.accounts.get(&name)).map(|account| account.id);
        let statuses: Vec<Value> =
            task.statuses.iter().map(|message| json!({ "message": message, "type": "SUCCESS" })).collect();
        Answer::found(json!({
            "action": task.action,
            "userId": owner,
            "expectation": guardian.options.expectation,
            "taskId": task.id,
            "date": task.date,
            "statuses": statuses,
            "result": task.result,
            "error": error(&task),
            "info": null,
        }))
    })
    .await
}

fn error(task: &Task) -> Value {
    task.error.map_or(Value::Null, |message| json!({ "message": message }))
}
