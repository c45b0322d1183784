//! `[outbound]`: how effects are performed, retried and held back.

use gangway_core::retry::Policy;
use gangway_core::time::Millis;
use serde::{Deserialize, Serialize};

use super::{Fault, duration, load};

/// Time kept between the end of the longest attempt and the end of its lease, for bringing the outcome home.
pub const LEASE_MARGIN: Millis = Millis::secs(5);

/// `[outbound]`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct OutboundSettings {
    /// Whether providers may have loopback, private and link-local addresses. For trying out; never in production.
    pub allow_private: bool,
    /// How long an effect is held by the process that performs it.
    #[serde(with = "duration")]
    pub lease: Millis,
    /// Longest time for one request, from its first byte to the last of its answer.
    #[serde(with = "duration")]
    pub request_timeout: Millis,
    /// Longest time for name lookup, connection and TLS; nothing has been sent by then.
    #[serde(with = "duration")]
    pub connect_timeout: Millis,
    /// Bytes of an answer, at most; more is cut off and counts as no answer.
    pub reply_limit: usize,
    /// How often effects of other processes and leases that ran out are looked for.
    #[serde(with = "duration")]
    pub sweep: Millis,
    /// Longest wait that a far end is granted when it asks to be left alone.
    #[serde(with = "duration")]
    pub longest_wait: Millis,
    /// How long after a start, and after the database was away, leases that ran out are left to processes that may
    /// still hold their outcome.
    #[serde(with = "duration")]
    pub recovery: Millis,
    /// How long a stop waits for what is being performed.
    #[serde(with = "duration")]
    pub stop: Millis,
    /// Publications in flight at once, at most.
    pub publish_concurrency: u32,
    /// When to try again and when to stop.
    pub retry: RetrySettings,
    /// When to let a failing action rest.
    pub breaker: BreakerSettings,
}

impl Default for OutboundSettings {
    fn default() -> Self {
        load::usual("outbound")
    }
}

/// `[outbound.retry]`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RetrySettings {
    /// Attempts that count, at most.
    pub attempts: u32,
    /// Wait after the first failure; each later one is 2 to 8 times as long.
    #[serde(with = "duration")]
    pub first: Millis,
    /// Longest wait.
    #[serde(with = "duration")]
    pub max: Millis,
    /// No attempt begins later than this after the effect was asked.
    #[serde(with = "duration")]
    pub deadline: Millis,
    /// First look-up this long after an unknown outcome; doubles with each "not done".
    #[serde(with = "duration")]
    pub settle: Millis,
    /// "Not done" answers that are needed before the work is repeated.
    pub look_ups: u32,
}

impl RetrySettings {
    /// As the core wants it.
    #[must_use]
    pub const fn policy(&self) -> Policy {
        Policy {
            attempts: self.attempts,
            first: self.first,
            max: self.max,
            deadline: self.deadline,
            settle: self.settle,
            look_ups: self.look_ups,
            resend_unknown: false,
        }
    }
}

/// `[outbound.breaker]`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct BreakerSettings {
    /// Failures in a row after which an action rests.
    pub failures: u32,
    /// Failures further apart than this are not in a row.
    #[serde(with = "duration")]
    pub window: Millis,
    /// First rest; doubles each time the one that is let through fails too.
    #[serde(with = "duration")]
    pub rest: Millis,
    /// Longest rest.
    #[serde(with = "duration")]
    pub max_rest: Millis,
    /// How often a provider that refuses us as a whole (credentials, address) is tried again.
    #[serde(with = "duration")]
    pub probe: Millis,
}

impl OutboundSettings {
    /// Longest time for a whole attempt: every request of its conversation together.
    #[must_use]
    pub const fn attempt_timeout(&self) -> Millis {
        Millis(self.lease.0.saturating_sub(LEASE_MARGIN.0))
    }

    /// How long a request may wait for its turn: what an attempt has beyond its longest request.
    #[must_use]
    pub const fn patience(&self) -> Millis {
        Millis(self.attempt_timeout().0.saturating_sub(self.request_timeout.0))
    }

