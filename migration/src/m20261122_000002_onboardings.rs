//! One row is one state machine. Few indexes: every step rewrites them.

use sea_orm_migration::async_trait;
use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager};
use sea_orm_migration::schema::{big_integer, big_integer_null, blob, integer, text, uuid};
use sea_orm_migration::sea_orm::ConnectionTrait;
use sea_orm_migration::sea_query::Table;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("onboardings")
            .col(uuid("id").primary_key())
            .col(uuid("user_id"))
            .col(text("flow"))
            .col(integer("version"))
            .col(text("state"))
            .col(text("status"))
            .col(big_integer("since"))
            .col(big_integer_null("wake_at"))
            .col(big_integer("revision"))
            .col(big_integer("created_at"))
            .col(big_integer_null("ended_at"))
            .col(blob("sealed"))
            .to_owned();
        manager.create_table(table).await?;
        for index in [
            // At most one running onboarding per user and flow.
            "CREATE UNIQUE INDEX onboardings_running ON onboardings (user_id, flow) WHERE ended_at IS NULL",
            // A user's onboardings, ended ones too.
            "CREATE INDEX onboardings_user ON onboardings (user_id)",
            // Onboardings to wake.
            "CREATE INDEX onboardings_wake ON onboardings (wake_at) WHERE wake_at IS NOT NULL",
            // Lists, newest first.
            "CREATE INDEX onboardings_status ON onboardings (status, id)",
            "CREATE INDEX onboardings_state ON onboardings (flow, state, id)",
        ] {
            manager.get_connection().execute_unprepared(index).await?;
        }
        Ok(())
    }
}
