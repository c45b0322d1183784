//! Lengths of time in settings are text: `500ms`, `15s`, `5m`, `24h`, `30d`. Use `#[serde(with = "duration")]` on a
//! [`Millis`] field. Never here: bare numbers, because everyone remembers their unit differently.

use gangway_core::time::Millis;
use serde::{Deserialize, Deserializer, Serializer};

/// Reads `15s`; the error says what is accepted.
///
/// # Errors
/// When the text is not a whole number and a unit, or too long to count in milliseconds.
pub fn parse(text: &str) -> Result<Millis, String> {
    Millis::parse(text.trim()).ok_or_else(|| {
        format!("`{text}` is not a length of time; write a whole number and ms, s, m, h or d, such as `15s`")
    })
}

/// Writes it as it is read.
///
/// # Errors
/// Errors of the serializer.
pub fn serialize<S: Serializer>(length: &Millis, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(length)
}

/// Reads it from text.
///
/// # Errors
/// See [`parse`].
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Millis, D::Error> {
    parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
}

/// For a length that may be left out; add `#[serde(default)]`.
pub mod option {
    use gangway_core::time::Millis;
    use serde::{Deserialize, Deserializer, Serializer};

    /// Writes it as it is read.
    ///
    /// # Errors
    /// Errors of the serializer.
    pub fn serialize<S: Serializer>(length: &Option<Millis>, serializer: S) -> Result<S::Ok, S::Error> {
        match length {
            Some(length) => serializer.collect_str(length),
            None => serializer.serialize_none(),
        }
    }

    /// Reads it from text.
    ///
    /// # Errors
    /// See [`super::parse`].
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Millis>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| super::parse(&text)).transpose().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::parse;
    use gangway_core::time::Millis;

    #[test]
    fn a_length_of_time_is_a_whole_number_and_a_unit() {
        let rows = [("250ms", 250), ("15s", 15_000), ("5m", 300_000), ("24h", 86_400_000), (" 30d ", 2_592_000_000)];
        for (text, ms) in rows {
            assert_eq!(parse(text), Ok(Millis(ms)), "{text}");
        }
        for bad in ["", "15", "s", "1.5s", "-1s", "15 parsecs", "99999999999999999999s", "999999999999999999d"] {
            assert!(parse(bad).is_err(), "{bad} was taken");
        }
    }
}
