//! Settings: compiled-in defaults < file < environment, validated whole at start, all problems at once.

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
