//! Settings: compiled-in defaults < file < environment, validated whole at start, all problems at once.
//! Text enters, typed sections leave. Never here: a secret's value in a problem, a log line or a printout.

mod across;
pub mod amqp;
pub mod didx;
pub mod duration;
pub mod engine;
mod environment;
mod file;
pub mod flows;
pub mod generic;
pub mod guardian;
pub mod haven;
pub mod installed;
pub mod keys;
mod kind;
mod load;
pub mod log;
pub mod mail;
mod merge;
mod nearest;
pub mod original;
pub mod outbound;
pub mod password;
pub mod providers;
mod samples;
mod secret;
pub mod server;
mod show;
pub mod store;
pub mod text;
mod typed;
pub mod waltid;
pub mod webhooks;

pub use amqp::AmqpSettings;
pub use engine::EngineSettings;
pub use flows::FlowSettings;
pub use installed::{Provider, Providers};
pub use keys::KeySettings;
pub use load::{DEFAULTS, Input};
pub use log::LogSettings;
pub use mail::MailSettings;
pub use original::OriginalSettings;
pub use outbound::OutboundSettings;
pub use server::ServerSettings;
pub use show::Shown;
pub use store::DatabaseSettings;
pub use webhooks::IntakeSettings;

use std::fmt;

/// One thing that is wrong in the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where: `providers.original.base_url`.
    pub key: String,
    /// What is wrong. Never holds a secret's value.
    pub what: String,
    /// How to mend it.
    pub hint: String,
    /// Where it was set: file and line, or the variable; empty when nobody set it.
    pub place: String,
}

impl Problem {
    /// A problem at this key.
    #[must_use]
    pub fn new(key: impl Into<String>, what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { key: key.into(), what: what.into(), hint: hint.into(), place: String::new() }
    }
}

/// Everything that is wrong in the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "settings: {} problem{}", self.0.len(), if self.0.len() == 1 { "" } else { "s" })?;
        for problem in &self.0 {
            match problem.place.as_str() {
                "" => writeln!(f, "  {}: {}", problem.key, problem.what)?,
                place => writeln!(f, "  {} ({place}): {}", problem.key, problem.what)?,
            }
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
    /// `[intake]`
    pub intake: IntakeSettings,
    /// `[amqp]`
    pub amqp: AmqpSettings,
    /// `[outbound]`
    pub outbound: OutboundSettings,
    /// `[mail]`
    pub mail: MailSettings,
    /// `[providers.NAME]`
    pub providers: Providers,
    /// What is in force, key by key, with where it came from; secrets masked.
    pub shown: Vec<Shown>,
}
