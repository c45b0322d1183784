//! `[log]`: how much is said on stderr, and in which form.

use serde::Deserialize;

use super::Fault;

/// How much is said on stderr, and in which form.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogSettings {
    /// `error`, `warn`, `info`, `debug` or `trace`.
    #[serde(default)]
    pub level: String,
    /// `text` or `json`.
    #[serde(default)]
    pub format: String,
}

impl LogSettings {
    const LEVELS: [&str; 5] = ["error", "warn", "info", "debug", "trace"];

    /// What is wrong in it.
    #[must_use]
    pub fn faults(&self, at: &str) -> Vec<Fault> {
        let mut faults = Vec::new();
        if !Self::LEVELS.contains(&self.level.as_str()) {
            let hint = "one of error, warn, info, debug, trace; GANGWAY_LOG takes a finer filter";
            faults.push(Fault::new(format!("{at}.level"), "is not a level", hint));
        }
        if !["text", "json"].contains(&self.format.as_str()) {
            faults.push(Fault::new(
                format!("{at}.format"),
                "is not a log format",
                "text for people, json for collectors",
            ));
        }
        faults
    }

    /// Whether log lines are JSON.
    #[must_use]
    pub fn json(&self) -> bool {
        self.format == "json"
    }
}
