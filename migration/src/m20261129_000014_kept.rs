//! Events that are kept because a process could not step their owner, found by one that can: by onboarding, or by user
//! where there is no onboarding yet. Both indexes are empty in the normal course.

use sea_orm_migration::async_trait;
use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager};
use sea_orm_migration::sea_orm::ConnectionTrait;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for change in [
            // Whether a process met it and could not step it: set once, and taken back by the process that steps it.
            "ALTER TABLE onboardings ADD COLUMN kept BOOLEAN",
            "CREATE INDEX onboardings_kept ON onboardings (id) WHERE kept",
            "CREATE INDEX events_kept ON events (onboarding_id, seq) WHERE verdict = 'kept'",
            "CREATE INDEX events_kept_user ON events (user_id, seq) WHERE verdict = 'kept' AND onboarding_id IS NULL",
        ] {
            manager.get_connection().execute_unprepared(change).await?;
        }
        Ok(())
    }
}
