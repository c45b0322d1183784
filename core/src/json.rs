//! JSON as senders write it: bytes -> a value. What no JSON reader agrees on is mended in the text before it is parsed,
//! so that nobody's event is lost for it: a byte order mark, half of a character (`\ud83d`), and numbers that neither
//! a whole number of 64 bits nor a float can hold. Never here: rounding. Bytes are never changed in place: what was
//! received stays for the signature and the journal.
//!
//! A number that cannot be kept becomes a text of the same digits. It can still name somebody, be compared, be mailed
//! and be sent on; only arithmetic on it fails, and an expression that tries says so.

use std::borrow::Cow;

use serde_json::Value;

/// Deeper nesting is not read: every later walk over the value may recurse.
pub const DEPTH_MOST: usize = 64;

/// What stands for half of a character. Two texts that differ only there look the same, so a text with it names nobody.
pub const LOST: char = char::REPLACEMENT_CHARACTER;

/// The byte order mark that some editors and .NET write before UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads a whole body.
///
/// # Errors
/// Why not, without any of the content.
pub fn read(bytes: &[u8]) -> Result<Value, &'static str> {
    let bytes = bytes.strip_prefix(MARK).unwrap_or(bytes);
    let text = mended(bytes).ok_or("the JSON is nested deeper than 64 levels")?;
    serde_json::from_slice(&text).map_err(|error| match error.classify() {
        serde_json::error::Category::Eof => "the JSON ends too early",
        _ => "this is not JSON",
    })
}

/// The text with what no reader agrees on mended; `None` when it is nested deeper than [`DEPTH_MOST`]. What is not JSON
/// stays as it is: the parser says so.
fn mended(bytes: &[u8]) -> Option<Cow<'_, [u8]>> {
    let mut out = Mended { bytes, kept: 0, text: None };
    let (mut at, mut depth) = (0_usize, 0_usize);
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        at += match rest.first() {
            Some(b'"') => string(rest, at, &mut out),
            Some(b'-' | b'0'..=b'9') => number(rest, at, &mut out),
            Some(b'[' | b'{') => {
                depth += 1;
                1
            }
            Some(b']' | b'}') => {
                depth = depth.saturating_sub(1);
                1
            }
            _ => 1,
        };
        if depth > DEPTH_MOST {
            return None;
        }
    }
    Some(out.end())
}

/// A copy that is begun only when something must be mended.
struct Mended<'a> {
    bytes: &'a [u8],
    /// How far the original is in the copy.
    kept: usize,
    text: Option<Vec<u8>>,
}

impl<'a> Mended<'a> {
    /// Puts other bytes in the place of these `length` bytes at `at`.
    fn instead(&mut self, at: usize, length: usize, bytes: &[&[u8]]) {
        let text = self.text.get_or_insert_with(|| Vec::with_capacity(self.bytes.len() + 64));
        text.extend_from_slice(self.bytes.get(self.kept..at).unwrap_or_default());
        bytes.iter().for_each(|bytes| text.extend_from_slice(bytes));
        self.kept = at + length;
    }

    fn end(self) -> Cow<'a, [u8]> {
        match self.text {
            None => Cow::Borrowed(self.bytes),
            Some(mut text) => {
                text.extend_from_slice(self.bytes.get(self.kept..).unwrap_or_default());
                Cow::Owned(text)
            }
        }
    }
}

