//! Bringing the schema up to date, and checking at the start that schema and master key fit.

use gangway_entities::vault;
use gangway_migration::Migrator;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue, ConnectionTrait, DatabaseConnection, DbBackend, EntityTrait, Statement, TransactionTrait};
use sea_orm_migration::{MigrationStatus, MigratorTrait};

use super::dialect::IMMEDIATE;
use super::errors::from_db;
use super::held;
use super::keys::Keyring;
use super::types::StoreError;
use crate::clock::Chance;

const POOL: &str = "work";

/// "gangway" and a number: no other program's advisory lock.
const LOCK: i64 = 0x6761_6e67_7761_7901;

/// The change since which held events wait on all of their identifiers.
const HELD: &str = "m20261122_000012_held";

/// The one row of the vault.
const ROW: i32 = 1;

/// Runs what was not run yet, one process at a time: the others wait and then find nothing to do. One transaction;
/// after a crash inside it the schema is as it was before.
pub(super) async fn migrate(db: &DatabaseConnection, keys: &Keyring, chance: &dyn Chance) -> Result<(), StoreError> {
    let failed = |error| setup(from_db(POOL, error));
    let tx = db.begin_with_options(IMMEDIATE).await.map_err(failed)?;
    if db.get_database_backend() == DbBackend::Postgres {
        // A change of the schema takes as long as it takes, and so does waiting for another process that makes it; but
        // a process that asks for nothing more stands still or is gone, and the others must not wait for it for ever.
        let unlimited = "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0; \
                         SET LOCAL idle_in_transaction_session_timeout = '10min'";
        tx.execute_unprepared(unlimited).await.map_err(failed)?;
        let lock =
            Statement::from_sql_and_values(DbBackend::Postgres, "SELECT pg_advisory_xact_lock($1)", [LOCK.into()]);
        tx.execute_raw(lock).await.map_err(failed)?;
    }
    let pending = Migrator::get_pending_migrations(&tx).await.map_err(failed)?;
    Migrator::up(&tx, None).await.map_err(failed)?;
    if pending.iter().any(|change| change.name() == HELD) {
        held::complete(&tx, keys).await.map_err(failed)?;
    }
    let row = vault::ActiveModel { id: ActiveValue::Set(ROW), canary: ActiveValue::Set(keys.canary(chance)?) };
    let keep_first = OnConflict::column(vault::Column::Id).do_nothing().to_owned();
    vault::Entity::insert(row).on_conflict(keep_first).exec_without_returning(&tx).await.map_err(failed)?;
    check_key(&tx, keys).await?;
    tx.commit().await.map_err(failed)
}

/// Whether the schema is complete. A schema that a later version changed, or another master key, is refused.
pub(super) async fn check(db: &DatabaseConnection, keys: &Keyring) -> Result<bool, StoreError> {
    let known = Migrator::get_migration_with_status_read_only(db).await;
    let known = known.map_err(|error| setup(from_db(POOL, error)))?;
    let applied = known.iter().filter(|one| one.status() == MigrationStatus::Applied).count();
    if applied == known.len() {
        check_key(db, keys).await?;
    }
    Ok(applied == known.len())
}

async fn check_key<C: ConnectionTrait>(db: &C, keys: &Keyring) -> Result<(), StoreError> {
    let row = vault::Entity::find_by_id(ROW).one(db).await.map_err(|error| from_db(POOL, error))?;
    if row.is_some_and(|row| !keys.knows(&row.canary)) {
        let text = "its data was sealed with another master key; set GANGWAY_MASTER_KEY to the one it was made with";
        return Err(StoreError::Setup(text.into()));
    }
    Ok(())
}

/// In changes of the schema no row is at fault.
fn setup(error: StoreError) -> StoreError {
    match error {
        StoreError::Poison(text) | StoreError::Unlisted(text) => StoreError::Setup(text),
        other => other,
    }
}
