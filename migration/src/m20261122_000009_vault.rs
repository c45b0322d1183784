//! One row, sealed with the master key: a wrong master key is noticed at the start, not at the first user.

use sea_orm_migration::async_trait;
use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager};
use sea_orm_migration::schema::{blob, integer};
use sea_orm_migration::sea_query::Table;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create().table("vault").col(integer("id").primary_key()).col(blob("canary")).to_owned();
        manager.create_table(table).await
    }
}
