//! Lengths of time as people write them: `500ms`, `15s`, `5m`, `12h`, `30d`. Bare numbers are refused: nobody can
//! tell their unit.

use gangway_core::time::Millis;
use serde::{Deserialize, Deserializer, de};

/// Reads a length; `None` when the text is not one.
#[must_use]
pub fn parse(text: &str) -> Option<Millis> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at_checked(digits)?;
    let size: u64 = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(size).map(Millis)
}

/// For `#[serde(deserialize_with = "length::text")]`.
///
/// # Errors
/// When it is not text, or not a length.
pub fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Millis, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse(&text).ok_or_else(|| de::Error::custom("not a length of time, such as \"15s\""))
}

#[cfg(test)]
mod tests {
    use super::parse;
    use gangway_core::time::Millis;

    #[test]
    fn a_length_needs_a_number_and_a_unit() {
        let rows = [
            ("500ms", Some(500)),
            ("15s", Some(15_000)),
            ("5m", Some(300_000)),
            ("12h", Some(43_200_000)),
            ("30d", Some(2_592_000_000)),
            ("0s", Some(0)),
            ("15", None),
            ("s", None),
            ("", None),
            ("-1s", None),
            ("1.5s", None),
            ("15 s", None),
            ("99999999999999999999d", None),
            ("1é", None),
        ];
        for (text, want) in rows {
            assert_eq!(parse(text), want.map(Millis), "{text:?}");
        }
    }
}
