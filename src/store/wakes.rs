//! What is due without an event: timers, onboardings without a live reason.

use gangway_core::event::OnboardingId;
use gangway_core::onboarding::Status;
use gangway_core::time::Timestamp;
use gangway_entities::onboardings;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::{Store, StoreError, rows};

/// An onboarding that asked to be woken.
#[derive(Clone, Copy, Debug)]
pub struct Wake {
    /// Which.
    pub onboarding: OnboardingId,
    /// The revision that asked for it.
    pub revision: u64,
    /// When it asked to be woken.
    pub at: Timestamp,
}

impl Store {
    /// Onboardings whose time has come, the longest overdue first, from the one behind `after` on, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::Passing`].
    pub async fn due_wakes(&self, now: Timestamp, after: Option<Wake>, limit: u32) -> Result<Vec<Wake>, StoreError> {
        let behind = |after: Wake| {
            let (at, id) = (onboardings::Column::WakeAt, onboardings::Column::Id);
            let same = Condition::all().add(at.eq(after.at.0)).add(id.gt(after.onboarding.0));
            Condition::any().add(at.gt(after.at.0)).add(same)
        };
        let found: Vec<(Uuid, i64, i64)> = onboardings::Entity::find()
            .select_only()
            .columns([onboardings::Column::Id, onboardings::Column::Revision, onboardings::Column::WakeAt])
            .filter(onboardings::Column::WakeAt.is_not_null())
            .filter(onboardings::Column::WakeAt.lte(now.0))
            .filter(after.map_or_else(Condition::all, behind))
            .order_by_asc(onboardings::Column::WakeAt)
            .order_by_asc(onboardings::Column::Id)
            .limit(u64::from(limit))
            .into_tuple()
            .all(self.work())
            .await
            .map_err(Self::work_failed)?;
        let wakes = found.into_iter().map(|(id, revision, at)| Wake {
            onboarding: OnboardingId(id),
            revision: rows::count(revision),
            at: Timestamp(at),
        });
        Ok(wakes.collect())
    }

    /// When the next one must be woken.
    ///
    /// # Errors
    /// [`StoreError::Passing`].
    pub async fn next_wake(&self) -> Result<Option<Timestamp>, StoreError> {
        let next: Option<i64> = onboardings::Entity::find()
            .select_only()
            .column(onboardings::Column::WakeAt)
            .filter(onboardings::Column::WakeAt.is_not_null())
            .order_by_asc(onboardings::Column::WakeAt)
            .limit(1)
            .into_tuple()
            .one(self.work())
            .await
            .map_err(Self::work_failed)?;
        Ok(next.map(Timestamp))
    }

    /// Onboardings that have not ended and have neither an unsettled effect, nor a timer, nor an open review. Lifecycle
    /// publications are no reason: their outcome never moves an onboarding.
    ///
    /// # Errors
    /// [`StoreError::Passing`].
    pub async fn without_reason(&self, limit: u32) -> Result<Vec<OnboardingId>, StoreError> {
        let nothing_asked = "NOT EXISTS (SELECT 1 FROM effects e WHERE e.onboarding_id = onboardings.id AND e.n > 0 \
                             AND e.settled_at IS NULL)";
        let found: Vec<Uuid> = onboardings::Entity::find()
            .select_only()
            .column(onboardings::Column::Id)
            .filter(onboardings::Column::Status.is_in([Status::Active.word(), Status::Waiting.word()]))
            .filter(onboardings::Column::WakeAt.is_null())
            .filter(Expr::cust(nothing_asked))
            .order_by_asc(onboardings::Column::Id)
            .limit(u64::from(limit))
            .into_tuple()
            .all(self.work())
            .await
            .map_err(Self::work_failed)?;
        Ok(found.into_iter().map(OnboardingId).collect())
    }
}
