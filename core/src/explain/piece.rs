//! Sentences in pieces, so that one source makes text, JSON and pages: a page lets times tick and hides what a reader
//! may not see. Values enter, words leave. No clock: now is an input.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::event::OnboardingId;
use crate::time::{Millis, Timestamp};

/// A part of a sentence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Piece {
    /// Words without personal data.
    Text(String),
    /// A length of time: `1 min 41 s`.
    For(Millis),
    /// A point in time: `08:09:47`, with the date when that is another day.
    At(Timestamp),
    /// How long ago: `3 min ago`.
    Ago(Timestamp),
    /// How soon: `in 45 s`.
    Until(Timestamp),
    /// An e-mail address: shown whole only to those who may see it.
    Address(String),
    /// A far end's own words, which may repeat personal data.
    Quote(String),
    /// An identifier of the person at a provider, or in the internal systems.
    Id(String),
    /// An event of the journal, by its number.
    Event(i64),
    /// Another onboarding.
    Onboarding(OnboardingId),
}

impl From<&str> for Piece {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Piece {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// What stands for what a reader may not see.
pub const HIDDEN: &str = "•••";

impl Piece {
    /// In words, for a reader who may see everything.
    #[must_use]
    pub fn text(&self, now: Timestamp) -> String {
        match self {
            Self::Text(text) | Self::Address(text) | Self::Id(text) => text.clone(),
            Self::Quote(words) => format!("\u{201c}{words}\u{201d}"),
            Self::For(length) => span(*length),
            Self::At(at) => clock(*at, now),
            Self::Ago(at) => format!("{} ago", span(now.since(*at))),
            Self::Until(at) if *at <= now => "now".to_owned(),
            Self::Until(at) => format!("in {}", span(at.since(now))),
            Self::Event(seq) => seq.to_string(),
            Self::Onboarding(id) => id.to_string(),
        }
    }

    /// In words, for a reader who sees no personal data.
    #[must_use]
    pub fn masked(&self, now: Timestamp) -> String {
        match self {
            Self::Address(address) => masked_address(address),
            Self::Id(id) if id.contains('@') => masked_address(id),
            Self::Quote(_) => format!("\u{201c}{HIDDEN}\u{201d}"),
            _ => self.text(now),
        }
    }
}

/// An address of which only the first letter and the domain are shown: `u•••@example.org`.
#[must_use]
pub fn masked_address(address: &str) -> String {
    match address.rsplit_once('@') {
        Some((local, domain)) => {
            let first: String = local.chars().take(1).collect();
            format!("{first}{HIDDEN}@{domain}")
        }
        None => HIDDEN.to_owned(),
    }
}

const UNITS: [(u64, &str); 4] = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1000, "s")];

/// A length of time for people, in at most two units: `102 ms`, `0.7 s`, `45 s`, `3 min 40 s`, `2 d 4 h`.
#[must_use]
pub fn span(length: Millis) -> String {
    let ms = length.0;
    if ms < 1000 {
        return match ms {
            0 => "0 s".to_owned(),
            _ if ms.is_multiple_of(100) => format!("0.{} s", ms / 100),
            _ => format!("{ms} ms"),
        };
    }
    let place = UNITS.iter().position(|(size, _)| ms >= *size).unwrap_or(UNITS.len() - 1);
    let mut rest = ms;
    let parts: Vec<String> = UNITS
        .iter()
        .skip(place)
        .take(2)
        .filter_map(|(size, name)| {
            let count = rest / size;
            rest %= size;
            (count > 0).then(|| format!("{count} {name}"))
        })
        .collect();
    parts.join(" ")
}

/// The time of day in UTC, with the date when that is another day.
#[must_use]
pub fn clock(at: Timestamp, now: Timestamp) -> String {
    let time = |at: Timestamp| DateTime::<Utc>::from_timestamp_millis(at.0);
    match (time(at), time(now)) {
        (Some(at), Some(now)) if at.date_naive() == now.date_naive() => at.format("%H:%M:%S").to_string(),
        (Some(at), _) => at.format("%Y-%m-%d %H:%M:%S").to_string(),
        (None, _) => at.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Piece, clock, span};
    use crate::time::{Millis, Timestamp};

    #[test]
    fn a_length_is_told_in_at_most_two_units() {
        let told = [0, 102, 700, 45_000, 101_000, 60_000, 220_000, 11_100_000, 90_000_000, 9_000_000_000];
        let want = [
            "0 s",
            "102 ms",
            "0.7 s",
            "45 s",
            "1 min 41 s",
            "1 min",
            "3 min 40 s",
            "3 h 5 min",
            "1 d 1 h",
            "104 d 4 h",
        ];
        assert_eq!(told.map(|ms| span(Millis(ms))), want);
    }

    #[test]
    fn a_time_of_another_day_has_its_date() {
        let now = Timestamp::parse("2026-11-29T08:13:00Z").unwrap();
        assert_eq!(clock(Timestamp::parse("2026-11-29T08:09:47Z").unwrap(), now), "08:09:47");
        assert_eq!(clock(Timestamp::parse("2026-11-28T23:59:59Z").unwrap(), now), "2026-11-28 23:59:59");
        assert_eq!(clock(Timestamp(i64::MAX), now), format!("{} ms", i64::MAX));
    }

    #[test]
    fn a_reader_who_may_not_see_a_person_sees_neither_address_nor_quote() {
        let now = Timestamp(0);
        let address = Piece::Address("ada@example.org".into());
        assert_eq!((address.text(now), address.masked(now)), ("ada@example.org".into(), "a•••@example.org".into()));
        assert_eq!(Piece::Quote("no ada".into()).masked(now), "\u{201c}•••\u{201d}");
        assert_eq!(Piece::Id("ada@example.org".into()).masked(now), "a•••@example.org");
        assert_eq!(Piece::Id("162178216786".into()).masked(now), "162178216786");
        assert_eq!(Piece::Until(Timestamp(-1)).text(now), "now", "what is due is not in the past");
    }
}
