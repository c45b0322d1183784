//! All SQL, and the only place that knows rows. Core types enter and leave; rows and ciphertext stay inside.
//! PostgreSQL and SQLite; their few differences are in `dialect`.

mod address;
mod alone;
pub mod aside;
pub mod audit;
mod bounded;
mod dialect;
pub mod effects;
mod errors;
pub mod figures;
pub mod flows;
pub mod held;
pub mod kept;
pub mod key_file;
pub mod keys;
mod lent;
mod open;
pub mod polls;
mod rolling;
mod rows;
mod schema;
pub mod search;
pub mod secrets;
pub mod story;
pub mod tokens;
pub mod tx;
pub mod types;
mod unknown;
pub mod wakes;
pub mod webhooks;

pub use keys::{Blind, DataKey, Keyring};
pub use tx::Tx;
pub use types::{Limits, StoreError, StoreOptions};

use std::sync::Arc;

use gangway_core::time::Timestamp;
use gangway_entities::events;
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, QueryOrder, QuerySelect, Statement};

use crate::clock::Chance;
use bounded::Db;
use dialect::{PostgresSession, Session, SqliteSession};
use figures::{Added, Tally};
use open::Pools;
use rolling::Rolling;

/// The database. Clones share the pools.
#[derive(Clone, Debug)]
pub struct Store {
    keys: Arc<Keyring>,
    chance: Arc<dyn Chance>,
    pools: Arc<Pools>,
    rolling: Arc<Rolling>,
    added: Arc<Added>,
}

impl Store {
    /// Connects (separate pools for intake, work and screens; SQLite: one writer), checks that the master key fits
    /// the database's data, and ends this machine's own old leases on SQLite: when no other process has the file open.
    /// Does not migrate; a database without a schema, or with an older one, is opened as well.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`] when nothing answers, [`StoreError::Setup`] when what answers does not fit.
    pub async fn open(options: &StoreOptions, keys: Keyring, chance: Arc<dyn Chance>) -> Result<Self, StoreError> {
        let pools = open::connect(options).await?;
        let checking = schema::check(pools.work.unbounded(), &keys);
        let silent = || StoreError::Unreachable("it took the connection and does not answer".into());
        let within = pools.work.ends().transaction();
        let complete = tokio::time::timeout(within, checking).await.unwrap_or_else(|_| Err(silent()))?;
        if complete && pools.presence.as_ref().is_some_and(|presence| presence.alone) {
            open::end_leases(&pools.intake).await?;
        }
        let (added, rolling) = (Arc::default(), Arc::default());
        Ok(Self { keys: Arc::new(keys), chance, pools: Arc::new(pools), added, rolling })
    }

    /// Brings the schema up to date; safe when several processes do it at once. Waits for no lock when it is up to date
    /// already.
    ///
    /// # Errors
    /// See [`Store::open`].
    pub async fn migrate(&self) -> Result<(), StoreError> {
        let db = self.pools.work.unbounded();
        if schema::check(db, &self.keys).await? {
            return Ok(());
        }
        schema::migrate(db, &self.keys, &*self.chance).await
    }

    /// Begins a transaction of the intake pool (immediate on SQLite). After rows were found held for long, it waits for
    /// them only briefly, and its locks pass over what is held ([`Tx::passes_over`]).
    ///
    /// # Errors
    /// [`StoreError::Passing`] when no connection is free in time; the pool is named.
    pub async fn begin(&self) -> Result<Tx, StoreError> {
        let intake = &self.pools.intake;
        let session: Box<dyn Session> = match intake.postgres() {
            Some(pool) => Box::new(PostgresSession::begin(pool, intake.ends()).await?),
            None => Box::new(SqliteSession::begin(intake).await?),
        };
        let tally = Tally::new(Arc::clone(&self.added));
        Ok(Tx::new(session, Arc::clone(&self.keys), Arc::clone(&self.chance), tally))
    }

    /// Writes something and commits it, as the intake does: whether what comes in could be kept now.
    ///
    /// # Errors
    /// [`StoreError`]: it could not.
    pub async fn probe(&self) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.touch().await?;
        tx.commit().await
    }

    /// Answers whether the database answers now (`select 1` on the screens' pool).
    ///
    /// # Errors
    /// [`StoreError::Passing`].
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.screens().execute_unprepared("SELECT 1").await.map(drop).map_err(Self::screens_failed)
    }

    /// What the database's clock says now.
    ///
    /// # Errors
    /// [`StoreError::Passing`].
    pub async fn clock(&self) -> Result<Timestamp, StoreError> {
        let backend = self.work().get_database_backend();
        let statement = Statement::from_string(backend, format!("SELECT {} AS now", dialect::clock(backend)));
        let row = self.work().query_one_raw(statement).await.map_err(Self::work_failed)?;
        let row = row.ok_or_else(|| StoreError::Setup("the database does not tell the time".into()))?;
        row.try_get("", "now").map(Timestamp).map_err(Self::work_failed)
    }

    /// When the newest event of the journal was received.
    ///
    /// # Errors
    /// [`StoreError::Passing`].
    pub async fn newest(&self) -> Result<Option<Timestamp>, StoreError> {
        let newest: Option<i64> = events::Entity::find()
            .select_only()
            .column(events::Column::ReceivedAt)
            .order_by_desc(events::Column::Seq)
            .limit(1)
            .into_tuple()
            .one(self.work())
            .await
            .map_err(Self::work_failed)?;
        Ok(newest.map(Timestamp))
    }

    /// Closes every connection. When it returns, the database was told of each, and no process waits for a lock of
    /// ours; a transaction that still had one has ended with it. Any later request to a clone is
    /// [`StoreError::Passing`].
    ///
    /// Dropping the last clone closes them too, but some time later: a connection in use goes back to its pool by a
    /// task of its own.
    pub async fn close(&self) {
        for pool in [&self.pools.intake, &self.pools.work, &self.pools.screens] {
            if let Err(error) = pool.unbounded().close_by_ref().await {
                tracing::debug!(%error, "a pool was closed already");
            }
        }
    }

    /// The keys: blind values, dedupe keys, sealing.
    #[must_use]
    pub fn keys(&self) -> &Arc<Keyring> {
        &self.keys
    }

    fn screens(&self) -> &Db {
        &self.pools.screens
    }

    fn work(&self) -> &Db {
        &self.pools.work
    }

    fn screens_failed(error: DbErr) -> StoreError {
        errors::from_db("screens", error)
    }

    fn work_failed(error: DbErr) -> StoreError {
        errors::from_db("work", error)
    }
}
