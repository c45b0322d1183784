//! What holds requests to a provider back: what it asked us to wait, and its rate. Shared by everything that talks to
//! it. Headers and times enter, a time leaves.

use std::collections::BTreeMap;

use gangway_core::time::{Millis, Timestamp};
use parking_lot::{Mutex, MutexGuard};

use super::Rates;
use crate::providers::{Adapter, wait};
use crate::settings::outbound::OutboundSettings;

/// Until when each provider must be left alone, and when its next tick is.
#[derive(Debug)]
pub struct Limits {
    /// The ticks of providers that have a rate.
    pub rates: Rates,
    waits: Mutex<BTreeMap<String, Asked>>,
    longest: Millis,
}

/// A provider asked to be left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// When it asked first, of waits that went over into each other.
    pub since: Timestamp,
    /// Until when it is left alone.
    pub until: Timestamp,
}

impl Default for Limits {
    fn default() -> Self {
        Self::new(OutboundSettings::default().longest_wait)
    }
}

impl Limits {
    /// No provider asked for anything yet; none is ever left alone for longer than this because it asked for it.
    #[must_use]
    pub fn new(longest: Millis) -> Self {
        Self { rates: Rates::default(), waits: Mutex::default(), longest }
    }

    /// Takes up the rates of these providers.
    pub fn take_up<'a>(&self, adapters: impl IntoIterator<Item = &'a dyn Adapter>) {
        for adapter in adapters {
            self.rates.set(adapter.name(), adapter.rate());
            self.rates.set_actions(adapter.name(), &adapter.action_rates());
        }
    }

    /// Takes note of an answer: 429, 503 with a wait, or a rate limit that is used up.
    pub fn note(&self, provider: &str, status: u16, headers: &[(String, String)], now: Timestamp) {
        const WITHOUT_A_WORD: Millis = Millis::secs(1);
        let refused = matches!(status, 429 | 503);
        let asked = wait::asked(headers, refused, now).or((status == 429).then_some(WITHOUT_A_WORD));
        let Some(asked) = asked else { return };
        let end = now.plus(asked.min(self.longest));
        let mut waits = self.waits();
        let wait = waits.entry(provider.to_owned()).or_insert(Asked { since: now, until: end });
        wait.since = if wait.until < now { now } else { wait.since };
        wait.until = wait.until.max(end);
        resumes_at(provider, wait.until);
    }

    /// How long the provider must still be left alone because it asked for it; `None` when it need not.
    #[must_use]
    pub fn wait(&self, provider: &str, now: Timestamp) -> Option<Millis> {
        self.asked(provider, now).map(|asked| asked.until.since(now))
    }

    /// What the provider asked for, while it is not over.
    #[must_use]
    pub fn asked(&self, provider: &str, now: Timestamp) -> Option<Asked> {
        self.waits().get(provider).copied().filter(|asked| asked.until > now)
    }

    /// Every provider that asked to be left alone, while that lasts.
    #[must_use]
    pub fn all_asked(&self, now: Timestamp) -> Vec<(String, Asked)> {
        let waits = self.waits();
        waits.iter().filter(|(_, asked)| asked.until > now).map(|(name, asked)| (name.clone(), *asked)).collect()
    }

    /// Ends the wait of a provider, or of all, and what its rate holds back: the next request may go now.
    pub fn resume(&self, provider: Option<&str>, now: Timestamp) {
        self.waits().retain(|name, _| {
            let over = provider.is_none_or(|provider| provider == name);
            if over {
                resumes_at(name, now);
            }
            !over
        });
        self.rates.resume(provider, now);
    }

    fn waits(&self) -> MutexGuard<'_, BTreeMap<String, Asked>> {
        self.waits.lock()
    }
}

fn resumes_at(provider: &str, at: Timestamp) {
    metrics::gauge!("gangway_provider_resumes_at_seconds", "provider" => provider.to_owned()).set(at.0 as f64 / 1000.0);
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
    fn no_provider_is_left_alone_for_longer_than_the_longest_wait_and_an_operator_ends_it() {
        let limits = Limits::new(Millis::secs(900));
        for provider in ["original", "didx"] {
            limits.note(provider, 503, &header("retry-after", "86400"), Timestamp(0));
            assert_eq!(limits.wait(provider, Timestamp(0)), Some(Millis::secs(900)));
        }
        limits.resume(Some("original"), Timestamp(1_000));
        assert_eq!(limits.wait("original", Timestamp(1_000)), None);
        let asked = limits.all_asked(Timestamp(1_000));
        assert_eq!(asked.len(), 1);
        assert_eq!((asked[0].0.as_str(), asked[0].1.until), ("didx", Timestamp(900_000)));
        limits.resume(None, Timestamp(1_000));
        assert_eq!(limits.all_asked(Timestamp(1_000)), []);
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
