//! Leases on effects. `outbound` writes lease and attempt here, and nothing else anywhere.
//!
//! An effect is due (neither leased nor settled), leased, or settled. Leases run on the database's clock, so that all
//! processes agree on when one has run out, whatever their own clocks say.

use std::collections::HashMap;

use gangway_core::effect::EffectId;
use gangway_core::event::OnboardingId;
use gangway_core::onboarding::FlowRef;
use gangway_core::time::Timestamp;
use gangway_entities::{effects, onboardings, users};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QueryResult, QuerySelect,
    QueryTrait, Statement, TransactionTrait,
};
use uuid::Uuid;

use super::bounded::DbTx;
use super::dialect::{IMMEDIATE, claim_due, clock, give_back, next_live};
use super::keys::DataKey;
use super::types::{ExpiredLease, Lease, LeasedEffect, Resting, StoreError};
use super::{Store, rows};

/// Neither leased nor settled, written as the indexes have it.
pub(super) const UNHELD: &str = "lease_until IS NULL AND settled_at IS NULL";

/// What a lease brought.
#[derive(Clone, Debug, Default)]
pub struct Leased {
    /// To be performed, with the flows of their onboardings.
    pub effects: Vec<(FlowRef, LeasedEffect)>,
    /// Leased, but what is asked cannot be opened here.
    pub unreadable: Vec<Unreadable>,
}

/// A leased effect that cannot be opened here.
#[derive(Clone, Debug)]
pub struct Unreadable {
    /// Its onboarding and number.
    pub id: EffectId,
    /// Which attempt this would have been.
    pub attempt: u32,
    /// Why; no personal data.
    pub why: String,
}

impl Store {
    /// Leases effects that are due, oldest first, at most so many for each target prefix (`original`, `mail`,
    /// `publish`); skips rows that another process holds, and those of the flow versions in `but`. This records the
    /// attempt before it is made. A crash after it returns leaves leases that run out.
    ///
    /// With `now`, due times are compared with this time instead of the database's clock: for a process whose clock is
    /// moved by hand. The lease itself runs on the database's clock all the same.
    ///
    /// # Errors
    /// [`StoreError::Passing`]: nothing was leased.
    pub async fn lease(
        &self,
        slots: &[(String, u32)],
        (but, resting): (&[FlowRef], &[Resting]),
        lease: Lease,
        now: Option<Timestamp>,
    ) -> Result<Leased, StoreError> {
        if slots.iter().all(|(_, free)| *free == 0) {
            return Ok(Leased::default());
        }
        let tx = self.work().begin_with_options(IMMEDIATE).await.map_err(Self::work_failed)?;
        let now = now.map(|now| now.0);
        let rows = claim_due(&tx, slots, (but, resting), lease, now).await.map_err(Self::work_failed)?;
        let mut owners = Self::owners_of(&tx, rows.iter().map(|row| row.onboarding_id)).await?;
        tx.commit().await.map_err(Self::work_failed)?;
        let mut leased = Leased::default();
        for row in rows {
            // One that cannot be opened must not stop the others.
            let owner = owners.entry(row.onboarding_id).or_default();
            match self.open_effect(owner.as_mut(), &row, lease) {
                Ok(effect) => leased.effects.push(effect),
                Err(error) => {
                    let (id, attempt, why) =
                        (rows::effect_id(&row), rows::small(row.attempt), error.cause().to_owned());
                    leased.unreadable.push(Unreadable { id, attempt, why });
                }
            }
        }
        Ok(leased)
    }

    /// Like [`Store::lease`], for every flow; only what can be opened.
    ///
    /// # Errors
    /// See [`Store::lease`].
    pub async fn lease_due(&self, slots: &[(String, u32)], lease: Lease) -> Result<Vec<LeasedEffect>, StoreError> {
        Ok(self.lease(slots, (&[], &[]), lease, None).await?.effects.into_iter().map(|(_, effect)| effect).collect())
    }

    /// Like [`Store::lease_due`], with due times compared with this time.
    ///
    /// # Errors
    /// See [`Store::lease`].
    pub async fn lease_due_at(
        &self,
        now: Timestamp,
        slots: &[(String, u32)],
        lease: Lease,
    ) -> Result<Vec<LeasedEffect>, StoreError> {
        Ok(self
            .lease(slots, (&[], &[]), lease, Some(now))
            .await?
            .effects
            .into_iter()
            .map(|(_, effect)| effect)
            .collect())
    }

    async fn owners_of(tx: &DbTx, ids: impl Iterator<Item = Uuid>) -> Result<HashMap<Uuid, Option<Owner>>, StoreError> {
        let mut ids: Vec<Uuid> = ids.collect();
        ids.sort_unstable();
        ids.dedup();
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let find = onboardings::Entity::find().filter(onboardings::Column::Id.is_in(ids));
        let found = find.find_also_related(users::Entity).all(tx).await.map_err(Self::work_failed)?;
        let owned = found.into_iter().map(|(onboarding, user)| {
            let flow = rows::flow(onboarding.flow, onboarding.version);
            (onboarding.id, user.map(|user| Owner { flow, wrapped: user.wrapped_key, key: None }))
        });
        Ok(owned.collect())
    }

