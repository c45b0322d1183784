//! Rows, one file a table. They stay inside `store`: core types enter and leave it, rows never do.

pub mod effects;
pub mod events;
pub mod figures;
pub mod flow_versions;
pub mod held;
pub mod identifiers;
pub mod onboardings;
pub mod quarantine;
pub mod secrets;
pub mod tokens;
pub mod unverified;
pub mod users;
pub mod vault;
pub mod webhooks;
