//! Limits of what comes in over HTTP, webhooks and events alike: `[intake]`.

use serde::Deserialize;

use gangway_core::time::Millis;

use super::{Fault, duration, load};

/// Limits and times.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IntakeSettings {
    /// Larger bodies are refused with 413, in bytes.
    pub body_max: usize,
    /// How long a sender may take over its body.
    #[serde(with = "duration")]
    pub body_within: Millis,
    /// How long a sender waits for the commit before it is asked to try again.
    #[serde(with = "duration")]
    pub answer_within: Millis,
    /// Events in one batch.
    pub batch_max: usize,
    /// At most this many unverified deliveries are kept at a time; further ones are only counted.
    pub unverified_at_once: usize,
    /// How many of them are kept in a minute for each provider; more are only counted.
    pub unverified_rate: u32,
    /// How much is kept of each, in bytes.
    pub unverified_bytes: usize,
    /// How often deliveries that did not arrive are read back from providers that keep them.
    #[serde(with = "duration")]
    pub read_back: Millis,
}

impl Default for IntakeSettings {
    fn default() -> Self {
        load::usual("intake")
    }
}

impl IntakeSettings {
    /// Everything that keeps these limits from being used; `at` is the key of this table.
    #[must_use]
    pub fn faults(&self, at: &str) -> Vec<Fault> {
        let numbers = [
            ("body_max", self.body_max as u64),
            ("body_within", self.body_within.0),
            ("answer_within", self.answer_within.0),
            ("batch_max", self.batch_max as u64),
            ("read_back", self.read_back.0),
        ];
        let zero = numbers.into_iter().filter(|(_, number)| *number == 0);
        zero.map(|(key, _)| Fault::new(format!("{at}.{key}"), "is 0", "more than that")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::IntakeSettings;
    use crate::settings::load;

    #[test]
    fn a_limit_of_zero_is_a_problem_and_the_defaults_have_none() {
        assert!(IntakeSettings::default().faults("intake").is_empty());
        let none: IntakeSettings = load::read("intake", "body_max = 0\nbatch_max = 0").unwrap();
        assert_eq!(none.faults("intake").len(), 2);
    }
}
