//! Rows of the journal that polls share: since when and how many.

use sea_orm_migration::async_trait;
use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager};
use sea_orm_migration::sea_orm::ConnectionTrait;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for change in [
            // When the last of the events was received that share the row.
            "ALTER TABLE events ADD COLUMN last_at bigint",
            // How many share it; absent: one.
            "ALTER TABLE events ADD COLUMN times integer",
        ] {
            manager.get_connection().execute_unprepared(change).await?;
        }
        Ok(())
    }
}
