//! The shapes of DIDx's answers. A status and what it says enter; a body as documented leaves.
//! Source: docs/providers/didx.md (error bodies: the current JSON:API shape and the older page's).

use actix_web::http::StatusCode;
use serde_json::{Value, json};

use super::Didx;
use crate::door::{Answer, Body};

/// An error that belongs to no field, in the shape that the options ask for.
pub(super) fn error(didx: &Didx, status: StatusCode, detail: &str) -> Answer {
    if didx.options.older_error_shape { older(status, detail) } else { current(status, detail) }
}

/// 401, with the one sentence for a token that is missing, unknown or over.
pub(super) fn unauthorized(didx: &Didx) -> Answer {
    error(didx, StatusCode::UNAUTHORIZED, "The access token is missing, invalid or expired.")
}

/// 400, with each wrong field and what is wrong with it.
pub(super) fn invalid(didx: &Didx, wrong: &[(&'static str, &'static str)]) -> Answer {
    let status = StatusCode::BAD_REQUEST;
    if didx.options.older_error_shape {
        let (field, issue) = wrong.first().copied().unwrap_or(("body", "is not valid"));
        let details = json!({ "field": field, "issue": issue });
        let body = json!({ "error": "VALIDATION_ERROR", "message": "Validation failed", "details": details });
        return Answer::new(status, Body::Json(body));
    }
    let errors = wrong.iter().map(|(field, issue)| {
        let mut one = one(status, "VALIDATION_ERROR", "Validation failed", &format!("{field} {issue}"));
        if let Value::Object(one) = &mut one {
            one.insert("source".to_owned(), json!({ "pointer": format!("/{field}") }));
        }
        one
    });
    Answer::new(status, Body::Json(json!({ "errors": errors.collect::<Vec<_>>() })))
}

/// A gateway's page, in front of the API.
pub(super) fn page(status: StatusCode) -> Answer {
    let text = status.to_string();
    let page = format!("<html><head><title>{text}</title></head><body><h1>{text}</h1></body></html>\n");
    Answer::new(status, Body::Html(page))
}

fn current(status: StatusCode, detail: &str) -> Answer {
    let title = status.canonical_reason().unwrap_or_default();
    Answer::new(status, Body::Json(json!({ "errors": [one(status, &code(status), title, detail)] })))
}

fn older(status: StatusCode, detail: &str) -> Answer {
    Answer::new(status, Body::Json(json!({ "error": code(status), "message": detail })))
}

/// The status is a text here, as in every JSON:API error.
fn one(status: StatusCode, code: &str, title: &str, detail: &str) -> Value {
    json!({ "status": status.as_str(), "code": code, "title": title, "detail": detail })
}

/// Only `VALIDATION_ERROR` is documented; the others follow its example with their status.
fn code(status: StatusCode) -> String {
    status.canonical_reason().unwrap_or_default().to_uppercase().replace(' ', "_")
}