    fn open_effect(
        &self,
        owner: Option<&mut Owner>,
        row: &effects::Model,
        lease: Lease,
    ) -> Result<(FlowRef, LeasedEffect), StoreError> {
        let owner = owner.ok_or_else(|| rows::unknown_word("effects.onboarding_id"))?;
        let key = match &owner.key {
            Some(key) => key,
            None => owner.key.insert(self.keys.data_key(&owner.wrapped)?),
        };
        let effect = LeasedEffect {
            id: rows::effect_id(row),
            request: rows::request(key, row)?,
            attempt: rows::small(row.attempt),
            mode: rows::mode(&row.mode)?,
            uncertain_since: row.uncertain_since.map(Timestamp),
            asked_at: Timestamp(row.asked_at),
            token: lease.token,
        };
        Ok((owner.flow.clone(), effect))
    }

    /// Gives back leases when their attempt was not begun (a graceful stop): due at once, attempt not counted. A lease
    /// that another process has by now is left alone.
    ///
    /// # Errors
    /// [`StoreError::Passing`]: nothing was given back, the leases run out.
    pub async fn release(&self, effects: &[EffectId], lease: Lease) -> Result<(), StoreError> {
        let tx = self.work().begin_with_options(IMMEDIATE).await.map_err(Self::work_failed)?;
        give_back(&tx, effects, lease).await.map_err(Self::work_failed)?;
        tx.commit().await.map_err(Self::work_failed)
    }

    /// Leases that ran out: their attempts' outcome is unknown. Oldest first, at most `limit` with each call, from the
    /// front again behind the last: so none that cannot be helped hides another. They stay as they are until the
    /// outcome is followed up.
    ///
    /// # Errors
    /// [`StoreError::Passing`].
    pub async fn expired_leases(&self, limit: u32) -> Result<Vec<ExpiredLease>, StoreError> {
        let backend = self.work().get_database_backend();
        let sql = format!(
            "SELECT lease_until, onboarding_id, n, attempt, slot FROM effects WHERE lease_until IS NOT NULL \
             AND lease_until <= {} AND lease_until >= $1 AND (lease_until, onboarding_id, n) > ($1, $2, $3) \
             ORDER BY lease_until, onboarding_id, n LIMIT $4",
            clock(backend)
        );
        let (until, onboarding, n) = self.rolling.expired.get().unwrap_or((i64::MIN, Uuid::nil(), i64::MIN));
        let values = [until.into(), onboarding.into(), n.into(), i64::from(limit).into()];
        let rows = self.work().query_all_raw(Statement::from_sql_and_values(backend, sql, values)).await;
        let found: Vec<(i64, ExpiredLease)> = rows
            .and_then(|rows| {
                let row = |row: &QueryResult| {
                    let until = row.try_get("", "lease_until")?;
                    let onboarding = OnboardingId(row.try_get("", "onboarding_id")?);
                    let id = EffectId { onboarding, n: row.try_get("", "n")? };
                    let (slot, attempt) = (row.try_get("", "slot")?, rows::small(row.try_get("", "attempt")?));
                    Ok((until, ExpiredLease { id, slot, until: Timestamp(until), attempt }))
                };
                rows.iter().map(row).collect()
            })
            .map_err(Self::work_failed)?;
        let full = found.len() >= usize::try_from(limit).unwrap_or(usize::MAX);
        self.rolling
            .expired
            .set(found.last().filter(|_| full).map(|(until, lease)| (*until, lease.id.onboarding.0, lease.id.n)));
        Ok(found.into_iter().map(|(_, lease)| lease).collect())
    }

    /// When the next effect without a lease is due, whatever its flow.
    ///
    /// # Errors
    /// [`StoreError::Passing`].
    pub async fn next_effect_due(&self) -> Result<Option<Timestamp>, StoreError> {
        self.next_effect_due_but(&[]).await
    }

    /// When the next effect without a lease is due, except those of onboardings in these flow versions.
    ///
    /// # Errors
    /// [`StoreError::Passing`].
    pub async fn next_effect_due_but(&self, but: &[FlowRef]) -> Result<Option<Timestamp>, StoreError> {
        let any = but.iter().fold(Condition::any(), |any, flow| {
            let name = onboardings::Column::Flow.eq(flow.name.as_str());
            any.add(Condition::all().add(name).add(onboardings::Column::Version.eq(rows::whole(flow.version))))
        });
        let mut theirs = onboardings::Entity::find().select_only().column(onboardings::Column::Id);
        theirs = theirs.filter(Expr::cust("onboardings.id = effects.onboarding_id")).filter(any);
        let known = match but {
            [] => Condition::all(),
            _ => Condition::all().not().add(Expr::exists(QueryTrait::into_query(theirs))),
        };
        let next: Option<i64> = effects::Entity::find()
            .select_only()
            .column(effects::Column::DueAt)
            .filter(Expr::cust(UNHELD))
            .filter(known)
            .order_by_asc(effects::Column::DueAt)
            .limit(1)
            .into_tuple()
            .one(self.work())
            .await
            .map_err(Self::work_failed)?;
        Ok(next.map(Timestamp))
    }

    /// When the next effect of these slots without a lease is due, except what rests: for a process that waits for far
    /// ends.
    ///
    /// # Errors
    /// [`StoreError::Passing`].
    pub async fn next_effect_due_of(
        &self,
        slots: &[String],
        (but, resting): (&[FlowRef], &[Resting]),
    ) -> Result<Option<Timestamp>, StoreError> {
        let next = next_live(self.work(), slots, (but, resting)).await.map_err(Self::work_failed)?;
        Ok(next.map(Timestamp))
    }
}

/// The owner of leased effects.
struct Owner {
    flow: FlowRef,
    wrapped: Vec<u8>,
    key: Option<DataKey>,
}
