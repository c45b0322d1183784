//! When an event was decided, where that is not when it was received.

use sea_orm_migration::async_trait;
use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager};
use sea_orm_migration::schema::big_integer_null;
use sea_orm_migration::sea_query::Table;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let column = Table::alter().table("events").add_column(big_integer_null("decided_at")).to_owned();
        manager.alter_table(column).await
    }
}
