//! `POST /consumer-onboarding/api/users`. Source: the given "create user" text; docs/providers/didx.md.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Map, Value, json};

use super::people::{Added, Person, Wish};
use super::{Didx, body, reply, token, traps};
use crate::door::pass::pass;
use crate::door::{About, Answer, Body};
use crate::mischief::Mishap;

const ACTION: &str = "create_user";

/// Creates a user, or finds the one that exists: both are 201.
pub(super) async fn create(didx: web::Data<Didx>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let object = body::object(&body);
    let wish = object.as_ref().map(wish).unwrap_or_default();
    let (name, words) = (wish.name(), wish.words());
    let has = |word: &str| words.contains(word);
    let trap = [
        (traps::LOST.word, Mishap::LostDone),
        (traps::UNDONE.word, Mishap::LostUndone),
        (traps::THROTTLED.word, Mishap::Throttle),
    ];
    let mut about = About::new(ACTION).email(wish.email.clone());
    about.external_id = name.clone();
    about.trap = trap.iter().find(|(word, _)| has(word)).map(|(_, kind)| (*kind, false));
    let trapped = name.as_deref().filter(|_| has(traps::TOKEN.word));
    let admitted = token::check(&didx, &request, ACTION, trapped);
    pass(didx, about, admitted, move |didx| make(didx, object, wish)).await
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

fn make(didx: &Arc<Didx>, object: Option<Map<String, Value>>, wish: Wish) -> Answer {
    let Some(object) = object else { return reply::invalid(didx, &[("body", "must be a JSON object")]) };
    let mut wrong = check(&object);
    let words = wish.words();
    let has = |word: &str| words.contains(word);
    if has(traps::REFUSED.word) {
        wrong.push(("email", "is not allowed for this partner"));
    }
    if !wrong.is_empty() {
        return reply::invalid(didx, &wrong);
    }
    if has(traps::FORBIDDEN.word) {
        return reply::error(didx, StatusCode::FORBIDDEN, "The partner may not make this account.");
    }
    if has(traps::CONFLICT.word) {
        return reply::error(didx, StatusCode::CONFLICT, "The username is already taken by a different email.");
    }
    if has(traps::HTML.word) && didx.stage.nth(&["didx html", &words]) == 1 {
        return reply::page(StatusCode::BAD_GATEWAY);
    }
    let people = &didx.people;
    if has(traps::EXISTS.word) {
        // Somebody made the account before us, with a password that is never known here.
        people.add(wish.clone());
    }
    match people.add(wish) {
        Added::New(person, password) => {
            didx.stage.secrets.note("didx_temp_password", &password);
            created(didx, &person, &password)
        }
        Added::Existing(person) => created(didx, &person, ""),
        Added::Conflict(detail) => reply::error(didx, StatusCode::CONFLICT, detail),
        Added::Full => reply::error(didx, StatusCode::SERVICE_UNAVAILABLE, "The sandbox is full."),
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
fn created(didx: &Didx, person: &Person, password: &str) -> Answer {
    let data = json!({ "email": person.email, "username": person.username, "tempPassword": password });
    let body = if didx.options.older_user_shape { data } else { json!({ "data": data }) };
    let mut answer = Answer::new(StatusCode::CREATED, Body::Json(body)).about_user(&person.username);
    answer.made = !password.is_empty();
    answer
}
