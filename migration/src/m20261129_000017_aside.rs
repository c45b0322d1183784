//! What is kept apart may be taken again: in which form its bytes are, and how much room it takes.

use sea_orm_migration::async_trait;
use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager};
use sea_orm_migration::sea_orm::ConnectionTrait;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["unverified", "quarantine"] {
            for column in ["form", "size"] {
                let add = format!("ALTER TABLE {table} ADD COLUMN {column} bigint");
                manager.get_connection().execute_unprepared(&add).await?;
            }
        }
        Ok(())
    }
}
