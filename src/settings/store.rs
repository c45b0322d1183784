//! `[database]`: where everything is kept, and how many connections each kind of work may take.

use gangway_core::time::Millis;
use serde::Deserialize;

use super::{Problem, duration};

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
    pub fn problems(&self, at: &str) -> Vec<Problem> {
        let mut problems = Vec::new();
        let key = |name: &str| format!("{at}.{name}");
        if !self.sqlite() && !self.url.starts_with("postgres://") && !self.url.starts_with("postgresql://") {
            let hint = "begin it with sqlite: or postgres://";
            problems.push(Problem::new(key("url"), "names no database that gangway knows", hint));
        }
        for (name, value) in [("intake", self.intake), ("work", self.work), ("screens", self.screens)] {
            if value == 0 {
                problems.push(Problem::new(
                    key(name),
                    "is zero",
                    "this kind of work would never get a connection; 1 or more",
                ));
            }
        }
        if self.acquire == Millis(0) {
            problems.push(Problem::new(
                key("acquire"),
                "is zero",
                "every wait for a connection would fail; 5s is usual",
            ));
        }
        problems
    }

    /// Whether it is the embedded database.
    #[must_use]
    pub fn sqlite(&self) -> bool {
        self.url.starts_with("sqlite:")
    }
}
