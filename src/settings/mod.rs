//! Settings: compiled-in defaults < file < environment, validated whole at start, all problems at once.
//! Text enters; typed sections leave, and those of providers as they are: each provider types its own. Never here: the
//! name of a provider; a secret's value in a problem, a log line or a printout.

mod across;
pub(crate) mod address;
pub mod amqp;
pub mod duration;
pub mod engine;
mod environment;
mod file;
pub mod flows;
pub mod intake;
pub mod keys;
mod load;
pub mod log;
pub mod mail;
mod merge;
pub mod outbound;
pub mod pasted;
pub mod providers;
pub mod secret;
mod section;
pub mod server;
mod shape;
mod show;
pub mod store;
pub mod text;
mod value_type;

pub use amqp::AmqpSettings;
pub use engine::EngineSettings;
pub use flows::FlowSettings;
pub use intake::IntakeSettings;
pub use keys::KeySettings;
pub use load::{DEFAULTS, Input};
pub use log::LogSettings;
pub use mail::MailSettings;
pub use outbound::OutboundSettings;
pub use providers::{Form, Forms, Provider, Providers};
pub use section::Section;
pub use server::ServerSettings;
pub use show::Shown;
pub use store::DatabaseSettings;

use std::fmt;

/// One thing that is wrong in the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where: `providers.original.base_url`.
    pub key: String,
    /// What is wrong. Never holds a secret's value.
    pub what: String,
    /// How to mend it.
    pub hint: String,
    /// Where it was set: file and line, or the variable; empty for a default.
    pub place: String,
}

impl Fault {
    /// A problem at this key.
    #[must_use]
    pub fn new(key: impl Into<String>, what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { key: key.into(), what: what.into(), hint: hint.into(), place: String::new() }
    }
}

/// Everything that is wrong in the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults(pub Vec<Fault>);

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "settings: {} problem{}", self.0.len(), if self.0.len() == 1 { "" } else { "s" })?;
        for fault in &self.0 {
            match fault.place.as_str() {
                "" => writeln!(f, "  {}: {}", fault.key, fault.what)?,
                place => writeln!(f, "  {} ({place}): {}", fault.key, fault.what)?,
            }
            if !fault.hint.is_empty() {
                writeln!(f, "    hint: {}", fault.hint)?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}

/// The settings in force. Only [`Settings::of`] makes them, so code that holds one may rely on every check.
#[derive(Clone)]
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

impl fmt::Debug for Settings {
    /// As they are shown: a secret may stand where no setting for one is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.shown.iter().map(|shown| (&shown.key, &shown.value))).finish()
    }
}
