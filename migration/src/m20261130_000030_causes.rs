//! Why a person is asked, as a column, and lists by what waits longest.

use sea_orm_migration::async_trait;
use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager};
use sea_orm_migration::schema::string_null;
use sea_orm_migration::sea_orm::ConnectionTrait;
use sea_orm_migration::sea_query::Table;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let column = Table::alter().table("onboardings").add_column(string_null("cause")).to_owned();
        manager.alter_table(column).await?;
        for index in [
            "CREATE INDEX IF NOT EXISTS onboardings_causes ON onboardings (cause, since, id) WHERE status = 'review'",
            "CREATE INDEX IF NOT EXISTS onboardings_reviews ON onboardings (since, id) WHERE status = 'review'",
            "CREATE INDEX IF NOT EXISTS onboardings_waits ON onboardings (since, id) WHERE status = 'waiting'",
        ] {
            manager.get_connection().execute_unprepared(index).await?;
        }
        Ok(())
    }
}
