//! How senders are answered: problem+json from the closed catalogue, and `Retry-After` whenever something was not kept.

use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpResponse, ResponseError};
use gangway_core::time::Millis;
use serde_json::{Value, json};

use crate::engine::{NotAccepted, Receipt};
use crate::problem::{CONTENT, Problem, ProblemType};

/// When to try again while this process stops: another one, or the next one, answers then.
const AFTER_STOP: Millis = Millis::secs(2);

/// A problem. The detail is a fixed text or made of fixed texts: never what a sender wrote.
pub(crate) fn answer(kind: ProblemType, detail: &str) -> HttpResponse {
    Problem::new(kind, detail).response()
}

/// 400: this cannot be read, and coming again with the same bytes will not help.
pub(crate) fn unreadable(detail: &str) -> HttpResponse {
    answer(ProblemType::Unreadable, detail)
}

/// 400: some events of a batch cannot be read, so none was taken. Each is named with its place and the reason.
pub(crate) fn bad_batch(errors: Vec<Value>) -> HttpResponse {
    let problem =
        Problem::new(ProblemType::Unreadable, "nothing of the batch was taken; mend or leave out these events");
    let body = json!({
        "type": problem.kind.urn(), "title": problem.kind.title(), "status": problem.kind.status(),
        "detail": problem.detail, "errors": errors,
    });
    HttpResponse::build(problem.status_code()).insert_header((CONTENT_TYPE, CONTENT)).body(body.to_string())
}

/// 429 or 503: try again.
pub(crate) fn come_again(why: &NotAccepted) -> HttpResponse {
    let (kind, after) = match why {
        NotAccepted::Full(after) => (ProblemType::Busy, *after),
        NotAccepted::Away(after) | NotAccepted::Later(after) => (ProblemType::Unavailable, *after),
        NotAccepted::Stopping => (ProblemType::Unavailable, AFTER_STOP),
    };
    let detail = "not all of it is kept; send it again, what is kept is known by its id";
    Problem::new(kind, detail).come_again(after).response()
}

/// The word that metrics count an accepted event under.
pub(crate) const fn word(receipt: &Receipt) -> &'static str {
    if receipt.copy { "copy" } else { receipt.verdict.word() }
}

/// Counts one event, or one delivery that did not become one.
pub(crate) fn count(source: &str, verdict: &'static str) {
    metrics::counter!("gangway_intake_total", "source" => source.to_owned(), "verdict" => verdict).increment(1);
}
