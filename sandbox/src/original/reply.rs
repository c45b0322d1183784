//! The answers' shapes. A status, what it means and the data enter; a body as documented leaves.
//! Source: docs/providers/original.md, 5.3; the given "Create user" for the 201.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde_json::{Value, json};

/// What a call leads to, before mischief decides whether the caller hears of it.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Value,
    /// The user the call turned out to be about.
    pub(crate) user_uid: Option<String>,
    /// The asset the call turned out to be about.
    pub(crate) asset_uid: Option<String>,
    /// Whether something was made.
    pub(crate) made: bool,
}

impl Answer {
    fn new(status: StatusCode, body: Value) -> Self {
        Self { status, body, user_uid: None, asset_uid: None, made: false }
    }

    /// 201 with the uid of what was made.
    pub(crate) fn created(uid: &str) -> Self {
        let body = json!({ "success": true, "data": { "uid": uid } });
        Self { made: true, ..Self::new(StatusCode::CREATED, body) }
    }

    /// 200 with what was asked for.
    pub(crate) fn found(data: Value) -> Self {
        Self::new(StatusCode::OK, json!({ "success": true, "data": data }))
    }

    /// 200 although there is none. That `success` is false then is shown in the README of `getoriginal/original-js`
    /// ("Get a user by email").
    pub(crate) fn nobody() -> Self {
        Self::new(StatusCode::OK, json!({ "success": false, "data": null }))
    }

    /// 400 `client_error` with one detail.
    pub(crate) fn client_error(message: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error("client_error", one("client_error", message)))
    }

    /// The same with the detail in a list of one: both forms are documented, so both are played.
    pub(crate) fn client_error_listed(message: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error("client_error", json!([one("client_error", message)])))
    }

    /// 404 `client_error`.
    pub(crate) fn not_found(message: &str) -> Self {
        Self { status: StatusCode::NOT_FOUND, ..Self::client_error(message) }
    }

    /// 400 `validation_error`: one wrong field as an object, several as a list.
    pub(crate) fn invalid(wrong: &[(String, &str)]) -> Self {
        let mut details: Vec<Value> = wrong
            .iter()
            .map(|(field, message)| json!({ "code": "validation_error", "message": message, "field_name": field }))
            .collect();
        let detail = if details.len() == 1 { details.remove(0) } else { Value::Array(details) };
        Self::new(StatusCode::BAD_REQUEST, error("validation_error", detail))
    }

    /// 401. The shape of this body is not documented; the other errors' is taken.
    pub(crate) fn unauthorized(message: &str) -> Self {
        Self { status: StatusCode::UNAUTHORIZED, ..Self::client_error(message) }
    }

    /// 429. Status and body are not documented.
    pub(crate) fn throttled() -> Self {
        Self { status: StatusCode::TOO_MANY_REQUESTS, ..Self::client_error("Request was throttled.") }
    }

    /// 5xx `server_error`.
    pub(crate) fn server_error(status: StatusCode) -> Self {
        let message = status.canonical_reason().unwrap_or("Server error");
        Self::new(status, error("server_error", one("server_error", message)))
    }

    pub(crate) fn about_user(self, uid: &str) -> Self {
        Self { user_uid: Some(uid.to_owned()), ..self }
    }

    pub(crate) fn about_asset(self, uid: &str) -> Self {
        Self { asset_uid: Some(uid.to_owned()), ..self }
    }

    pub(crate) fn response(&self) -> HttpResponse {
        HttpResponse::build(self.status).json(&self.body)
    }
}

fn one(code: &str, message: &str) -> Value {
    json!({ "code": code, "message": message })
}

fn error(kind: &str, detail: Value) -> Value {
    json!({ "success": false, "error": { "type": kind, "detail": detail } })
}
