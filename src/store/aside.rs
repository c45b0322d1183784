//! What is kept apart from the journal: deliveries that failed verification, and events that the database refuses.

use bytes::Bytes;
use gangway_core::time::Timestamp;
use gangway_entities::{quarantine, unverified};
use sea_orm::{ActiveValue, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, TransactionTrait};
use uuid::Uuid;

use super::dialect::IMMEDIATE;
use super::keys::Place;
use super::{Store, StoreError};

/// Something kept apart, opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptAside {
    /// Where it came from.
    pub source: String,
    /// Why it is kept apart.
    pub reason: String,
    /// When it was received.
    pub at: Timestamp,
    /// Its bytes.
    pub raw: Bytes,
}

impl Store {
    /// Keeps a delivery whose signature or secret was wrong, sealed; the oldest of this source are dropped beyond
    /// `cap`, so that a forger cannot fill the disk. A forgery never becomes an event.
    ///
    /// # Errors
    /// [`StoreError::Passing`]: it was not kept.
    pub async fn keep_unverified(
        &self,
        source: &str,
        reason: &str,
        raw: &Bytes,
        at: Timestamp,
        cap: u32,
    ) -> Result<(), StoreError> {
        const DROPPED_AT_ONCE: u64 = 1_000;
        let (id, source) = (self.chance.id(at), storable(source));
        let row = unverified::ActiveModel {
            id: ActiveValue::Set(id),
            source: ActiveValue::Set(source.clone()),
            reason: ActiveValue::Set(storable(reason)),
            received_at: ActiveValue::Set(at.0),
            sealed: ActiveValue::Set(self.seal_aside("unverified", id, raw)?),
        };
        let tx = self.work().begin_with_options(IMMEDIATE).await.map_err(Self::work_failed)?;
        unverified::Entity::insert(row).exec_without_returning(&tx).await.map_err(Self::work_failed)?;
        let oldest: Vec<Uuid> = unverified::Entity::find()
            .select_only()
            .column(unverified::Column::Id)
            .filter(unverified::Column::Source.eq(source))
            .order_by_desc(unverified::Column::Id)
            .offset(u64::from(cap))
            .limit(DROPPED_AT_ONCE)
            .into_tuple()
            .all(&tx)
            .await
            .map_err(Self::work_failed)?;
        if !oldest.is_empty() {
            let drop = unverified::Entity::delete_many().filter(unverified::Column::Id.is_in(oldest));
            drop.exec(&tx).await.map_err(Self::work_failed)?;
        }
        tx.commit().await.map_err(Self::work_failed)
    }

    /// Keeps the bytes of an event that the database refuses on its own (poison), sealed, with the database's words.
    ///
    /// # Errors
    /// [`StoreError::Passing`]: it was not kept.
    pub async fn quarantine(&self, source: &str, error: &str, raw: &Bytes, at: Timestamp) -> Result<(), StoreError> {
        let id = self.chance.id(at);
        let row = quarantine::ActiveModel {
            id: ActiveValue::Set(id),
            source: ActiveValue::Set(storable(source)),
            reason: ActiveValue::Set(storable(error)),
            received_at: ActiveValue::Set(at.0),
            sealed: ActiveValue::Set(self.seal_aside("quarantine", id, raw)?),
        };
        let insert = quarantine::Entity::insert(row).exec_without_returning(self.work());
        insert.await.map(drop).map_err(Self::work_failed)
    }

    /// Deliveries that failed verification, newest first, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::Passing`].
    pub async fn unverified(&self, limit: u32) -> Result<Vec<KeptAside>, StoreError> {
        let find = unverified::Entity::find().order_by_desc(unverified::Column::Id).limit(u64::from(limit));
        let found = find.all(self.screens()).await.map_err(Self::screens_failed)?;
        let opened = found.into_iter().map(|row| {
            let raw = self.open_aside("unverified", row.id, &row.sealed)?;
            Ok(KeptAside { source: row.source, reason: row.reason, at: Timestamp(row.received_at), raw })
        });
        opened.collect()
    }

    /// Events that the database refused, newest first, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::Passing`].
    pub async fn quarantined(&self, limit: u32) -> Result<Vec<KeptAside>, StoreError> {
        let find = quarantine::Entity::find().order_by_desc(quarantine::Column::Id).limit(u64::from(limit));
        let found = find.all(self.screens()).await.map_err(Self::screens_failed)?;
        let opened = found.into_iter().map(|row| {
            let raw = self.open_aside("quarantine", row.id, &row.sealed)?;
            Ok(KeptAside { source: row.source, reason: row.reason, at: Timestamp(row.received_at), raw })
        });
        opened.collect()
    }

    fn seal_aside(&self, table: &'static str, id: Uuid, raw: &Bytes) -> Result<Vec<u8>, StoreError> {
        self.keys.seal_aside(&*self.chance, Place { table, row: id.as_bytes() }, raw)
    }

    fn open_aside(&self, table: &'static str, id: Uuid, sealed: &[u8]) -> Result<Bytes, StoreError> {
        let plain = self.keys.open_aside(Place { table, row: id.as_bytes() }, sealed)?;
        Ok(Bytes::copy_from_slice(&plain))
    }
}

/// PostgreSQL refuses U+0000 in text, and what is kept here is kept because something was odd about it.
fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}
