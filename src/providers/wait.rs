//! How long a far end asks to wait: `Retry-After` (seconds or a date) and the `x-ratelimit-*` headers. Headers and a
//! time enter, a length leaves; shared by the adapters and the sender.

use chrono::DateTime;
use gangway_core::time::{Millis, Timestamp};

/// A far end that asks for more than this is not believed: the effect's own deadline decides then.
const LONGEST: Millis = Millis::secs(86_400);

/// The value of a header; names are in lower case.
#[must_use]
pub fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.trim())
}

/// What the answer asks for: `Retry-After`, else the time until `x-ratelimit-reset` when nothing remains or the
/// answer is a refusal. At most a day.
#[must_use]
pub fn asked(headers: &[(String, String)], refused: bool, now: Timestamp) -> Option<Millis> {
    let wait = header(headers, "retry-after").and_then(|value| retry_after(value, now)).or_else(|| {
        let used_up = header(headers, "x-ratelimit-remaining").is_some_and(|value| first(value) == "0");
        if !refused && !used_up {
            return None;
        }
        reset(header(headers, "x-ratelimit-reset")?, now)
    })?;
    Some(wait.min(LONGEST))
}

/// RFC 9110, 10.2.3: a number of seconds, or a date in one of the three forms (the two old ones are not read).
fn retry_after(value: &str, now: Timestamp) -> Option<Millis> {
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(Millis::secs(seconds));
    }
    let date = DateTime::parse_from_rfc2822(value).ok()?;
    Some(Timestamp(date.timestamp_millis()).since(now))
}

/// The first of a list with commas, one for each limit that holds, without what is said of it.
fn first(value: &str) -> &str {
    value.split([',', ';']).next().unwrap_or_default().trim()
}

/// Unix seconds (Original, GitHub), or seconds from now where the number is too small to be a date.
fn reset(value: &str, now: Timestamp) -> Option<Millis> {
    const A_YEAR: i64 = 31_536_000;
    let number = first(value).parse::<i64>().ok().filter(|number| *number >= 0)?;
    if number < A_YEAR {
        return Some(Millis::secs(u64::try_from(number).unwrap_or(0)));
    }
    Some(Timestamp(number.saturating_mul(1000)).since(now))
}

#[cfg(test)]
mod tests {
    use super::asked;
    use gangway_core::time::{Millis, Timestamp};

    fn wait(refused: bool, headers: &[(&str, &str)]) -> Option<Millis> {
        let headers: Vec<_> = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        asked(&headers, refused, Timestamp(1_700_000_000_000))
    }

    #[test]
    fn every_way_to_ask_for_a_wait_is_understood() {
        type Row<'a> = (bool, &'a [(&'a str, &'a str)], Option<u64>);
        let rows: &[Row<'_>] = &[
            (true, &[("retry-after", "7")], Some(7)),
            (true, &[("retry-after", " 0 ")], Some(0)),
            (true, &[("retry-after", "Tue, 14 Nov 2023 22:13:30 GMT")], Some(10)),
            (true, &[("retry-after", "Tue, 14 Nov 2023 22:13:10 GMT")], Some(0)),
            (true, &[("retry-after", "soon")], None),
            (true, &[("retry-after", "-5")], None),
            (true, &[("retry-after", "99999999")], Some(86_400)),
            (true, &[("x-ratelimit-reset", "1700000042")], Some(42)),
            (true, &[("x-ratelimit-reset", "30")], Some(30)),
            (false, &[("x-ratelimit-reset", "1700000042"), ("x-ratelimit-remaining", "3")], None),
            (false, &[("x-ratelimit-reset", "1700000042"), ("x-ratelimit-remaining", "0")], Some(42)),
            (false, &[("x-ratelimit-remaining", "0")], None),
            (true, &[("x-ratelimit-reset", "1700000042, 1700003600")], Some(42)),
            (true, &[("x-ratelimit-reset", "30;w=60, 3600;w=3600")], Some(30)),
            (false, &[("x-ratelimit-reset", "30, 3600"), ("x-ratelimit-remaining", "0, 900")], Some(30)),
            (false, &[("x-ratelimit-reset", "30, 3600"), ("x-ratelimit-remaining", "7, 0")], None),
            (true, &[("x-ratelimit-reset", ", 30")], None),
            (false, &[], None),
        ];
        for (refused, headers, seconds) in rows {
            assert_eq!(wait(*refused, headers), seconds.map(Millis::secs), "{headers:?}");
        }
    }
}
