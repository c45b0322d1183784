//! What holds requests to a provider back: what it asked us to wait, and its rate. Shared by everything that talks to
//! it. Headers and times enter, a time leaves.

use std::collections::BTreeMap;
use std::sync::Mutex;

use gangway_core::time::{Millis, Timestamp};

use super::Rates;
use crate::providers::{Adapter, wait};

/// Until when each provider must be left alone, and whose turn it is.
#[derive(Debug, Default)]
pub struct Limits {
    /// The turns of providers that have a rate.
    pub rates: Rates,
    until: Mutex<BTreeMap<String, Timestamp>>,
}

impl Limits {
    /// Takes up the rates of these providers.
    pub fn take_up<'a>(&self, adapters: impl IntoIterator<Item = &'a dyn Adapter>) {
        adapters.into_iter().for_each(|adapter| self.rates.set(adapter.name(), adapter.rate()));
    }

    /// Takes note of an answer: 429, 503 with a wait, or a rate limit that is used up.
    pub fn note(&self, provider: &str, status: u16, headers: &[(String, String)], now: Timestamp) {
        const WITHOUT_A_WORD: Millis = Millis::secs(1);
        let refused = matches!(status, 429 | 503);
        let asked = wait::asked(headers, refused, now).or((status == 429).then_some(WITHOUT_A_WORD));
        let Some(asked) = asked else { return };
        let mut until = self.until.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let end = until.entry(provider.to_owned()).or_default();
        *end = (*end).max(now.plus(asked));
    }

    /// How long the provider must still be left alone because it asked for it; `None` when it need not.
    #[must_use]
    pub fn wait(&self, provider: &str, now: Timestamp) -> Option<Millis> {
        let until = self.until.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        until.get(provider).map(|end| end.since(now)).filter(|wait| wait.0 > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::Limits;
    use gangway_core::time::{Millis, Timestamp};

    fn header(name: &str, value: &str) -> Vec<(String, String)> {
        vec![(name.to_owned(), value.to_owned())]
    }

    #[test]
    fn a_wait_is_shared_per_provider_ends_by_itself_and_is_never_shortened() {
        let limits = Limits::default();
        limits.note("original", 429, &header("retry-after", "10"), Timestamp(0));
        limits.note("original", 429, &header("retry-after", "2"), Timestamp(0));
        assert_eq!(limits.wait("original", Timestamp(4_000)), Some(Millis::secs(6)));
        assert_eq!(limits.wait("original", Timestamp(10_000)), None);
        assert_eq!(limits.wait("didx", Timestamp(0)), None);
    }

    #[test]
    fn an_ordinary_answer_asks_for_nothing_and_a_silent_429_for_a_second() {
        let limits = Limits::default();
        limits.note("original", 200, &header("x-ratelimit-remaining", "9"), Timestamp(0));
        limits.note("original", 200, &header("x-ratelimit-reset", "60"), Timestamp(0));
        limits.note("original", 503, &[], Timestamp(0));
        assert_eq!(limits.wait("original", Timestamp(0)), None);
        limits.note("original", 429, &[], Timestamp(0));
        assert_eq!(limits.wait("original", Timestamp(0)), Some(Millis::secs(1)));
    }
}
