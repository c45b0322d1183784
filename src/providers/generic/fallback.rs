//! What an answer means of which a definition says nothing: the same as for every provider.

use gangway_core::outcome::AttemptResult;
use gangway_core::time::Timestamp;

use crate::providers::{Reply, Turn, wait};

/// The end of an attempt with this answer. `effectful`: the request may have changed something. `said`: the rule that
/// held, and why it could not be taken.
pub(super) fn end(name: &str, reply: &Reply, effectful: bool, said: Option<String>, now: Timestamp) -> Turn {
    let status = reply.status;
    let asked = wait::asked(&reply.headers, true, now);
    let again = |cause: String, spent| Turn::Ended(AttemptResult::Again { cause, retry_after: asked, spent });
    let unclear = |cause: String| {
        Turn::Ended(match effectful {
            true => AttemptResult::Unknown { cause },
            false => AttemptResult::Again { cause, retry_after: None, spent: true },
        })
    };
    if let Some(why) = said {
        return unclear(format!("{status}, {why}"));
    }
    match status {
        200..=299 => unclear(format!("{status} that no outcome of the definition fits")),
        300..=399 => Turn::Barred(format!("a redirect ({status}); check providers.{name}.base_url")),
        401 | 403 => Turn::Barred(format!("our credentials are refused ({status}); check providers.{name}.secrets")),
        429 => again("429, asks for fewer requests".to_owned(), false),
        408 | 425 => again(format!("{status}, not taken"), true),
        503 if asked.is_some() => again("503, asks to come again".to_owned(), true),
        500..=599 => unclear(format!("{status} without an explanation")),
        _ => Turn::Ended(AttemptResult::Broken {
            cause: format!("{status}, which no outcome of the definition fits; see its answers, then add one"),
        }),
    }
}
