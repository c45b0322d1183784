//! Values that pass through: sealed, and deleted after their last reader.

use sea_orm_migration::async_trait;
use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager};
use sea_orm_migration::schema::{big_integer, blob, blob_null, string, uuid};
use sea_orm_migration::sea_query::{Index, Table};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("secrets")
            .col(uuid("owner"))
            .col(string("name"))
            .col(blob("sealed"))
            .col(blob_null("own_key"))
            .col(big_integer("since"))
            .primary_key(Index::create().col("owner").col("name"))
            .to_owned();
        manager.create_table(table).await
    }
}
