//! Whether a rule for passwords, in the settings of a provider that wants some, can be kept.

use gangway_core::secret::PasswordRule;

use super::common::Checks;

/// Adds what is wrong with it; `key` is that of its table, below the provider's.
pub(super) fn check(rule: &PasswordRule, checks: &mut Checks<'_>, key: &str) {
    checks.wrong(
        !(12..=128).contains(&rule.length) || rule.length < rule.min_length,
        &format!("{key}.length"),
        "is not between 12 and 128, or shorter than min_length",
        "20 is a good length for a password that nobody has to remember",
    );
}
