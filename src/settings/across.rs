//! Values of different sections that must go together.

use gangway_core::time::Millis;
use toml::Table;

use super::kind::at;
use super::{Problem, length};

/// What a lease must leave beyond the longest request: time to write the outcome down.
pub(crate) const LEASE_MARGIN: Millis = Millis::secs(5);

/// What does not go together. Looks at the merged table, so that it speaks even when a section cannot be typed.
pub(crate) fn problems(table: &Table) -> Vec<Problem> {
    let length = |key: &str| at(table, key).and_then(|value| length::parse(value.as_str()?));
    let mut problems = Vec::new();
    let request = length("outbound.request_timeout").unwrap_or(Millis::secs(15));
    if let Some(lease) = length("engine.lease") {
        let least = Millis(request.0.saturating_add(LEASE_MARGIN.0));
        if lease < least {
            let what = format!("is {lease}, shorter than outbound.request_timeout ({request}) and {LEASE_MARGIN}");
            let hint = format!("take {least} or more; else a second process would send what the first is still sending");
            problems.push(Problem::new("engine.lease", what, hint));
        }
    }
    problems
}
