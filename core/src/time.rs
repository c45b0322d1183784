//! Points in time and lengths of time, as plain numbers. A clock is never read here: time is an input.

use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

/// A point in time: milliseconds since 1970-01-01T00:00:00Z. Shown as RFC 3339 in UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

/// A length of time in milliseconds, never negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Millis(pub u64);

impl Timestamp {
    /// The time `by` later; stays at the end of time rather than overflow.
    #[must_use]
    pub fn plus(self, by: Millis) -> Self {
        Self(self.0.saturating_add(i64::try_from(by.0).unwrap_or(i64::MAX)))
    }

    /// How long after `earlier` this is; zero when it is not after it.
    #[must_use]
    pub fn since(self, earlier: Self) -> Millis {
        Millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// Reads RFC 3339 (`2026-11-22T10:00:00Z`, any offset); `None` when the text is not that.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        DateTime::parse_from_rfc3339(text).ok().map(|time| Self(time.timestamp_millis()))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match DateTime::<Utc>::from_timestamp_millis(self.0) {
            Some(time) => f.write_str(&time.to_rfc3339_opts(SecondsFormat::Millis, true)),
            None => write!(f, "{} ms", self.0),
        }
    }
}

impl Millis {
    /// `n` seconds.
    #[must_use]
    pub const fn secs(n: u64) -> Self {
        Self(n.saturating_mul(1000))
    }

    /// Reads `500ms`, `15s`, `5m`, `24h`, `30d`: a whole number and its unit. None for anything else, and for what is
    /// too long to count.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at_checked(digits)?;
        let (size, _) = UNITS.into_iter().find(|(_, name)| *name == unit)?;
        number.parse::<u64>().ok()?.checked_mul(size).map(Self)
    }
}

/// The units of a length of time, longest first.
const UNITS: [(u64, &str); 5] = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1000, "s"), (1, "ms")];

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fitting = UNITS.into_iter().find(|(size, _)| self.0 >= *size && self.0.is_multiple_of(*size));
        let (size, name) = fitting.unwrap_or((1, "ms"));
        write!(f, "{}{name}", self.0 / size)
    }
}

#[cfg(test)]
mod tests {
    use super::{Millis, Timestamp};

    #[test]
    fn a_timestamp_survives_being_written_and_read() {
        let time = Timestamp::parse("2026-11-22T10:00:00.250+01:00").unwrap();
        assert_eq!(time.to_string(), "2026-11-22T09:00:00.250Z");
        assert_eq!(Timestamp::parse(&time.to_string()), Some(time));
    }

    #[test]
    fn time_never_overflows_and_never_runs_backwards() {
        assert_eq!(Timestamp(i64::MAX).plus(Millis(u64::MAX)), Timestamp(i64::MAX));
        assert_eq!(Timestamp(5).since(Timestamp(9)), Millis(0));
    }

    #[test]
    fn a_length_is_shown_in_its_largest_whole_unit() {
        let shown: Vec<String> = [86_400_000, 90_000, 60_000, 1500].map(|ms| Millis(ms).to_string()).into();
        assert_eq!(shown, ["1d", "90s", "1m", "1500ms"]);
    }
}
