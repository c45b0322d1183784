//! `[database]`: where everything is kept, and how many connections each kind of work may take.

use gangway_core::time::Millis;
use serde::Deserialize;

use super::{Fault, duration};
use crate::clock::Trust;

/// Where everything is kept.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseSettings {
    /// Address; may hold a password, so it is never printed as it is.
    #[serde(default)]
    pub url: String,
    /// Connections of the intake writers.
    pub intake: u32,
    /// Connections for leases, timers and sweeps.
    pub work: u32,
    /// Connections for API and screens.
    pub screens: u32,
    /// Longest wait for a free connection.
    #[serde(with = "duration")]
    pub acquire: Millis,
    /// The longest difference of the database's clock that is believed at once.
    #[serde(with = "duration")]
    pub clock_limit: Millis,
    /// How long a longer one must last to be believed.
    #[serde(with = "duration")]
    pub clock_grace: Millis,
    /// How much later than the newest time on record a start may be.
    #[serde(with = "duration")]
    pub clock_leap: Millis,
    /// Longest life of a transaction that takes events.
    #[serde(with = "duration")]
    pub transaction: Millis,
    /// Longest wait for one statement.
    #[serde(with = "duration")]
    pub statement: Millis,
    /// Longest wait for a row that another transaction holds.
    #[serde(with = "duration")]
    pub lock: Millis,
    /// As `lock`, while rows are known to be held.
    #[serde(with = "duration")]
    pub lock_again: Millis,
    /// How long rows are thought to be held after it was last noticed.
    #[serde(with = "duration")]
    pub locked_for: Millis,
    /// How long the server lets a transaction of ours be idle.
    #[serde(with = "duration")]
    pub idle_in_transaction: Millis,
    /// Longest wait for a sign of life of a connection before it is used or put back.
    #[serde(with = "duration")]
    pub ping: Millis,
}

impl std::fmt::Debug for DatabaseSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DatabaseSettings")
            .field("url", &super::show::without_password(&self.url))
            .finish_non_exhaustive()
    }
}

impl DatabaseSettings {
    /// What is wrong in it.
    #[must_use]
    pub fn faults(&self, at: &str) -> Vec<Fault> {
        let mut faults = Vec::new();
        let key = |name: &str| format!("{at}.{name}");
        if !self.sqlite() && !self.url.starts_with("postgres://") && !self.url.starts_with("postgresql://") {
            let hint = "begin it with sqlite: or postgres://";
            faults.push(Fault::new(key("url"), "names no database that gangway knows", hint));
        }
        let unescaped = super::address::unescaped(&self.url).filter(|_| !self.sqlite());
        if let Some(what) = unescaped {
            faults.push(Fault::new(key("url"), what, super::address::ESCAPES));
        }
        for (name, value) in [("intake", self.intake), ("work", self.work), ("screens", self.screens)] {
            if value == 0 {
                faults.push(Fault::new(
                    key(name),
                    "is zero",
                    "this kind of work would never get a connection; 1 or more",
                ));
            }
        }
        for (name, value, hint) in [
            ("clock_limit", self.clock_limit, "every difference would be doubted; 5s is usual"),
            ("clock_grace", self.clock_grace, "every leap of the clock would be believed; 60s is usual"),
            ("clock_leap", self.clock_leap, "every start would be doubted; 7d is usual"),
        ] {
            if value == Millis(0) {
                faults.push(Fault::new(key(name), "is zero", hint));
            }
        }
        let limits = [
            ("transaction", self.transaction, "8s"),
            ("statement", self.statement, "5s"),
            ("lock", self.lock, "2s"),
            ("lock_again", self.lock_again, "200ms"),
            ("idle_in_transaction", self.idle_in_transaction, "10s"),
            ("ping", self.ping, "1s"),
        ];
        for (name, limit, usual) in limits {
            if limit == Millis(0) {
                let hint = format!("an endless wait stops everything behind it; {usual} is usual");
                faults.push(Fault::new(key(name), "is zero", hint));
            }
        }
        if self.acquire == Millis(0) {
            faults.push(Fault::new(key("acquire"), "is zero", "every wait for a connection would fail; 5s is usual"));
        }
        faults
    }

    /// When what the database's clock says is believed.
    #[must_use]
    pub const fn trust(&self) -> Trust {
        Trust { limit: self.clock_limit, grace: self.clock_grace, leap: self.clock_leap }
    }

    /// Whether it is the embedded database.
    #[must_use]
    pub fn sqlite(&self) -> bool {
        self.url.starts_with("sqlite:")
    }
}
