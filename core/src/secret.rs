//! Values that pass through and are never journaled, logged, shown or read by expressions. A value enters, is sealed
//! by `store`, and leaves to the one effect that names it; what is printed is only that there is one.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What stands in the place of a secret that was cut out of an event.
pub const MARKER: &str = "(secret)";

/// Secrets by name, on their way to or from their sealed rows. Never serialised, never printed.
#[derive(Clone, Default, PartialEq)]
pub struct Secrets(pub BTreeMap<String, Value>);

impl Secrets {
    /// One secret of this name.
    #[must_use]
    pub fn of(name: impl Into<String>, value: impl Into<Value>) -> Self {
        Self(BTreeMap::from([(name.into(), value.into())]))
    }

    /// Whether there are no secrets.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.keys()).finish()
    }
}

/// How a password is made, and what one that was handed in must satisfy. Providers' settings write it so.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PasswordRule {
    /// Shortest that the provider takes, in characters.
    pub min_length: u32,
    /// Length of one that is made here, in characters.
    pub length: u32,
    /// Whether an upper-case letter is needed.
    pub upper: bool,
    /// Whether a lower-case letter is needed.
    pub lower: bool,
    /// Whether a digit is needed.
    pub digit: bool,
    /// Whether a character is needed that is neither letter nor digit.
    pub symbol: bool,
}

/// Letters and digits that people do not mistake for each other, and symbols that need no escaping in JSON, URLs'
/// bodies or shells' quotes.
const UPPER: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZ";
const LOWER: &[u8] = b"abcdefghijkmnpqrstuvwxyz";
const DIGITS: &[u8] = b"23456789";
const SYMBOLS: &[u8] = b"!#%+-=?@_";

impl PasswordRule {
    /// The rule for a stored flow when its own is not there any more: what most far ends take.
    pub const CAREFUL: Self = Self { min_length: 8, length: 24, upper: true, lower: true, digit: true, symbol: false };

    /// Makes a password out of random bytes, one draw for each character: first one character of every kind that is
    /// needed, then any, then shuffled. At least 12 characters, at most 128.
    pub fn make(&self, mut draw: impl FnMut() -> u64) -> String {
        let mut pick = |set: &[u8]| {
            let at = usize::try_from(draw() % u64::try_from(set.len().max(1)).unwrap_or(1)).unwrap_or(0);
            set.get(at).copied().unwrap_or(b'x')
        };
        let needed = [(self.upper, UPPER), (self.lower, LOWER), (self.digit, DIGITS), (self.symbol, SYMBOLS)];
        let mut made: Vec<u8> = needed.iter().filter(|(need, _)| *need).map(|(_, set)| pick(set)).collect();
        let any: Vec<u8> = [UPPER, LOWER, DIGITS].concat();
        let length = usize::try_from(self.length.max(self.min_length).clamp(12, 128)).unwrap_or(20);
        while made.len() < length {
            made.push(pick(&any));
        }
        for at in (1..made.len()).rev() {
            let with = usize::try_from(draw() % (u64::try_from(at).unwrap_or(0) + 1)).unwrap_or(0);
            made.swap(at, with);
        }
        made.into_iter().map(char::from).collect()
    }

    /// What a password lacks, in words; `None` when it satisfies the rule.
    #[must_use]
    pub fn lacks(&self, password: &str) -> Option<String> {
        let has = |test: fn(char) -> bool| password.chars().any(test);
        let long = password.chars().count() >= usize::try_from(self.min_length).unwrap_or(usize::MAX);
        let rows = [
            (!long, format!("at least {} characters", self.min_length)),
            (self.upper && !has(char::is_uppercase), "an upper-case letter".to_owned()),
            (self.lower && !has(char::is_lowercase), "a lower-case letter".to_owned()),
            (self.digit && !has(char::is_numeric), "a digit".to_owned()),
            (self.symbol && !has(|c| !c.is_alphanumeric()), "a character that is neither letter nor digit".to_owned()),
        ];
        let lacks: Vec<String> = rows.into_iter().filter(|(lacks, _)| *lacks).map(|(_, what)| what).collect();
        (!lacks.is_empty()).then(|| lacks.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::{PasswordRule, Secrets};

    fn rule(length: u32, symbol: bool) -> PasswordRule {
        PasswordRule { min_length: 8, length, upper: true, lower: true, digit: true, symbol }
    }

    #[test]
    fn a_made_password_satisfies_its_own_rule_whatever_is_drawn() {
        for seed in 0..200_u64 {
            let mut state = seed;
            let mut draw = || {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                state >> 33
            };
            let rule = rule(12 + u32::try_from(seed % 20).unwrap(), seed % 2 == 0);
            let made = rule.make(&mut draw);
            assert_eq!(rule.lacks(&made), None, "{made}");
            assert_eq!(made.len(), usize::try_from(rule.length).unwrap());
        }
        assert_eq!(rule(20, true).lacks(&rule(20, true).make(|| 0)), None);
    }

    #[test]
    fn what_a_password_lacks_is_said_without_the_password() {
        let rows = [
            ("Abcdefg1", None),
            ("abcdefg1", Some("an upper-case letter")),
            ("ABCDEFG1", Some("a lower-case letter")),
            ("Abcdefgh", Some("a digit")),
            ("Ab1", Some("at least 8 characters")),
            ("", Some("at least 8 characters, an upper-case letter, a lower-case letter, a digit")),
        ];
        for (password, lacks) in rows {
            assert_eq!(rule(12, false).lacks(password).as_deref(), lacks);
        }
    }

    #[test]
    fn secrets_are_never_printed() {
        let printed = format!("{:?}", Secrets::of("password", "hunter2"));
        assert_eq!(printed, "[\"password\"]");
    }
}
