//! What an answer means when a definition says nothing of it: the same as for every provider.

use crate::providers::{Reply, Stop};

/// Why there is no outcome with this answer. `said`: the rule that held, and why it could not be taken.
pub(super) fn stop(name: &str, reply: &Reply, said: Option<String>) -> Stop {
    let status = reply.status;
    if let Some(why) = said {
        return Stop::Unclear(format!("{status}, {why}"));
    }
    match status {
        200..=299 => Stop::Unclear(format!("{status} that no outcome of the definition fits")),
        300..=399 => Stop::Barred(format!("a redirect ({status}); check providers.{name}.base_url")),
        401 => Stop::Barred(format!("our credentials are refused ({status}); check providers.{name}.secrets")),
        403 => Stop::denied("the provider", &format!("providers.{name}.secrets")),
        429 => Stop::Later("429, asks for fewer requests".to_owned(), reply.asked()),
        408 | 425 => Stop::Away(format!("{status}, not taken"), reply.asked()),
        503 if reply.asked().is_some() => Stop::shut(reply.asked()),
        500..=599 => Stop::Unclear(format!("{status} without an explanation")),
        _ => Stop::Broken(format!("{status}, which no outcome of the definition fits; see its answers, then add one")),
    }
}
