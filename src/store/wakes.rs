//! What is due without an event: timers, onboardings without a live reason. Each is read by an index that holds little
//! else, a bounded number of rows at a time.

use gangway_core::event::OnboardingId;
use gangway_core::time::{Millis, Timestamp};
use gangway_entities::onboardings;
use sea_orm::sea_query::{Expr, LockBehavior, LockType};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Statement, TransactionTrait,
};
use uuid::Uuid;

use super::dialect::IMMEDIATE;
use super::rolling::Place;
use super::{Store, StoreError, rows};

/// Nothing is asked for it. Lifecycle publications (n < 0) are no reason: their outcome never moves an onboarding.
/// Asked for each one by itself: PostgreSQL would make a table of all effects for `NOT EXISTS`.
const NOTHING_ASKED: &str = "(SELECT 1 FROM effects e WHERE e.onboarding_id = onboardings.id AND e.n > 0 \
                             AND e.settled_at IS NULL LIMIT 1) IS NULL";

/// An onboarding that asked to be woken.
#[derive(Clone, Copy, Debug)]
pub struct Wake {
    /// Its id.
    pub onboarding: OnboardingId,
    /// The revision that asked for it.
    pub revision: u64,
    /// When it asked to be woken; of one that was claimed and not delivered, when that claim ran out.
    pub at: Timestamp,
}

impl Store {
    /// Claims onboardings whose time has come, the longest overdue first, at most `limit`: each is put off by `lease`,
    /// so that no other process wakes it meanwhile. What it knows is not touched; the step that its timer leads to, or
    /// any other, writes the time that holds. After a crash, or when it cannot be stepped here, it is due again when
    /// the lease has run out. Those that another process has locked are passed over.
    ///
    /// # Errors
    /// [`StoreError::Passing`]: nothing was claimed.
    pub async fn claim_wakes(&self, now: Timestamp, lease: Millis, limit: u32) -> Result<Vec<Wake>, StoreError> {
        let failed = Self::work_failed;
        let tx = self.work().begin_with_options(IMMEDIATE).await.map_err(failed)?;
        let due: Vec<(Uuid, i64, i64)> = onboardings::Entity::find()
            .select_only()
            .columns([onboardings::Column::Id, onboardings::Column::Revision, onboardings::Column::WakeAt])
            .filter(onboardings::Column::WakeAt.is_not_null())
            .filter(onboardings::Column::WakeAt.lte(now.0))
            .order_by_asc(onboardings::Column::WakeAt)
            .order_by_asc(onboardings::Column::Id)
            .limit(u64::from(limit))
            .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
            .into_tuple()
            .all(&tx)
            .await
            .map_err(failed)?;
        if !due.is_empty() {
            onboardings::Entity::update_many()
                .col_expr(onboardings::Column::WakeAt, Expr::value(now.plus(lease).0))
                .filter(onboardings::Column::Id.is_in(due.iter().map(|(id, ..)| *id)))
                .exec(&tx)
                .await
                .map_err(failed)?;
        }
        tx.commit().await.map_err(failed)?;
        let wakes = due.into_iter().map(|(id, revision, at)| Wake {
            onboarding: OnboardingId(id),
            revision: rows::count(revision),
            at: Timestamp(at),
        });
        Ok(wakes.collect())
    }

    /// When the next one must be woken, or its claim runs out.
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

    /// Onboardings that have not ended and have neither an unsettled effect, nor a timer, nor an open review, in order
    /// of their ids. Each call looks at the next `limit` of those that wait without a time (normally there are none)
    /// and at the next `limit` of those that are active (normally each has an effect), and begins at the front again
    /// behind the last: so none that cannot be helped hides another.
    ///
    /// # Errors
    /// [`StoreError::Passing`].
    pub async fn without_reason(&self, limit: u32) -> Result<Vec<OnboardingId>, StoreError> {
        let mut found = self.timeless_without_reason(limit).await?;
        found.extend(self.active_without_reason(limit).await?);
        found.sort_unstable();
        Ok(found.into_iter().map(OnboardingId).collect())
    }

    async fn timeless_without_reason(&self, limit: u32) -> Result<Vec<Uuid>, StoreError> {
        // Constants, so that the index that holds nothing else is found.
        let sql = format!(
            "SELECT id, {NOTHING_ASKED} AS stranded FROM onboardings \
             WHERE status = 'waiting' AND wake_at IS NULL AND id > $1 ORDER BY id LIMIT $2"
        );
        self.stranded(&sql, &self.rolling.timeless, limit).await
    }

    async fn active_without_reason(&self, limit: u32) -> Result<Vec<Uuid>, StoreError> {
        // Compared as a pair, which only the index of both has in order: by its id alone, an onboarding that is active
        // may lie behind all that have ended. `active` is the first of the words.
        let sql = format!(
            "SELECT id, wake_at IS NULL AND {NOTHING_ASKED} AS stranded FROM onboardings \
             WHERE (status, id) > ('active', $1) AND status <= 'active' ORDER BY status, id LIMIT $2"
        );
        self.stranded(&sql, &self.rolling.active, limit).await
    }

    /// Looks at the next piece and says where the next but one begins.
    async fn stranded(&self, sql: &str, place: &Place<Uuid>, limit: u32) -> Result<Vec<Uuid>, StoreError> {
        let backend = self.work().get_database_backend();
        let values = [place.get().unwrap_or_default().into(), i64::from(limit).into()];
        let found = self.work().query_all_raw(Statement::from_sql_and_values(backend, sql, values)).await;
        let looked: Vec<(Uuid, bool)> = found
            .and_then(|rows| {
                rows.iter().map(|row| Ok((row.try_get("", "id")?, row.try_get("", "stranded")?))).collect()
            })
            .map_err(Self::work_failed)?;
        let full = looked.len() >= usize::try_from(limit).unwrap_or(usize::MAX);
        place.set(looked.last().filter(|_| full).map(|(id, _)| *id));
        Ok(looked.into_iter().filter(|(_, stranded)| *stranded).map(|(id, _)| id).collect())
    }
}
