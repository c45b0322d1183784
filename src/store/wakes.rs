//! What is due without an event: timers, held events that nobody claimed, onboardings without a live reason.

use gangway_core::event::OnboardingId;
use gangway_core::onboarding::Status;
use gangway_core::time::Timestamp;
use gangway_entities::{onboardings, secrets};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Statement,
    Value,
};
use uuid::Uuid;

use super::{Blind, Store, StoreError, rows};

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

    /// Marks held events that came before `before` as expired, and erases the secrets that they brought; answers how many. One that is being adopted at this
    /// moment is passed over.
    ///
    /// # Errors
    /// [`StoreError::Passing`]: none was marked.
    pub async fn expire_held(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let backend = self.work().get_database_backend();
        let pass_over = if backend == DbBackend::Postgres { "FOR UPDATE SKIP LOCKED" } else { "" };
        let sql = format!(
            "WITH old AS MATERIALIZED (SELECT seq AS old_seq FROM events WHERE verdict = 'held' AND received_at < $1 \
             ORDER BY seq LIMIT $2 {pass_over}) \
             UPDATE events SET verdict = 'expired', detail = 'was held and nobody came' FROM old WHERE seq = old_seq"
        );
        let values: [Value; 2] = [before.0.into(), i64::from(limit).into()];
        let statement = Statement::from_sql_and_values(backend, sql, values);
        let done = self.work().execute_raw(statement).await.map_err(Self::work_failed)?;
        secrets::Entity::delete_many()
            .filter(secrets::Column::OwnKey.is_not_null())
            .filter(secrets::Column::Since.lt(before.0))
            .exec(self.work())
            .await
            .map_err(Self::work_failed)?;
        Ok(done.rows_affected())
    }

    /// Held events whose identifier has an owner: the identifier, and the onboarding that is to take them. Never a
    /// normal course: whoever writes an identifier takes them at once, but a process may end before the last of many.
    ///
    /// # Errors
    /// [`StoreError::Passing`].
    pub async fn held_with_owner(&self, limit: u32) -> Result<Vec<(Blind, OnboardingId)>, StoreError> {
        let sql = "SELECT DISTINCT e.held_on AS blind, coalesce(i.onboarding_id, (SELECT o.id FROM onboardings o \
                   WHERE o.user_id = i.user_id ORDER BY o.ended_at IS NOT NULL, o.id DESC LIMIT 1)) AS id \
                   FROM events e JOIN identifiers i ON i.blind = e.held_on WHERE e.verdict = 'held' \
                   AND (i.onboarding_id IS NOT NULL OR i.user_id IS NOT NULL) LIMIT $1";
        let backend = self.work().get_database_backend();
        let statement = Statement::from_sql_and_values(backend, sql, [i64::from(limit).into()]);
        let found = self.work().query_all_raw(statement).await.map_err(Self::work_failed)?;
        let mut held = Vec::with_capacity(found.len());
        for row in found {
            let (blind, id): (Vec<u8>, Option<Uuid>) = (
                row.try_get("", "blind").map_err(Self::work_failed)?,
                row.try_get("", "id").map_err(Self::work_failed)?,
            );
            held.extend(id.map(|id| Ok((rows::blind(&blind)?, OnboardingId(id)))));
        }
        held.into_iter().collect()
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
