//! The shapes of Guardian's errors. A status and sentences enter; a body as documented leaves.
//! Source: docs/providers/guardian.md.

use actix_web::http::StatusCode;
use serde_json::{Value, json};

use super::Guardian;
use crate::door::{Answer, Body};

/// An error with one sentence.
pub(super) fn error(guardian: &Guardian, status: StatusCode, message: &str) -> Answer {
    shaped(guardian, status, json!(message))
}

/// 401, for an unknown caller.
pub(super) fn unauthorized(guardian: &Guardian) -> Answer {
    error(guardian, StatusCode::UNAUTHORIZED, "Unauthorized")
}

/// 422 with a list of sentences.
pub(super) fn unprocessable(guardian: &Guardian, messages: &[String]) -> Answer {
    shaped(guardian, StatusCode::UNPROCESSABLE_ENTITY, json!(messages))
}

/// A wrong body at the onboarding: 422 with a list as the source code has it, or 400 as the given text has it.
pub(super) fn invalid(guardian: &Guardian, messages: &[String]) -> Answer {
    if guardian.options.given_statuses {
        return error(guardian, StatusCode::BAD_REQUEST, messages.first().map_or("Bad request", String::as_str));
    }
    unprocessable(guardian, messages)
}

/// In the shape that the options ask for.
fn shaped(guardian: &Guardian, status: StatusCode, message: Value) -> Answer {
    let code = status.as_u16();
    let body = if guardian.options.older_error_shape {
        json!({ "code": code, "message": message })
    } else {
        json!({ "statusCode": code, "message": message, "error": status.canonical_reason().unwrap_or_default() })
    };
    Answer::new(status, Body::Json(body))
}
