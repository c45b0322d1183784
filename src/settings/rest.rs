//! PLUG HERE: sections whose types are written beside their users. Their keys and kinds are checked against
//! `gangway.default.toml` already; to plug one in, type it in `Settings` and `load::assemble`, and take it out of here.

use toml::{Table, Value};

/// Sections whose keys are not checked against the defaults: each provider checks its own.
pub(crate) const OPEN: [&str; 1] = ["providers"];

/// Providers that gangway knows.
pub(crate) const PROVIDERS: [&str; 1] = ["original"];

/// The sections as they came.
#[derive(Clone)]
pub struct Rest {
    /// `[amqp]`
    pub amqp: Table,
    /// `[mail]`
    pub mail: Table,
    /// `[outbound]`
    pub outbound: Table,
    /// `[intake]`
    pub intake: Table,
    /// `[providers]`: one table for each provider.
    pub providers: Table,
}

impl std::fmt::Debug for Rest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Rest(…)") // may hold secrets
    }
}

impl Rest {
    pub(crate) fn of(table: &Table) -> Self {
        let section = |name: &str| table.get(name).and_then(Value::as_table).cloned().unwrap_or_default();
        Self {
            amqp: section("amqp"),
            mail: section("mail"),
            outbound: section("outbound"),
            intake: section("intake"),
            providers: section("providers"),
        }
    }
}
