//! What the dispatcher needs of the store: leases, and nothing else. A trait, so that its decisions can be tried
//! without a database.

use async_trait::async_trait;
use gangway_core::effect::EffectId;
use gangway_core::time::Timestamp;

use crate::store::Store;
use crate::store::types::{ExpiredLease, Lease, LeasedEffect, StoreError};

/// Leases on effects; see the methods of the same names of [`Store`].
#[async_trait]
pub trait Leases: Send + Sync + std::fmt::Debug {
    /// Leases effects that are due by now, at most so many of each slot.
    async fn lease_due(
        &self,
        now: Timestamp,
        slots: &[(String, u32)],
        lease: Lease,
    ) -> Result<Vec<LeasedEffect>, StoreError>;
    /// Gives back leases whose attempt was not begun.
    async fn release(&self, effects: &[EffectId], lease: Lease) -> Result<(), StoreError>;
    /// Leases that ran out.
    async fn expired_leases(&self, limit: u32) -> Result<Vec<ExpiredLease>, StoreError>;
    /// When the next effect that nobody holds is due.
    async fn next_effect_due(&self) -> Result<Option<Timestamp>, StoreError>;
}

#[async_trait]
impl Leases for Store {
    async fn lease_due(
        &self,
        now: Timestamp,
        slots: &[(String, u32)],
        lease: Lease,
    ) -> Result<Vec<LeasedEffect>, StoreError> {
        Self::lease_due_at(self, now, slots, lease).await
    }

    async fn release(&self, effects: &[EffectId], lease: Lease) -> Result<(), StoreError> {
        Self::release(self, effects, lease).await
    }

    async fn expired_leases(&self, limit: u32) -> Result<Vec<ExpiredLease>, StoreError> {
        Self::expired_leases(self, limit).await
    }

    async fn next_effect_due(&self) -> Result<Option<Timestamp>, StoreError> {
        Self::next_effect_due(self).await
    }
}
