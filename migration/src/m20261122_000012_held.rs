//! What held events wait on: every identifier that they name, in place of the first one only.

use sea_orm_migration::async_trait;
use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager};
use sea_orm_migration::schema::{big_integer, blob, integer};
use sea_orm_migration::sea_orm::ConnectionTrait;
use sea_orm_migration::sea_query::{Index, Table};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        // First of all: on PostgreSQL it locks `events`, so that nothing is held on the old column after the copy. A
        // process of the version before can then write no event, and asks its senders to try again.
        db.execute_unprepared("DROP INDEX events_held").await?;
        let table = Table::create()
            .table("held")
            .col(blob("blind"))
            .col(big_integer("seq"))
            .col(integer("place"))
            .primary_key(Index::create().col("blind").col("seq"))
            .to_owned();
        manager.create_table(table).await?;
        for change in [
            "INSERT INTO held (blind, seq, place) SELECT held_on, seq, 0 FROM events \
             WHERE verdict = 'held' AND held_on IS NOT NULL",
            "CREATE INDEX held_seq ON held (seq)",
            "ALTER TABLE events DROP COLUMN held_on",
            // For the list of held events, their number, and those that find no owner.
            "CREATE INDEX events_held ON events (seq) WHERE verdict = 'held'",
        ] {
            db.execute_unprepared(change).await?;
        }
        Ok(())
    }
}
