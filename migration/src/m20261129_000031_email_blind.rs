//! The keyed hash of a user's e-mail address, by which all who share one are found. Of rows that were written before,
//! only the first with an address is found by it, as before.

use sea_orm_migration::async_trait;
use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager};
use sea_orm_migration::schema::blob_null;
use sea_orm_migration::sea_orm::ConnectionTrait;
use sea_orm_migration::sea_query::Table;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let column = Table::alter().table("users").add_column(blob_null("email_blind")).to_owned();
        manager.alter_table(column).await?;
        for index in [
            "CREATE INDEX IF NOT EXISTS users_email ON users (email_blind) WHERE email_blind IS NOT NULL",
            // What an onboarding was given, for the screen of its user.
            "CREATE INDEX IF NOT EXISTS identifiers_onboarding ON identifiers (onboarding_id) \
             WHERE onboarding_id IS NOT NULL",
        ] {
            manager.get_connection().execute_unprepared(index).await?;
        }
        Ok(())
    }
}
