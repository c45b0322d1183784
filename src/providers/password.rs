//! How passwords are made for new accounts, in the settings of a provider that wants some.

use gangway_core::secret::PasswordRule;
use serde::{Deserialize, Serialize};

use super::common::Checks;

/// What a provider's operator asks of a password.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PasswordSettings {
    /// Shortest that is taken, in characters.
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

impl PasswordSettings {
    /// The rule that flows and the adapter go by.
    #[must_use]
    pub const fn rule(&self) -> PasswordRule {
        let Self { min_length, length, upper, lower, digit, symbol } = *self;
        PasswordRule { min_length, length, upper, lower, digit, symbol }
    }

    /// Adds what is wrong; `key` is that of the table, below the provider's.
    pub(super) fn check(&self, checks: &mut Checks<'_>, key: &str) {
        checks.wrong(
            !(12..=128).contains(&self.length) || self.length < self.min_length,
            &format!("{key}.length"),
            "is not between 12 and 128, or shorter than min_length",
            "20 is a good length for a password that nobody has to remember",
        );
    }
}
