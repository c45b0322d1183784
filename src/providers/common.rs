//! What the settings of every provider have in common. What only one provider has is in its adapter's folder.

use gangway_core::retry::Policy;
use gangway_core::time::Millis;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::settings::{Fault, Faults, Section, duration};

/// The common part of `[providers.NAME]`. An adapter's own settings hold it flattened.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct ProviderSettings {
    /// Where the provider is, without a slash at the end.
    pub base_url: String,
    /// Requests in flight at once, at most.
    pub concurrency: u32,
    /// What differs from `[outbound]` in retrying calls of this provider.
    #[serde(default)]
    pub retry: RetryOverlay,
}

/// What one provider does otherwise than `[outbound.retry]`; what is left out stays.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct RetryOverlay {
    /// Attempts that count, at most.
    pub attempts: Option<u32>,
    /// Wait after the first failure.
    #[serde(with = "duration::option")]
    pub first: Option<Millis>,
    /// Longest wait.
    #[serde(with = "duration::option")]
    pub max: Option<Millis>,
    /// No attempt begins later than this.
    #[serde(with = "duration::option")]
    pub deadline: Option<Millis>,
    /// First look-up this long after an unknown outcome.
    #[serde(with = "duration::option")]
    pub settle: Option<Millis>,
    /// "Not done" answers that are needed before a repeat.
    pub look_ups: Option<u32>,
}

impl RetryOverlay {
    /// The general policy with what differs here.
    #[must_use]
    pub fn over(&self, general: &Policy) -> Policy {
        Policy {
            attempts: self.attempts.unwrap_or(general.attempts),
            first: self.first.unwrap_or(general.first),
            max: self.max.unwrap_or(general.max),
            deadline: self.deadline.unwrap_or(general.deadline),
            settle: self.settle.unwrap_or(general.settle),
            look_ups: self.look_ups.unwrap_or(general.look_ups),
            resend_unknown: general.resend_unknown,
        }
    }
}

impl ProviderSettings {
    /// The common part of a section that was checked.
    ///
    /// # Errors
    /// Every problem that was found.
    pub fn of(section: &Section) -> Result<Self, Faults> {
        section.read(|_, _| Vec::new())
    }

    /// Everything that is wrong, at once; `at` is the key of the table.
    #[must_use]
    pub fn faults(&self, at: &str) -> Vec<Fault> {
        let mut faults = Vec::new();
        match Url::parse(&self.base_url) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => {
                if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
                    let hint = "give only scheme, host, port and path";
                    faults.push(Fault::new(format!("{at}.base_url"), "holds credentials or a query", hint));
                }
            }
            _ => faults.push(Fault::new(
                format!("{at}.base_url"),
                "is not an http or https address",
                "write it like `https://api.example.com/v1`",
            )),
        }
        if self.concurrency == 0 {
            let hint = "at least 1; leave the provider's table out to switch it off";
            faults.push(Fault::new(format!("{at}.concurrency"), "lets no request through", hint));
        }
        faults
    }
}

/// What is wrong with a provider's table, collected while its values are looked at.
#[derive(Debug)]
pub struct Checks<'a> {
    at: &'a str,
    faults: Vec<Fault>,
}

impl<'a> Checks<'a> {
    /// Begins with what is wrong with the common part; `at` is the key of the table.
    #[must_use]
    pub fn of(common: &ProviderSettings, at: &'a str) -> Self {
        Self { at, faults: common.faults(at) }
    }

    /// Adds a problem of `key`, a path below the table, when `bad`.
    pub fn wrong(&mut self, bad: bool, key: &str, what: &str, hint: &str) {
        if bad {
            self.faults.push(Fault::new(format!("{}.{key}", self.at), what, hint));
        }
    }

    /// Everything that is wrong.
    #[must_use]
    pub fn faults(self) -> Vec<Fault> {
        self.faults
    }
}

/// Whether this is an address that requests can go to: one with a login would show it wherever the address is shown.
#[must_use]
pub fn is_web(address: &str) -> bool {
    Url::parse(address).is_ok_and(|url| {
        let login = !url.username().is_empty() || url.password().is_some();
        matches!(url.scheme(), "http" | "https") && !login
    })
}

/// Whether a key, token or id can stand in a header as it is.
#[must_use]
pub fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
}
