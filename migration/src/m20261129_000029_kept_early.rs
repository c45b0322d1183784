//! What is kept for users before an onboarding takes it may be much: it is found by type and by age, without the rest.

use sea_orm_migration::async_trait;
use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager};
use sea_orm_migration::sea_orm::ConnectionTrait;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for index in [
            "CREATE INDEX IF NOT EXISTS events_kept_kind ON events (kind, user_id) \
             WHERE verdict = 'kept' AND onboarding_id IS NULL",
            "CREATE INDEX IF NOT EXISTS events_kept_age ON events (received_at) \
             WHERE verdict = 'kept' AND onboarding_id IS NULL",
        ] {
            manager.get_connection().execute_unprepared(index).await?;
        }
        Ok(())
    }
}