/// How long the string is that begins here, quotes included. Half characters in it are replaced.
fn string(rest: &[u8], begins: usize, out: &mut Mended<'_>) -> usize {
    let mut at = 1;
    loop {
        at += match (rest.get(at), rest.get(at + 1)) {
            (None, _) => return at,
            (Some(b'"'), _) => return at + 1,
            (Some(b'\\'), Some(b'u')) => match (unit(rest, at), unit(rest, at + 6)) {
                (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 12,
                (Some(0xd800..=0xdfff), _) => {
                    out.instead(begins + at, 6, &[b"\\ufffd"]);
                    6
                }
                _ => 2,
            },
            (Some(b'\\'), _) => 2,
            _ => 1,
        };
    }
}

/// The UTF-16 unit of an escape `\uXXXX` at this place.
fn unit(bytes: &[u8], at: usize) -> Option<u32> {
    let digits = bytes.get(at..at + 6)?.strip_prefix(b"\\u")?;
    digits.iter().try_fold(0, |unit, digit| Some(unit * 16 + char::from(*digit).to_digit(16)?))
}

/// How long the number is that begins here. One that would be rounded is put in quotes, unless it stands where only
/// names of members may: that is no JSON.
fn number(rest: &[u8], begins: usize, out: &mut Mended<'_>) -> usize {
    let is_part = |byte: &&u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
    let length = rest.iter().take_while(is_part).count();
    let (digits, after) = rest.split_at_checked(length).unwrap_or((rest, &[]));
    let names_a_member = after.trim_ascii_start().first() == Some(&b':');
    if let Ok(text) = std::str::from_utf8(digits)
        && let Some(number) = Number::of(text)
        && !number.is_kept()
        && !names_a_member
    {
        out.instead(begins, length, &[b"\"", digits, b"\""]);
    }
    length
}

/// A number by the grammar of JSON, in its parts.
struct Number<'a> {
    text: &'a str,
    whole: &'a str,
    fraction: Option<&'a str>,
    exponent: Option<&'a str>,
}