    /// Everything that is wrong, at once; `at` is the key of the table.
    #[must_use]
    pub fn faults(&self, at: &str) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut wrong = |bad: bool, key: &str, what: &str, hint: &str| {
            if bad {
                faults.push(Fault::new(format!("{at}.{key}"), what, hint));
            }
        };
        let lease_hint = "make the lease longer or the time-out shorter: a lease that runs out under a running request \
                          lets the same effect be performed twice";
        wrong(
            self.request_timeout > self.attempt_timeout(),
            "lease",
            &format!("is not {LEASE_MARGIN} longer than request_timeout"),
            lease_hint,
        );
        wrong(self.request_timeout.0 == 0, "request_timeout", "is zero", "15s is usual");
        wrong(self.connect_timeout.0 == 0, "connect_timeout", "is zero", "5s is usual");
        wrong(
            self.connect_timeout >= self.request_timeout,
            "connect_timeout",
            "is not shorter than request_timeout",
            "a failed connection must be distinguishable from a missing answer",
        );
        wrong(self.reply_limit < 1024, "reply_limit", "is less than 1024 bytes", "1048576 is usual");
        wrong(self.sweep.0 < 100, "sweep", "is shorter than 100ms", "5s is usual; ordinary work does not wait for it");
        wrong(
            self.longest_wait.0 == 0,
            "longest_wait",
            "is zero",
            "15m is usual; a provider that asks for time needs some",
        );
        wrong(self.publish_concurrency == 0, "publish_concurrency", "lets nothing through", "at least 1");
        wrong(self.retry.attempts == 0, "retry.attempts", "is zero", "at least 1");
        wrong(self.retry.first.0 == 0, "retry.first", "is zero", "at least 1ms; 1s is usual");
        wrong(self.retry.first > self.retry.max, "retry.max", "is shorter than retry.first", "2h is usual");
        wrong(self.retry.look_ups == 0, "retry.look_ups", "is zero", "\"not found\" just after a time-out is no proof");
        wrong(self.breaker.failures == 0, "breaker.failures", "is zero", "at least 1; 5 is usual");
        wrong(self.breaker.rest.0 == 0, "breaker.rest", "is zero", "5s is usual");
        wrong(
            self.breaker.rest > self.breaker.max_rest,
            "breaker.max_rest",
            "is shorter than breaker.rest",
            "2m is usual",
        );
        wrong(self.breaker.probe.0 == 0, "breaker.probe", "is zero", "30s is usual");
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::OutboundSettings;
    use crate::settings::load;
    use gangway_core::retry::Policy;
    use gangway_core::time::Millis;

    #[test]
    fn the_defaults_have_no_problem() {
        assert_eq!(OutboundSettings::default().faults("outbound"), []);
        assert_eq!(OutboundSettings::default().retry.policy(), Policy::default());
    }

    #[test]
    fn a_lease_that_could_end_under_a_running_request_is_refused() {
        let mut settings = OutboundSettings { request_timeout: Millis::secs(25), ..OutboundSettings::default() };
        assert_eq!(settings.faults("outbound"), []);
        settings.request_timeout = Millis(25_001);
        let faults = settings.faults("outbound");
        assert_eq!(faults.iter().map(|fault| fault.key.as_str()).collect::<Vec<_>>(), ["outbound.lease"]);
    }

    #[test]
    fn all_problems_are_told_at_once_and_an_unknown_key_is_refused() {
        let text = "request_timeout = \"0s\"\npublish_concurrency = 0\nretry.look_ups = 0\n";
        let settings: OutboundSettings = load::read("outbound", text).unwrap();
        assert_eq!(settings.faults("outbound").len(), 4, "{:?}", settings.faults("outbound"));
        assert!(load::read::<OutboundSettings>("outbound", "alow_private = true").is_err());
        assert!(load::read::<OutboundSettings>("outbound", "lease = 30").is_err());
    }
}
