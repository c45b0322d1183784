//! `POST /accounts/push/onboard`. Source: the given "unified user onboarding" text; docs/providers/guardian.md.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Map, Value, json};

use super::accounts::{Account, REGISTRY, USER};
use super::{reply, session, tasks, wish};
use crate::door::pass::pass;
use crate::door::{About, Answer, Body};
use crate::mischief::Kind;
use crate::traps::guardian as traps;
use crate::world::World;

const ACTION: &str = "onboard";

/// Starts an onboarding.
pub(super) async fn push(world: web::Data<World>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let object: Map<String, Value> = serde_json::from_slice(&body).unwrap_or_default();
    let username = object.get("username").and_then(Value::as_str).map(str::to_owned);
    let has = |word: &str| username.as_deref().is_some_and(|name| name.contains(word));
    let trap = [(traps::REPLY_LOST, Kind::LostDone), (traps::REPLY_UNDONE, Kind::LostUndone)];
    let mut about = About::new(reply::provider(&world), ACTION);
    about.external_id.clone_from(&username);
    about.trap = trap.iter().find(|(word, _)| has(word)).map(|(_, kind)| (*kind, false));
    let trapped = username.as_deref().filter(|_| has(traps::TOKEN));
    let caller = session::caller(&world, &request, ACTION, trapped);
    let is_known = caller.is_some() || world.options.guardian.demo;
    let admitted = if is_known { Ok(()) } else { Err(reply::unauthorized(&world)) };
    pass(world, about, admitted, move |world| make(world, &object, caller)).await
}

fn make(world: &Arc<World>, object: &Map<String, Value>, caller: Option<Account>) -> Answer {
    let options = &world.options.guardian;
    let accounts = &world.guardian.accounts;
    if !options.demo && caller.as_ref().is_none_or(|caller| caller.role != REGISTRY) {
        return reply::error(world, StatusCode::FORBIDDEN, "Forbidden resource");
    }
    wish::note_secrets(world, object);
    if wish::lacks_key(object) {
        return reply::unprocessable(world, &["hederaAccountKey is required with hederaAccountId".to_owned()]);
    }
    let wish = match wish::read(object) {
        Ok(wish) => wish,
        Err(messages) => return reply::invalid(world, &messages),
    };
    let parent = wish.parent.as_deref().and_then(|parent| accounts.get(parent));
    if wish.role == USER && parent.is_none_or(|parent| parent.role != REGISTRY) {
        return reply::error(world, StatusCode::BAD_REQUEST, "The parent is not a Standard Registry.");
    }
    if wish.username.contains(traps::TAKEN) {
        accounts.put_foreign(&wish.username, &tasks::foreign_password(world, &wish.username), &wish.role);
    }
    if accounts.get(&wish.username).is_some() {
        return reply::error(world, StatusCode::CONFLICT, "An account with the same name is already taken.");
    }
    if world.guardian.tasks.count().0 >= world.options.limits.records as u64 {
        return reply::error(world, StatusCode::SERVICE_UNAVAILABLE, "The sandbox is full.");
    }
    let user_id = caller.as_ref().map(|caller| caller.id.clone());
    let task = tasks::start(world, wish, caller.map(|caller| caller.username));
    let body = json!({
        "taskId": task, "expectation": options.expectation, "action": tasks::ACTION, "userId": user_id,
    });
    Answer::made(StatusCode::ACCEPTED, Body::Json(body)).about_user(&task)
}
