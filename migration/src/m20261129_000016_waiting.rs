//! Effects by what they ask, so that those of an action that rests are passed over without being read.

use sea_orm_migration::async_trait;
use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager};
use sea_orm_migration::sea_orm::ConnectionTrait;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let index = "CREATE INDEX effects_waiting ON effects (slot, target, mode, due_at) \
                     WHERE lease_until IS NULL AND settled_at IS NULL";
        manager.get_connection().execute_unprepared(index).await.map(drop)
    }
}
