//! The shapes of Original's answers. A status, what it means and the data enter; a body as documented leaves.
//! Source: docs/providers/original.md, 5.3; the given "Create user" for the 201.

use actix_web::http::StatusCode;
use serde_json::{Value, json};

use crate::door::{Answer, Body};

fn answer(status: StatusCode, body: Value) -> Answer {
    Answer::new(status, Body::Json(body))
}

/// An error with one detail. A 5xx always says the same.
pub(super) fn error(status: StatusCode, message: &str) -> Answer {
    if status.is_server_error() { server_error(status) } else { one_detail(status, message) }
}

fn one_detail(status: StatusCode, message: &str) -> Answer {
    answer(status, body("client_error", one("client_error", message)))
}

/// 201 with the uid of what was made.
pub(super) fn created(uid: &str) -> Answer {
    Answer::made(StatusCode::CREATED, Body::Json(json!({ "success": true, "data": { "uid": uid } })))
}

/// 200 with what was asked for.
pub(super) fn found(data: Value) -> Answer {
    Answer::found(json!({ "success": true, "data": data }))
}

/// 200 although there is none. `success` is then false, as shown in the README of `getoriginal/original-js` ("Get a
/// user by email").
pub(super) fn nobody() -> Answer {
    Answer::found(json!({ "success": false, "data": null }))
}

/// 400 `client_error` with one detail.
pub(super) fn client_error(message: &str) -> Answer {
    one_detail(StatusCode::BAD_REQUEST, message)
}

/// A client error with the detail in a list of one: both forms are documented, so both are played.
pub(super) fn client_error_listed(message: &str) -> Answer {
    answer(StatusCode::BAD_REQUEST, body("client_error", json!([one("client_error", message)])))
}

/// 404 `client_error`.
pub(super) fn not_found(message: &str) -> Answer {
    one_detail(StatusCode::NOT_FOUND, message)
}

/// 400 `validation_error`: one wrong field as an object, several as a list.
pub(super) fn invalid(wrong: &[(String, &str)]) -> Answer {
    let mut details: Vec<Value> = wrong
        .iter()
        .map(|(field, message)| json!({ "code": "validation_error", "message": message, "field_name": field }))
        .collect();
    let detail = if details.len() == 1 { details.remove(0) } else { Value::Array(details) };
    answer(StatusCode::BAD_REQUEST, body("validation_error", detail))
}

/// 401. The shape of this body is not documented; the other errors' is taken.
pub(super) fn unauthorized(message: &str) -> Answer {
    one_detail(StatusCode::UNAUTHORIZED, message)
}

/// 429. Status and body are not documented.
pub(super) fn throttled() -> Answer {
    one_detail(StatusCode::TOO_MANY_REQUESTS, "Request was throttled.")
}

/// 5xx `server_error`.
pub(super) fn server_error(status: StatusCode) -> Answer {
    let message = status.canonical_reason().unwrap_or("Server error");
    answer(status, body("server_error", one("server_error", message)))
}

fn one(code: &str, message: &str) -> Value {
    json!({ "code": code, "message": message })
}

fn body(kind: &str, detail: Value) -> Value {
    json!({ "success": false, "error": { "type": kind, "detail": detail } })
}
