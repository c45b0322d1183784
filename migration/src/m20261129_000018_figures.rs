//! Counts that are kept as they change. Transactions only add rows, and sum them up as they add: a count has no row of
//! its own that two transactions could wait for.

use sea_orm_migration::async_trait;
use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager};
use sea_orm_migration::schema::{big_integer, text};
use sea_orm_migration::sea_orm::ConnectionTrait;
use sea_orm_migration::sea_query::Table;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("figures")
            .col(big_integer("id").auto_increment().primary_key())
            .col(text("name"))
            .col(text("flow"))
            .col(text("status"))
            .col(big_integer("number"))
            .to_owned();
        manager.create_table(table).await?;
        for fill in [
            "INSERT INTO figures (name, flow, status, number) \
             SELECT 'onboardings', flow, status, count(*) FROM onboardings GROUP BY flow, status",
            "INSERT INTO figures (name, flow, status, number) \
             SELECT 'held', '', '', count(*) FROM events WHERE verdict = 'held'",
            "INSERT INTO figures (name, flow, status, number) \
             SELECT 'effects', '', '', (SELECT count(*) FROM effects WHERE lease_until IS NULL AND settled_at IS NULL) \
             + (SELECT count(*) FROM effects WHERE lease_until IS NOT NULL)",
        ] {
            manager.get_connection().execute_unprepared(fill).await?;
        }
        Ok(())
    }
}
