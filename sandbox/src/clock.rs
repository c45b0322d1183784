//! The one place of the sandbox that asks what time it is. Times leave as timestamps in answers and lists;
//! no decision is ever taken from them, except whether a caller's token has run out and which rate window it is.

use chrono::{DateTime, SecondsFormat, Utc};

/// The current time, to the microsecond, as Original prints it.
#[expect(clippy::disallowed_methods, reason = "the sandbox stands outside gangway; this is its one clock")]
pub(crate) fn now() -> DateTime<Utc> {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let micros = i64::try_from(since.as_micros()).unwrap_or(i64::MAX);
    DateTime::from_timestamp_micros(micros).unwrap_or_default()
}

/// `2024-02-26T13:12:31.798296Z`, the form of `created_at` in the public SDK's README.
pub(crate) fn print(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}
