//! What the sweep looks for, by indexes that are empty in the normal course or hold the rare rows only.

use sea_orm_migration::async_trait;
use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager};
use sea_orm_migration::sea_orm::ConnectionTrait;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for index in [
            // Never a normal course: every waiting onboarding has a deadline or a poll.
            "CREATE INDEX IF NOT EXISTS onboardings_timeless ON onboardings (id) \
             WHERE status = 'waiting' AND wake_at IS NULL",
            // Held events that find no owner, the oldest first.
            "CREATE INDEX IF NOT EXISTS events_held_age ON events (received_at) WHERE verdict = 'held'",
        ] {
            manager.get_connection().execute_unprepared(index).await?;
        }
        Ok(())
    }
}
