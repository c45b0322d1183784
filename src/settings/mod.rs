//! Settings: compiled-in defaults < file < environment, validated whole at start, all problems at once.
//! Text enters, typed sections leave. Never here: a secret's value in a problem, a log line or a printout.

mod across;
mod environment;
mod kind;
pub mod length;
mod load;
mod merge;
mod nearest;
pub mod rest;
mod secret;
mod show;

pub mod engine;
pub mod flows;
pub mod keys;
pub mod log;
pub mod server;
pub mod store;

pub use engine::EngineSettings;
pub use flows::FlowSettings;
pub use keys::KeySettings;
pub use load::{DEFAULTS, Input};
pub use log::LogSettings;
pub use server::ServerSettings;
pub use show::Shown;
pub use store::DatabaseSettings;

use std::fmt;

pub mod amqp;
pub mod webhooks;
pub mod duration;
pub mod mail;
pub mod outbound;
pub mod providers;

/// One thing that is wrong in the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where: `providers.original.base_url`.
    pub key: String,
    /// What is wrong. Never holds a secret's value.
    pub what: String,
    /// How to mend it.
    pub hint: String,
}

impl Problem {
    /// A problem at this key.
    #[must_use]
    pub fn new(key: impl Into<String>, what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { key: key.into(), what: what.into(), hint: hint.into() }
    }
}

/// Everything that is wrong in the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "settings: {} problem{}", self.0.len(), if self.0.len() == 1 { "" } else { "s" })?;
        for problem in &self.0 {
            writeln!(f, "  {}: {}", problem.key, problem.what)?;
            if !problem.hint.is_empty() {
                writeln!(f, "    hint: {}", problem.hint)?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// The settings in force. Cannot be had but through [`Settings::read`], so whoever holds one may rely on every check.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `[server]`
    pub server: ServerSettings,
    /// `[database]`
    pub database: DatabaseSettings,
    /// `[engine]`
    pub engine: EngineSettings,
    /// `[keys]`
    pub keys: KeySettings,
    /// `[flows]`
    pub flows: FlowSettings,
    /// `[log]`
    pub log: LogSettings,
    /// Sections that are typed elsewhere, as they came.
    pub rest: rest::Rest,
    /// What is in force, key by key, with where it came from; secrets masked.
    pub shown: Vec<Shown>,
}
