//! The shapes of Guardian's errors. A status and sentences enter; a body as documented leaves.
//! Source: docs/providers/guardian.md.

use actix_web::http::StatusCode;
use serde_json::{Value, json};

use crate::door::{Answer, Body, Provider};
use crate::world::World;

static CURRENT: Provider = Provider { name: "guardian", error: |status, text| current(status, json!(text)) };
static OLDER: Provider = Provider { name: "guardian", error: |status, text| older(status, json!(text)) };

/// Guardian, with the shape of errors that the options ask for.
pub(super) fn provider(world: &World) -> &'static Provider {
    if world.options.guardian.older_error_shape { &OLDER } else { &CURRENT }
}

/// An error with one sentence.
pub(super) fn error(world: &World, status: StatusCode, message: &str) -> Answer {
    (provider(world).error)(status, message)
}

/// 401, for a caller who is not known.
pub(super) fn unauthorized(world: &World) -> Answer {
    error(world, StatusCode::UNAUTHORIZED, "Unauthorized")
}

/// 422 with a list of sentences.
pub(super) fn unprocessable(world: &World, messages: &[String]) -> Answer {
    let shape = if world.options.guardian.older_error_shape { older } else { current };
    shape(StatusCode::UNPROCESSABLE_ENTITY, json!(messages))
}

/// A wrong body at the onboarding: 422 with a list as the source code has it, or 400 as the given text has it.
pub(super) fn invalid(world: &World, messages: &[String]) -> Answer {
    if world.options.guardian.given_statuses {
        return error(world, StatusCode::BAD_REQUEST, messages.first().map_or("Bad request", String::as_str));
    }
    unprocessable(world, messages)
}

fn current(status: StatusCode, message: Value) -> Answer {
    let error = status.canonical_reason().unwrap_or_default();
    Answer::new(status, Body::Json(json!({ "statusCode": status.as_u16(), "message": message, "error": error })))
}

fn older(status: StatusCode, message: Value) -> Answer {
    Answer::new(status, Body::Json(json!({ "code": status.as_u16(), "message": message })))
}
