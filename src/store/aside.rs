//! What is kept apart from the journal: deliveries that failed verification, and events that the database refuses.

use bytes::Bytes;
use gangway_core::time::Timestamp;

use super::{Store, StoreError};

impl Store {
    /// Keeps a delivery whose signature or secret was wrong, sealed; the oldest of this source are dropped beyond
    /// `cap`, so that a forger cannot fill the disk. A forgery never becomes an event.
    pub async fn keep_unverified(
        &self,
        _source: &str,
        _reason: &str,
        _raw: &Bytes,
        _at: Timestamp,
        _cap: u32,
    ) -> Result<(), StoreError> {
        todo!()
    }

    /// Keeps the bytes of an event that the database refuses on its own (poison), sealed, with the database's words.
    pub async fn quarantine(&self, _source: &str, _error: &str, _raw: &Bytes, _at: Timestamp) -> Result<(), StoreError> {
        todo!()
    }
}
