//! Events that are kept because the process that took them cannot step their owner, or because that owner has no
//! onboarding yet that awaits them; and the marks that tell a process that can step an onboarding that something is
//! kept for it.

use std::collections::BTreeSet;

use gangway_core::effect::EffectId;
use gangway_core::event::{OnboardingId, UserId};
use gangway_core::onboarding::FlowRef;
use gangway_core::time::Timestamp;
use gangway_entities::{events, onboardings};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::dialect::{EndRow, Whose};
use super::figures::EFFECTS;
use super::keys::{Blind, DataKey};
use super::tx::{Tx, sorted};
use super::types::{Held, Shut, StoreError, Unopened};
use super::{Store, rows};

/// The end of a lease that must not run out: its attempt has an outcome, which is kept. The last year with four digits.
pub(super) const NEVER: i64 = 253_402_300_799_000;

/// A kept event, opened by itself.
pub type Kept = Result<Held, Unopened>;

impl Tx {
    /// The oldest events kept for this onboarding, each opened by itself; at most `limit`.
    ///
    /// # Errors
    /// See [`Tx`].
    pub async fn kept_of(&mut self, id: OnboardingId, key: &DataKey, limit: u32) -> Result<Vec<Kept>, StoreError> {
        let found = self.session().kept_of(Whose::Onboarding(id.0), limit).await?;
        found.iter().map(|row| self.open_kept(row, key)).collect()
    }

    /// The newest events of each type kept for this user and no onboarding yet, in the order in which they came, each
    /// opened by itself; of each type at most `limit`. The user must be locked.
    ///
    /// # Errors
    /// See [`Tx`].
    pub async fn kept_for(&mut self, id: UserId, key: &DataKey, limit: u32) -> Result<Vec<Kept>, StoreError> {
        let found = self.session().kept_of(Whose::User(id.0), limit).await?;
        found.iter().map(|row| self.open_kept(row, key)).collect()
    }

    fn open_kept(&self, row: &events::Model, key: &DataKey) -> Result<Kept, StoreError> {
        let (seq, found_by, dedupe) = (row.seq, Blind([0; 32]), rows::dedupe(&row.dedupe)?);
        let own = row.own_key.as_deref().map(|own| self.keyring().data_key(own));
        let key = own.unwrap_or_else(|| Ok(key.clone()));
        let opened = key.and_then(|key| rows::open_text(&key, row));
        Ok(match opened.and_then(|(text, raw)| Ok((rows::read_json(&text)?, text, raw))) {
            Ok((event, text, raw)) => Ok(Held { seq, dedupe, found_by, event, text, raw }),
            Err(error) => Err(Unopened { seq, found_by, why: error.cause().to_owned() }),
        })
    }

    /// Marks these, which are locked, as ones for which something may be kept, or takes their marks back.
    ///
    /// # Errors
    /// See [`Tx`].
    pub async fn mark_kept(&mut self, ids: &[OnboardingId], kept: bool) -> Result<(), StoreError> {
        let ids = sorted(ids.iter().map(|id| id.0));
        if ids.is_empty() { Ok(()) } else { self.session().mark_kept(&ids, kept).await }
    }

    /// Ends these, which are locked, as their columns say; what is sealed stays as it is.
    ///
    /// # Errors
    /// See [`Tx`].
    pub async fn end_shut(&mut self, rows: &[&Shut]) -> Result<(), StoreError> {
        let row = |shut: &&Shut| EndRow {
            id: shut.id.0,
            status: shut.status.clone(),
            ended_at: shut.ended_at.map(|at| at.0),
            revision: rows::long(shut.revision),
        };
        if rows.is_empty() {
            return Ok(());
        }
        rows.iter().for_each(|shut| self.tally().ended(shut.id.0, &shut.status));
        self.session().end_shut(rows.iter().map(row).collect()).await
    }

    /// Has the leases of these attempts never run out: their outcomes are known and kept.
    ///
    /// # Errors
    /// See [`Tx`].
    pub async fn park(&mut self, attempts: &[(EffectId, u32)]) -> Result<(), StoreError> {
        let attempts = attempts.iter().map(|(id, attempt)| (id.onboarding.0, id.n, rows::whole(*attempt)));
        let attempts = sorted(attempts);
        if attempts.is_empty() { Ok(()) } else { self.session().park(&attempts, NEVER).await }
    }

    /// Settles everything that these onboardings have asked for as cancelled, except for publications of their course.
    ///
    /// # Errors
    /// See [`Tx`].
    pub async fn cancel_effects(&mut self, of: &BTreeSet<OnboardingId>) -> Result<(), StoreError> {
        let ids = sorted(of.iter().map(|id| id.0));
        if ids.is_empty() {
            return Ok(());
        }
        let settled = self.session().cancel_effects(&ids).await?;
        self.tally().add(EFFECTS, -rows::long(settled));
        Ok(())
    }
}

impl Store {
    /// Onboardings for which something may be kept, and their flows: in order of id, from the one behind `after` on, at
    /// most `limit`.
    ///
    /// # Errors
    /// [`StoreError::Passing`].
    pub async fn marked(
        &self,
        after: Option<OnboardingId>,
        limit: u32,
    ) -> Result<Vec<(OnboardingId, FlowRef)>, StoreError> {
        let behind =
            after.map_or_else(Condition::all, |after| Condition::all().add(onboardings::Column::Id.gt(after.0)));
        let found: Vec<(Uuid, String, i32)> = onboardings::Entity::find()
            .select_only()
            .columns([onboardings::Column::Id, onboardings::Column::Flow, onboardings::Column::Version])
            .filter(Expr::cust("kept"))
            .filter(behind)
            .order_by_asc(onboardings::Column::Id)
            .limit(u64::from(limit))
            .into_tuple()
            .all(self.work())
            .await
            .map_err(Self::work_failed)?;
        Ok(found.into_iter().map(|(id, flow, version)| (OnboardingId(id), rows::flow(flow, version))).collect())
    }

    /// Users for whom an event of one of these types is kept: the next `limit` of them with each call, from the front
    /// again behind the last, so that a user who cannot be helped hides no other.
    ///
    /// # Errors
    /// [`StoreError::Passing`].
    pub async fn kept_starts(&self, types: &[String], limit: u32) -> Result<Vec<UserId>, StoreError> {
        let after = self.rolling.starts.get().unwrap_or_default();
        let found: Vec<Uuid> = events::Entity::find()
            .select_only()
            .column(events::Column::UserId)
            .distinct()
            .filter(Expr::cust("verdict = 'kept' AND onboarding_id IS NULL"))
            .filter(events::Column::Kind.is_in(types))
            .filter(events::Column::UserId.gt(after))
            .order_by_asc(events::Column::UserId)
            .limit(u64::from(limit))
            .into_tuple()
            .all(self.work())
            .await
            .map_err(Self::work_failed)?;
        let full = found.len() >= usize::try_from(limit).unwrap_or(usize::MAX);
        self.rolling.starts.set(found.last().copied().filter(|_| full));
        Ok(found.into_iter().map(UserId).collect())
    }

    /// Marks events that are kept for a user and no onboarding, and came before `before`, as expired; answers how many.
    ///
    /// # Errors
    /// [`StoreError::Passing`]; the next call does what this one left.
    pub async fn expire_kept(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let which = "verdict = 'kept' AND onboarding_id IS NULL";
        self.expire(which, "was kept and no onboarding came", before, limit).await
    }
}
