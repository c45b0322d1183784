//! What the dispatcher needs of the store: leases, and nothing else. A trait, so that its decisions can be tried
//! without a database.

use async_trait::async_trait;
use gangway_core::effect::EffectId;
use gangway_core::onboarding::FlowRef;
use gangway_core::time::Timestamp;

use crate::store::Store;
use crate::store::effects::Leased;
use crate::store::types::{ExpiredLease, Lease, Resting, StoreError};

/// Leases on effects; see the methods of the same names of [`Store`].
#[async_trait]
pub trait Leases: Send + Sync + std::fmt::Debug {
    /// Leases effects that are due by now, at most so many of each slot: none of these flow versions, and none with a
    /// resting far end.
    async fn lease(
        &self,
        now: Timestamp,
        slots: &[(String, u32)],
        but: &[FlowRef],
        resting: &[Resting],
        lease: Lease,
    ) -> Result<Leased, StoreError>;
    /// Gives back leases when their attempt was not begun.
    async fn release(&self, effects: &[EffectId], lease: Lease) -> Result<(), StoreError>;
    /// Leases that ran out.
    async fn expired_leases(&self, limit: u32) -> Result<Vec<ExpiredLease>, StoreError>;
    /// When the next effect without a lease is due, except those of some flow versions.
    async fn next_effect_due(&self, but: &[FlowRef]) -> Result<Option<Timestamp>, StoreError>;
    /// When the next effect of these slots without a lease is due, except those with a resting far end.
    async fn next_effect_due_of(
        &self,
        slots: &[String],
        but: &[FlowRef],
        resting: &[Resting],
    ) -> Result<Option<Timestamp>, StoreError>;
}

#[async_trait]
impl Leases for Store {
    async fn lease(
        &self,
        now: Timestamp,
        slots: &[(String, u32)],
        but: &[FlowRef],
        resting: &[Resting],
        lease: Lease,
    ) -> Result<Leased, StoreError> {
        Self::lease(self, slots, (but, resting), lease, Some(now)).await
    }

    async fn release(&self, effects: &[EffectId], lease: Lease) -> Result<(), StoreError> {
        Self::release(self, effects, lease).await
    }

    async fn expired_leases(&self, limit: u32) -> Result<Vec<ExpiredLease>, StoreError> {
        Self::expired_leases(self, limit).await
    }

    async fn next_effect_due(&self, but: &[FlowRef]) -> Result<Option<Timestamp>, StoreError> {
        Self::next_effect_due_but(self, but).await
    }

    async fn next_effect_due_of(
        &self,
        slots: &[String],
        but: &[FlowRef],
        resting: &[Resting],
    ) -> Result<Option<Timestamp>, StoreError> {
        Self::next_effect_due_of(self, slots, (but, resting)).await
    }
}
