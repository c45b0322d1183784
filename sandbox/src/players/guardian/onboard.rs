//! `POST /accounts/push/onboard`. Source: the given "unified user onboarding" text; docs/providers/guardian.md.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Map, Value, json};

use super::accounts::{Account, REGISTRY, USER};
use super::{Guardian, reply, session, tasks, traps, wish};
use crate::door::pass::pass;
use crate::door::{About, Answer, Body};
use crate::mischief::Mishap;

const ACTION: &str = "onboard";

/// Starts an onboarding.
pub(super) async fn push(guardian: web::Data<Guardian>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let object: Map<String, Value> = serde_json::from_slice(&body).unwrap_or_default();
    let username = object.get("username").and_then(Value::as_str).map(str::to_owned);
    let has = |word: &str| username.as_deref().is_some_and(|name| name.contains(word));
    let trap = [(traps::REPLY_LOST.word, Mishap::LostDone), (traps::REPLY_UNDONE.word, Mishap::LostUndone)];
    let mut about = About::new(ACTION);
    about.external_id.clone_from(&username);
    about.trap = trap.iter().find(|(word, _)| has(word)).map(|(_, kind)| (*kind, false));
    let trapped = username.as_deref().filter(|_| has(traps::TOKEN.word));
    let caller = session::caller(&guardian, &request, ACTION, trapped);
    let is_known = caller.is_some() || guardian.options.demo;
    let admitted = if is_known { Ok(()) } else { Err(reply::unauthorized(&guardian)) };
    pass(guardian, about, admitted, move |guardian| make(guardian, &object, caller)).await
}

fn make(guardian: &Arc<Guardian>, object: &Map<String, Value>, caller: Option<Account>) -> Answer {
    let options = &guardian.options;
    let accounts = &guardian.accounts;
    if !options.demo && caller.as_ref().is_none_or(|caller| caller.role != REGISTRY) {
        return reply::error(guardian, StatusCode::FORBIDDEN, "Forbidden resource");
    }
    wish::note_secrets(guardian, object);
    if wish::lacks_key(object) {
        return reply::unprocessable(guardian, &["hederaAccountKey is required with hederaAccountId".to_owned()]);
    }
    let wish = match wish::read(object) {
        Ok(wish) => wish,
        Err(messages) => return reply::invalid(guardian, &messages),
    };
    let parent = wish.parent.as_deref().and_then(|parent| accounts.get(parent));
    if wish.role == USER && parent.is_none_or(|parent| parent.role != REGISTRY) {
        return reply::error(guardian, StatusCode::BAD_REQUEST, "The parent is not a Standard Registry.");
    }
    let has = |word: &str| wish.username.contains(word);
    if has(traps::FORBIDDEN.word) {
        return reply::error(guardian, StatusCode::FORBIDDEN, "Forbidden resource");
    }
    if has(traps::NO_PARENT.word) {
        return reply::error(guardian, StatusCode::BAD_REQUEST, "The parent is not found.");
    }
    if has(traps::TAKEN_500.word) {
        accounts.put_foreign(&wish.username, &tasks::foreign_password(guardian, &wish.username), &wish.role);
        let text = "An account with the same name already exists.";
        return reply::error(guardian, StatusCode::INTERNAL_SERVER_ERROR, text);
    }
    if has(traps::TAKEN.word) {
        accounts.put_foreign(&wish.username, &tasks::foreign_password(guardian, &wish.username), &wish.role);
    }
    if accounts.get(&wish.username).is_some() {
        return reply::error(guardian, StatusCode::CONFLICT, "An account with the same name is already taken.");
    }
    if guardian.tasks.count().0 >= guardian.stage.limits.records as u64 {
        return reply::error(guardian, StatusCode::SERVICE_UNAVAILABLE, "The sandbox is full.");
    }
    let user_id = caller.as_ref().map(|caller| caller.id.clone());
    let task = tasks::start(guardian, wish, caller.map(|caller| caller.username));
    let body = json!({
        "taskId": task, "expectation": options.expectation, "action": tasks::ACTION, "userId": user_id,
    });
    Answer::made(StatusCode::ACCEPTED, Body::Json(body)).about_user(&task)
}
