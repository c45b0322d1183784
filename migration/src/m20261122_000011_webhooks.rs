//! Our webhook addresses that were registered at providers, with the secrets that were shown once.

use sea_orm_migration::async_trait;
use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager};
use sea_orm_migration::schema::{big_integer, blob, string, uuid};
use sea_orm_migration::sea_query::Table;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("webhooks")
            .col(uuid("id").primary_key())
            .col(string("provider"))
            .col(string("webhook_id"))
            .col(blob("sealed"))
            .col(big_integer("since"))
            .to_owned();
        manager.create_table(table).await
    }
}
