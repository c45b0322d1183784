//! What is asked of the world: intent, attempts, lease, outcome.

use sea_orm_migration::async_trait;
use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager};
use sea_orm_migration::schema::{big_integer, big_integer_null, blob, integer, text, text_null, uuid, uuid_null};
use sea_orm_migration::sea_orm::ConnectionTrait;
use sea_orm_migration::sea_query::{Index, Table};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("effects")
            .col(uuid("onboarding_id"))
            .col(big_integer("n"))
            .col(text("kind"))
            .col(text("target"))
            .col(text("slot"))
            .col(blob("request"))
            .col(integer("attempt"))
            .col(text("mode"))
            .col(big_integer_null("uncertain_since"))
            .col(big_integer("asked_at"))
            .col(big_integer("due_at"))
            .col(big_integer_null("lease_until"))
            .col(uuid_null("lease_token"))
            .col(text_null("outcome"))
            .col(big_integer_null("settled_at"))
            .primary_key(Index::create().col("onboarding_id").col("n"))
            .to_owned();
        manager.create_table(table).await?;
        for index in [
            // Only what is still to be done is in these: they stay small however long the history is, and an effect
            // that is born leased and settled by its first attempt never enters the first two.
            "CREATE INDEX effects_due ON effects (slot, due_at) WHERE lease_until IS NULL AND settled_at IS NULL",
            "CREATE INDEX effects_next ON effects (due_at) WHERE lease_until IS NULL AND settled_at IS NULL",
            "CREATE INDEX effects_leased ON effects (lease_until) WHERE lease_until IS NOT NULL",
        ] {
            manager.get_connection().execute_unprepared(index).await?;
        }
        Ok(())
    }
}
