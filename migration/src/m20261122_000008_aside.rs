//! Kept apart from the journal: deliveries that failed verification, and events that the database refuses.

use sea_orm_migration::async_trait;
use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager};
use sea_orm_migration::schema::{big_integer, blob, text, uuid};
use sea_orm_migration::sea_orm::ConnectionTrait;
use sea_orm_migration::sea_query::Table;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for name in ["unverified", "quarantine"] {
            let table = Table::create()
                .table(name)
                .col(uuid("id").primary_key())
                .col(text("source"))
                .col(text("reason"))
                .col(big_integer("received_at"))
                .col(blob("sealed"))
                .to_owned();
            manager.create_table(table).await?;
        }
        let index = "CREATE INDEX unverified_oldest ON unverified (source, id)";
        manager.get_connection().execute_unprepared(index).await?;
        Ok(())
    }
}
