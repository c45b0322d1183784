//! All SQL, and the only place that knows rows. Core types enter and leave; rows and ciphertext stay inside.
//! PostgreSQL and SQLite; their few differences are in `dialect`.

pub mod aside;
pub mod effects;
pub mod flows;
pub mod key_file;
pub mod keys;
pub mod search;
pub mod tokens;
pub mod tx;
pub mod types;
pub mod wakes;

pub use keys::{Blind, DataKey, Keyring};
pub use types::{StoreError, StoreOptions};
pub use tx::Tx;

use std::sync::Arc;

use crate::clock::Chance;

/// The database. Clones share the pools.
#[derive(Clone, Debug)]
pub struct Store {
    keys: Arc<Keyring>,
}

impl Store {
    /// Connects (separate pools for intake, work and screens; SQLite: one writer), checks that the master key fits
    /// the database's data, and ends this machine's own old leases on SQLite. Does not migrate.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`] when nothing answers, [`StoreError::Setup`] when what answers does not fit.
    pub async fn open(_options: &StoreOptions, _keys: Keyring, _chance: Arc<dyn Chance>) -> Result<Self, StoreError> {
        todo!()
    }

    /// Brings the schema up to date; safe when several processes do it at once.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub async fn migrate(&self) -> Result<(), StoreError> {
        todo!()
    }

    /// Begins a transaction of the intake pool (immediate on SQLite).
    ///
    /// # Errors
    /// [`StoreError::Passing`] when no connection is free in time; the pool is named.
    pub async fn begin(&self) -> Result<Tx, StoreError> {
        todo!()
    }

    /// Answers whether the database answers now (`select 1` on the screens' pool).
    ///
    /// # Errors
    /// [`StoreError::Passing`].
    pub async fn ping(&self) -> Result<(), StoreError> {
        todo!()
    }

    /// The keys: blind values, dedupe keys, sealing.
    #[must_use]
    pub fn keys(&self) -> &Arc<Keyring> {
        &self.keys
    }
}
