//! Definitions of flows: a version is written once and never changed.

use sea_orm_migration::async_trait;
use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager};
use sea_orm_migration::schema::{integer, text};
use sea_orm_migration::sea_query::{Index, Table};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("flow_versions")
            .col(text("name"))
            .col(integer("version"))
            .col(text("digest"))
            .col(text("body"))
            .primary_key(Index::create().col("name").col("version"))
            .to_owned();
        manager.create_table(table).await
    }
}
