//! Inbox, journal and audit in one.

use sea_orm_migration::async_trait;
use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager};
use sea_orm_migration::schema::{big_integer, big_integer_null, blob, blob_null, integer, text, text_null, uuid_null};
use sea_orm_migration::sea_orm::ConnectionTrait;
use sea_orm_migration::sea_query::Table;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("events")
            .col(big_integer("seq").auto_increment().primary_key())
            .col(blob("dedupe"))
            .col(blob("digest"))
            .col(text("source"))
            .col(text("kind"))
            .col(big_integer("received_at"))
            .col(big_integer_null("occurred_at"))
            .col(uuid_null("onboarding_id"))
            .col(uuid_null("user_id"))
            .col(text("verdict"))
            .col(text_null("from_state"))
            .col(text_null("to_state"))
            .col(big_integer_null("revision"))
            .col(integer("copies"))
            .col(text("detail"))
            .col(blob("sealed"))
            .col(blob_null("own_key"))
            .col(blob_null("held_on"))
            .to_owned();
        manager.create_table(table).await?;
        for index in [
            "CREATE UNIQUE INDEX events_dedupe ON events (dedupe)",
            "CREATE INDEX events_journal ON events (onboarding_id, seq)",
            "CREATE INDEX events_held ON events (held_on, seq) WHERE verdict = 'held'",
            // For lists of the rare verdicts; the common ones are found from the end of the journal. Written as a
            // chain of OR, which both databases match with a query for one of them. Without `held`, so that the
            // planner cannot prefer this index to the one above when it looks for adoptable events.
            "CREATE INDEX events_rare ON events (verdict, seq) WHERE verdict = 'expired' \
             OR verdict = 'refused' OR verdict = 'duplicate' OR verdict = 'superseded'",
        ] {
            manager.get_connection().execute_unprepared(index).await?;
        }
        Ok(())
    }
}