impl<'a> Number<'a> {
    fn of(text: &'a str) -> Option<Self> {
        let unsigned = text.strip_prefix('-').unwrap_or(text);
        let (digits, exponent) = unsigned.split_once(['e', 'E']).map_or((unsigned, None), |(a, b)| (a, Some(b)));
        let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(a, b)| (a, Some(b)));
        let number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let leads = whole.len() > 1 && whole.starts_with('0');
        let raised = exponent.is_none_or(|part| number(part.strip_prefix(['+', '-']).unwrap_or(part)));
        let is_one = number(whole) && !leads && fraction.is_none_or(number) && raised;
        is_one.then_some(Self { text, whole, fraction, exponent })
    }

    /// Whether a value holds it without rounding: a whole number of 64 bits, or a float that is written again with the
    /// same value. Of two equally short spellings of a float, writers choose differently: ours is the one that counts.
    fn is_kept(&self) -> bool {
        if self.fraction.is_none() && self.exponent.is_none() {
            return self.text.parse::<i64>().is_ok() || self.text.parse::<u64>().is_ok();
        }
        let float = self.text.parse().ok().and_then(serde_json::Number::from_f64);
        let written = float.map(|float| float.to_string());
        written.and_then(|text| Some(Number::of(&text)?.value() == self.value())).unwrap_or(false)
    }

    /// Its digits without zeros at either end, and the power of ten of the last one. `None` for a power beyond all
    /// measure.
    fn value(&self) -> Option<(String, i64)> {
        let fraction = self.fraction.unwrap_or_default();
        let digits = [self.whole, fraction].concat();
        let significant = digits.trim_end_matches('0');
        let dropped = i64::try_from(digits.len() - significant.len()).ok()?;
        let significant = significant.trim_start_matches('0');
        if significant.is_empty() {
            return Some((String::new(), 0));
        }
        let exponent = self.exponent.map_or(Some(0), |exponent| exponent.parse::<i64>().ok())?;
        let places = i64::try_from(fraction.len()).ok()?;
        Some((significant.to_owned(), exponent.checked_add(dropped)?.checked_sub(places)?))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::read;

    fn text(json: &str) -> String {
        read(json.as_bytes()).unwrap().to_string()
    }

    #[test]
    fn a_number_that_cannot_be_kept_becomes_a_text_of_the_same_digits() {
        for digits in [
            "18446744073709551616",
            "18446744073709551617",
            "100000000000000000000",
            "-9223372036854775809",
            "12345678901234567.25",
            "0.1000000000000000055511151231257827",
            "0.10000000000000001",
            "1e400",
            "-1E-400",
            "1e99999999999999999999",
        ] {
            assert_eq!(read(format!("{{\"id\":{digits}}}").as_bytes()).unwrap(), json!({ "id": digits }), "{digits}");
        }
    }

    #[test]
    fn a_number_that_can_be_kept_stays_a_number() {
        for digits in [
            "0",
            "-7",
            "18446744073709551615",
            "-9223372036854775808",
            "0.1",
            "1e21",
            "123456.789",
            "-2.5e-7",
            "1459832348396704.2",
        ] {
            assert!(read(digits.as_bytes()).unwrap().is_number(), "{digits}");
        }
        assert_eq!(text("[1.10, 100.0, 1E2, 0.0, 0e9, -0]"), "[1.1,100.0,100.0,0.0,0.0,-0.0]");
    }

    #[test]
    fn half_of_a_character_is_read_as_the_replacement_character_wherever_it_stands() {
        assert_eq!(
            read(br#"{"a\ud83d":["x\udc00","\ud83d\ud83d\ude00","\\ud83d"]}"#).unwrap(),
            json!({
                "a\u{fffd}": ["x\u{fffd}", "\u{fffd}\u{1f600}", "\\ud83d"],
            })
        );
        assert_eq!(text(r#""\uD83Dn""#), "\"\u{fffd}n\"");
    }

    #[test]
    fn a_byte_order_mark_before_the_json_is_passed_over_and_one_within_is_not() {
        assert_eq!(read(b"\xef\xbb\xbf{}"), Ok(json!({})));
        assert!(read(b"\xef\xbb\xbf\xef\xbb\xbf{}").is_err());
        assert!(read(b"{\xef\xbb\xbf}").is_err());
    }

    #[test]
    fn what_is_no_json_is_not_mended_into_some() {
        for broken in [
            "{99999999999999999999:1}",
            "{99999999999999999999 :1}",
            "[099999999999999999999999]",
            "[99999999999999999999.]",
            "[1e]",
            "[+1]",
            "[--1]",
            "[\"\\ud83\"]",
            "\"\\ud83d",
            "\"\\",
            "\"\\u",
            "",
        ] {
            assert!(read(broken.as_bytes()).is_err(), "{broken}");
        }
        assert!(read(b"{\"a\":\"\xff\"}").is_err(), "no UTF-8");
    }

    #[test]
    fn nesting_is_read_up_to_64_levels_and_no_further() {
        let nested = |n: usize| [vec![b'['; n], vec![b']'; n]].concat();
        assert!(read(&nested(64)).is_ok());
        assert_eq!(read(&nested(65)), Err("the JSON is nested deeper than 64 levels"));
        assert!(read(&nested(2_000_000)).is_err());
    }

    #[test]
    fn brackets_and_digits_in_strings_are_text() {
        let json = format!(r#"{{"a":"\"{}","b":"\\","c":"99999999999999999999"}}"#, "[".repeat(100));
        assert_eq!(text(&json), json);
    }

    proptest! {
        #[test]
        fn two_numbers_of_unlike_digits_are_never_one_value(a in "[1-9][0-9]{0,40}", b in "[1-9][0-9]{0,40}") {
            let id = |digits: &str| match read(digits.as_bytes()).unwrap() {
                Value::String(text) => text,
                other => other.to_string(),
            };
            prop_assert_eq!(id(&a) == id(&b), a == b);
            prop_assert_eq!(id(&a), a);
        }

        #[test]
        fn two_decimals_of_unlike_value_are_never_one_value(a in "0\\.[0-9]{0,24}[1-9]", b in "0\\.[0-9]{0,24}[1-9]") {
            let id = |digits: &str| read(digits.as_bytes()).unwrap().to_string();
            prop_assert_eq!(id(&a) == id(&b), a == b);
        }

        #[test]
        fn every_float_is_kept_as_it_is(float in any::<f64>().prop_filter("finite", |float| float.is_finite())) {
            let written = serde_json::to_string(&float).unwrap();
            prop_assert_eq!(read(written.as_bytes()).unwrap(), json!(float));
        }

        #[test]
        fn no_bytes_make_the_reader_panic(bytes in "[\\[\\]{}\",:\\\\ud8c0-9.eE+\\- ]{0,60}") {
            let _ = read(bytes.as_bytes());
        }
    }
}
