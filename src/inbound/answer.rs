//! How senders are answered: problem+json (RFC 9457), and `Retry-After` whenever something was not kept.
//! The one place to change when the shared catalogue of problems takes over.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::RETRY_AFTER;
use gangway_core::time::Millis;
use serde_json::{Value, json};

use crate::engine::{NotAccepted, Receipt};

/// When to come again while this process stops: another one, or the next one, answers then.
const AFTER_STOP: Millis = Millis::secs(2);

/// A problem. Title and detail are fixed texts or made of fixed texts: never what a sender wrote.
pub(crate) fn answer(status: StatusCode, title: &str, detail: &str) -> HttpResponse {
    let body = json!({ "type": "about:blank", "title": title, "status": status.as_u16(), "detail": detail });
    HttpResponse::build(status).content_type("application/problem+json").body(body.to_string())
}

/// 400: this cannot be read, and coming again with the same bytes will not help.
pub(crate) fn unreadable(detail: &str) -> HttpResponse {
    answer(StatusCode::BAD_REQUEST, "Not readable", detail)
}

/// 400: some events of a batch cannot be read, so none was taken. Each is named with its place and the reason.
pub(crate) fn bad_batch(errors: Vec<Value>) -> HttpResponse {
    let detail = "nothing of the batch was taken; mend or leave out these events";
    let body = json!({
        "type": "about:blank", "title": "Not readable", "status": 400, "detail": detail, "errors": errors
    });
    HttpResponse::BadRequest().content_type("application/problem+json").body(body.to_string())
}

/// 429 or 503: come again.
pub(crate) fn come_again(why: &NotAccepted) -> HttpResponse {
    let (status, title, after) = match why {
        NotAccepted::Full(after) => (StatusCode::TOO_MANY_REQUESTS, "Too many at once", *after),
        NotAccepted::Away(after) => (StatusCode::SERVICE_UNAVAILABLE, "Cannot be stored now", *after),
        NotAccepted::Stopping => (StatusCode::SERVICE_UNAVAILABLE, "Stopping", AFTER_STOP),
    };
    let mut response = answer(status, title, "not all of it is kept; send it again, what is kept is known by its id");
    response.headers_mut().insert(RETRY_AFTER, after.0.div_ceil(1000).max(1).into());
    response
}

/// The word that metrics count an accepted event under.
pub(crate) const fn word(receipt: &Receipt) -> &'static str {
    if receipt.copy { "copy" } else { receipt.verdict.word() }
}

/// Counts one event, or one delivery that did not become one.
pub(crate) fn count(source: &str, verdict: &'static str) {
    metrics::counter!("gangway_intake_total", "source" => source.to_owned(), "verdict" => verdict).increment(1);
}
