//! Access tokens, by digest.

use sea_orm_migration::async_trait;
use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager};
use sea_orm_migration::schema::{blob, text, text_uniq};
use sea_orm_migration::sea_query::Table;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("tokens")
            .col(blob("digest").primary_key())
            .col(text_uniq("name"))
            .col(text("scopes"))
            .to_owned();
        manager.create_table(table).await
    }
}
