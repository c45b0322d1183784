//! The owners of identifiers, by keyed hash. A row without an owner is the placeholder that held events wait on.

use sea_orm_migration::async_trait;
use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager};
use sea_orm_migration::schema::{big_integer, blob, text, uuid_null};
use sea_orm_migration::sea_query::Table;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("identifiers")
            .col(blob("blind").primary_key())
            .col(text("kind"))
            .col(uuid_null("onboarding_id"))
            .col(uuid_null("user_id"))
            .col(big_integer("since"))
            .to_owned();
        manager.create_table(table).await
    }
}
