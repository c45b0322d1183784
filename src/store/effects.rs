//! Leases on effects. `outbound` writes lease and attempt here, and nothing else anywhere.

use gangway_core::effect::EffectId;
use gangway_core::time::Timestamp;

use super::types::{ExpiredLease, Lease, LeasedEffect, StoreError};
use super::Store;

impl Store {
    /// Leases effects that are due, oldest first, at most so many for each target prefix (`original`, `mail`,
    /// `publish`); skips rows that another process holds. The attempt is recorded by this, before it is made.
    pub async fn lease_due(&self, _slots: &[(String, u32)], _lease: Lease) -> Result<Vec<LeasedEffect>, StoreError> {
        todo!()
    }

    /// Gives back leases whose attempt was not begun (a graceful stop): due at once, attempt not counted.
    pub async fn release(&self, _effects: &[EffectId], _lease: Lease) -> Result<(), StoreError> {
        todo!()
    }

    /// Leases that ran out: their attempts' outcome is unknown. Oldest first, at most `limit`.
    pub async fn expired_leases(&self, _limit: u32) -> Result<Vec<ExpiredLease>, StoreError> {
        todo!()
    }

    /// When the next effect that nobody holds is due.
    pub async fn next_effect_due(&self) -> Result<Option<Timestamp>, StoreError> {
        todo!()
    }
}
