//! Leases on effects. `outbound` writes lease and attempt here, and nothing else anywhere.
//!
//! An effect is due (neither leased nor settled), leased, or settled. Leases run on the database's clock, so that all
//! processes agree on when one has run out, whatever their own clocks say.

use std::collections::HashMap;

use gangway_core::effect::EffectId;
use gangway_core::event::OnboardingId;
use gangway_core::time::Timestamp;
use gangway_entities::{effects, onboardings, users};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect, TransactionTrait};
use uuid::Uuid;

use super::dialect::{IMMEDIATE, claim_due, clock, give_back};
use super::keys::DataKey;
use super::types::{ExpiredLease, Lease, LeasedEffect, StoreError};
use super::{Store, rows};

/// Neither leased nor settled, written as the indexes have it.
pub(super) const UNHELD: &str = "lease_until IS NULL AND settled_at IS NULL";

impl Store {
    /// Leases effects that are due, oldest first, at most so many for each target prefix (`original`, `mail`,
    /// `publish`); skips rows that another process holds. The attempt is recorded by this, before it is made.
    /// A crash after it returns leaves leases that run out.
    ///
    /// # Errors
    /// [`StoreError::Passing`]: nothing was leased.
    pub async fn lease_due(&self, slots: &[(String, u32)], lease: Lease) -> Result<Vec<LeasedEffect>, StoreError> {
        self.lease(slots, lease, None).await
    }

    /// As [`Store::lease_due`], but due times are compared with this time instead of the database's clock: for a
    /// process whose clock is moved by hand. The lease itself runs on the database's clock all the same.
    ///
    /// # Errors
    /// As [`Store::lease_due`].
    pub async fn lease_due_at(
        &self,
        now: Timestamp,
        slots: &[(String, u32)],
        lease: Lease,
    ) -> Result<Vec<LeasedEffect>, StoreError> {
        self.lease(slots, lease, Some(now.0)).await
    }

    async fn lease(
        &self,
        slots: &[(String, u32)],
        lease: Lease,
        now: Option<i64>,
    ) -> Result<Vec<LeasedEffect>, StoreError> {
        if slots.iter().all(|(_, free)| *free == 0) {
            return Ok(Vec::new());
        }
        let tx = self.work().begin_with_options(IMMEDIATE).await.map_err(Self::work_failed)?;
        let leased = claim_due(&tx, slots, lease, now).await.map_err(Self::work_failed)?;
        let keys = self.keys_of(&tx, leased.iter().map(|row| row.onboarding_id)).await?;
        tx.commit().await.map_err(Self::work_failed)?;
        // One that cannot be read keeps its lease, which runs out and is then seen; it must not stop the others.
        let opened = leased.into_iter().filter_map(|row| {
            let opened = keys.get(&row.onboarding_id).ok_or_else(|| rows::unknown_word("effects.onboarding_id"));
            let opened = opened.and_then(|key| open_effect(key, &row, lease));
            opened
                .inspect_err(|error| tracing::error!(effect = %rows::effect_id(&row), %error, "unreadable effect"))
                .ok()
        });
        Ok(opened.collect())
    }

    async fn keys_of(
        &self,
        tx: &DatabaseTransaction,
        ids: impl Iterator<Item = Uuid>,
    ) -> Result<HashMap<Uuid, DataKey>, StoreError> {
        let mut ids: Vec<Uuid> = ids.collect();
        ids.sort_unstable();
        ids.dedup();
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let find = onboardings::Entity::find().filter(onboardings::Column::Id.is_in(ids));
        let found = find.find_also_related(users::Entity).all(tx).await.map_err(Self::work_failed)?;
        let owned = found.into_iter().filter_map(|(onboarding, user)| Some((onboarding.id, user?)));
        owned.map(|(id, user)| Ok((id, self.keys.data_key(&user.wrapped_key)?))).collect()
    }

    /// Gives back leases whose attempt was not begun (a graceful stop): due at once, attempt not counted. A lease that
    /// somebody else has by now is left alone.
    ///
    /// # Errors
    /// [`StoreError::Passing`]: nothing was given back, the leases run out.
    pub async fn release(&self, effects: &[EffectId], lease: Lease) -> Result<(), StoreError> {
        let tx = self.work().begin_with_options(IMMEDIATE).await.map_err(Self::work_failed)?;
        give_back(&tx, effects, lease).await.map_err(Self::work_failed)?;
        tx.commit().await.map_err(Self::work_failed)
    }

    /// Leases that ran out: their attempts' outcome is unknown. Oldest first, at most `limit`. They stay as they are
    /// until the outcome is followed up.
    ///
    /// # Errors
    /// [`StoreError::Passing`].
    pub async fn expired_leases(&self, limit: u32) -> Result<Vec<ExpiredLease>, StoreError> {
        let ran_out =
            format!("lease_until IS NOT NULL AND lease_until <= {}", clock(self.work().get_database_backend()));
        let found: Vec<(Uuid, i64, i32)> = effects::Entity::find()
            .select_only()
            .columns([effects::Column::OnboardingId, effects::Column::N, effects::Column::Attempt])
            .filter(Expr::cust(ran_out))
            .order_by_asc(effects::Column::LeaseUntil)
            .limit(u64::from(limit))
            .into_tuple()
            .all(self.work())
            .await
            .map_err(Self::work_failed)?;
        let expired = found.into_iter().map(|(onboarding, n, attempt)| ExpiredLease {
            id: EffectId { onboarding: OnboardingId(onboarding), n },
            attempt: rows::small(attempt),
        });
        Ok(expired.collect())
    }

    /// When the next effect that nobody holds is due.
    ///
    /// # Errors
    /// [`StoreError::Passing`].
    pub async fn next_effect_due(&self) -> Result<Option<Timestamp>, StoreError> {
        let next: Option<i64> = effects::Entity::find()
            .select_only()
            .column(effects::Column::DueAt)
            .filter(Expr::cust(UNHELD))
            .order_by_asc(effects::Column::DueAt)
            .limit(1)
            .into_tuple()
            .one(self.work())
            .await
            .map_err(Self::work_failed)?;
        Ok(next.map(Timestamp))
    }
}

fn open_effect(key: &DataKey, row: &effects::Model, lease: Lease) -> Result<LeasedEffect, StoreError> {
    Ok(LeasedEffect {
        id: rows::effect_id(row),
        request: rows::request(key, row)?,
        attempt: rows::small(row.attempt),
        mode: rows::mode(&row.mode)?,
        uncertain_since: row.uncertain_since.map(Timestamp),
        asked_at: Timestamp(row.asked_at),
        token: lease.token,
    })
}
