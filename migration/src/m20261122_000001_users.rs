//! The person: personal data sealed with a key of the person's own, which the master key wraps.

use sea_orm_migration::async_trait;
use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager};
use sea_orm_migration::schema::{big_integer, blob, uuid};
use sea_orm_migration::sea_query::Table;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("users")
            .col(uuid("id").primary_key())
            .col(blob("sealed"))
            .col(blob("wrapped_key"))
            .col(big_integer("created_at"))
            .to_owned();
        manager.create_table(table).await
    }
}
