//! `POST /consumer-onboarding/api/users`. Source: the given "create user" text; docs/providers/didx.md.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Map, Value, json};

use super::people::{Added, Person, Wish};
use super::{body, reply, token};
use crate::door::pass::pass;
use crate::door::{About, Answer, Body, nth};
use crate::mischief::Kind;
use crate::traps::didx as traps;
use crate::world::World;

const ACTION: &str = "create_user";

/// Creates a user, or finds the one that exists: both are 201.
pub(super) async fn create(world: web::Data<World>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let object = body::object(&body);
    let wish = object.as_ref().map(wish).unwrap_or_default();
    let (name, words) = (wish.name(), wish.words());
    let has = |word: &str| words.contains(word);
    let trap = [(traps::LOST, Kind::LostDone), (traps::UNDONE, Kind::LostUndone), (traps::THROTTLED, Kind::Throttle)];
    let mut about = About::new(reply::provider(&world), ACTION).email(wish.email.clone());
    about.external_id = name.clone();
    about.trap = trap.iter().find(|(word, _)| has(word)).map(|(_, kind)| (*kind, false));
    let trapped = name.as_deref().filter(|_| has(traps::TOKEN));
    let admitted = token::check(&world, &request, ACTION, trapped);
    pass(world, about, admitted, move |world| make(world, object, wish)).await
}

fn wish(object: &Map<String, Value>) -> Wish {
    let text = |name: &str| object.get(name).and_then(Value::as_str).map(str::to_owned);
    Wish {
        email: text("email"),
        username: text("username"),
        first_name: text("firstName"),
        last_name: text("lastName"),
        external_id: text("externalIdentifier"),
    }
}

fn make(world: &Arc<World>, object: Option<Map<String, Value>>, wish: Wish) -> Answer {
    let Some(object) = object else { return reply::invalid(world, &[("body", "must be a JSON object")]) };
    let mut wrong = check(&object);
    let words = wish.words();
    let has = |word: &str| words.contains(word);
    if has(traps::REFUSED) {
        wrong.push(("email", "is not allowed for this partner"));
    }
    if !wrong.is_empty() {
        return reply::invalid(world, &wrong);
    }
    if has(traps::CONFLICT) {
        return reply::error(world, StatusCode::CONFLICT, "The username is already taken by a different email.");
    }
    if has(traps::HTML) && nth(world, &["didx html", &words]) == 1 {
        return reply::page(StatusCode::BAD_GATEWAY);
    }
    let people = &world.didx.people;
    if has(traps::EXISTS) {
        // Somebody made the account before us; nobody here hears of that password.
        people.add(wish.clone());
    }
    match people.add(wish) {
        Added::New(person, password) => {
            world.secrets.note("didx_temp_password", &password);
            created(world, &person, &password)
        }
        Added::Existing(person) => created(world, &person, ""),
        Added::Conflict(detail) => reply::error(world, StatusCode::CONFLICT, detail),
        Added::Full => reply::error(world, StatusCode::SERVICE_UNAVAILABLE, "The sandbox is full."),
    }
}

/// Each wrong field: what is not a text, not an address, or has signs that a user name may not have.
fn check(object: &Map<String, Value>) -> Vec<(&'static str, &'static str)> {
    let mut wrong = Vec::new();
    let present = |name: &str| object.get(name).filter(|value| !value.is_null());
    for name in ["email", "username", "firstName", "lastName", "externalIdentifier"] {
        if present(name).is_some_and(|value| !value.is_string()) {
            wrong.push((name, "must be a string"));
        }
    }
    if present("email").is_none() && present("username").is_none() {
        wrong.push(("email", "is required when there is no username"));
    }
    if present("email").and_then(Value::as_str).is_some_and(|email| !is_email(email)) {
        wrong.push(("email", "must be an email"));
    }
    if present("username").and_then(Value::as_str).is_some_and(|name| !is_username(name)) {
        wrong.push(("username", "may have letters, digits, '.', '-' and '_' only"));
    }
    wrong
}

fn is_email(text: &str) -> bool {
    let parts = text.split_once('@');
    let no_space = !text.chars().any(|c| c.is_whitespace() || c.is_control());
    no_space && parts.is_some_and(|(local, host)| !local.is_empty() && !host.is_empty() && !host.contains('@'))
}

fn is_username(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
}

/// 201, for a new and for an existing user; only the password tells which.
fn created(world: &World, person: &Person, password: &str) -> Answer {
    let data = json!({ "email": person.email, "username": person.username, "tempPassword": password });
    let body = if world.options.didx.older_user_shape { data } else { json!({ "data": data }) };
    let mut answer = Answer::new(StatusCode::CREATED, Body::Json(body)).about_user(&person.username);
    answer.made = !password.is_empty();
    answer
}
