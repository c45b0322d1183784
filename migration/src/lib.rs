//! The schema, one file a change, for both databases. Each change names its own tables and columns, so that it stays
//! what it was when the entities move on. Times are milliseconds since 1970 in UTC; there are no foreign keys: the
//! engine is the only writer, and a key check on every insert would lock the parent row of the hottest tables.

mod m20261122_000001_users;
mod m20261122_000002_onboardings;
mod m20261122_000003_identifiers;
mod m20261122_000004_events;
mod m20261122_000005_effects;
mod m20261122_000006_flow_versions;
mod m20261122_000007_tokens;
mod m20261122_000008_aside;
mod m20261122_000009_vault;
mod m20261122_000010_secrets;
mod m20261122_000011_webhooks;
mod m20261122_000012_held;
mod m20261129_000014_kept;
mod m20261129_000015_by_index;
mod m20261129_000016_waiting;
mod m20261129_000017_aside;
mod m20261129_000018_figures;
mod m20261129_000025_decided_at;
mod m20261129_000027_tokens;
mod m20261129_000028_polls;
mod m20261129_000029_kept_early;
mod m20261129_000031_email_blind;
mod m20261130_000030_causes;

use sea_orm_migration::{MigrationTrait, MigratorTrait, async_trait};

/// Every change, oldest first.
#[derive(Clone, Copy, Debug)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261122_000001_users::Migration),
            Box::new(m20261122_000002_onboardings::Migration),
            Box::new(m20261122_000003_identifiers::Migration),
            Box::new(m20261122_000004_events::Migration),
            Box::new(m20261122_000005_effects::Migration),
            Box::new(m20261122_000006_flow_versions::Migration),
            Box::new(m20261122_000007_tokens::Migration),
            Box::new(m20261122_000008_aside::Migration),
            Box::new(m20261122_000009_vault::Migration),
            Box::new(m20261122_000010_secrets::Migration),
            Box::new(m20261122_000011_webhooks::Migration),
            Box::new(m20261122_000012_held::Migration),
            Box::new(m20261129_000014_kept::Migration),
            Box::new(m20261129_000015_by_index::Migration),
            Box::new(m20261129_000016_waiting::Migration),
            Box::new(m20261129_000017_aside::Migration),
            Box::new(m20261129_000018_figures::Migration),
            Box::new(m20261129_000025_decided_at::Migration),
            Box::new(m20261129_000027_tokens::Migration),
            Box::new(m20261129_000028_polls::Migration),
            Box::new(m20261129_000029_kept_early::Migration),
            Box::new(m20261129_000031_email_blind::Migration),
            Box::new(m20261130_000030_causes::Migration),
        ]
    }
}
