//! One transaction of the engine. Tables are touched in a fixed order (users, onboardings, identifiers, events, what
//! they are held on, effects) and every statement's keys are sorted, so that two processes never wait for each other in
//! a ring.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use gangway_core::decision::{FollowUp, Verdict};
use gangway_core::event::{Identifier, OnboardingId, UserId};
use gangway_core::onboarding::User;
use gangway_entities::{events, identifiers};

use super::dialect::{DueRow, Session, SettleRow};
use super::figures::{EFFECTS, HELD, Tally};
use super::keys::{Blind, DataKey, Dedupe, Digest, Keyring};
use super::rows;
use super::types::{
    Brief, Claim, EffectFollowUp, KnownEvent, Loaded, LoadedUser, NewEffect, NewEvent, Owner, Shut, ShutUser,
    StoreError,
};
use crate::clock::Chance;

/// An open transaction; dropped without [`Tx::commit`] it leaves nothing.
///
/// Every method fails with [`StoreError::Passing`] when the whole transaction may run again, and with
/// [`StoreError::Poison`] when a row in it will never be taken; after either it can only be dropped. Empty input asks
/// the database nothing.
#[derive(Debug)]
pub struct Tx {
    session: Box<dyn Session>,
    keys: Arc<Keyring>,
    chance: Arc<dyn Chance>,
    tally: Tally,
}

type Result<T> = std::result::Result<T, StoreError>;

/// A locked onboarding.
#[derive(Debug)]
pub struct Locked {
    /// The onboarding, opened; else what its columns say.
    pub seen: std::result::Result<Loaded, Box<Shut>>,
    /// Whether something may be kept for it.
    pub kept: bool,
}

impl Tx {
    pub(super) fn new(session: Box<dyn Session>, keys: Arc<Keyring>, chance: Arc<dyn Chance>, tally: Tally) -> Self {
        Self { session, keys, chance, tally }
    }

    /// Whether [`Tx::lock`] and [`Tx::lock_users`] pass over rows that another transaction holds: what they leave out
    /// may be there.
    #[must_use]
    pub fn passes_over(&self) -> bool {
        self.session.passes_over()
    }

    /// Writes what is there already.
    pub(super) async fn touch(&mut self) -> Result<()> {
        self.session.touch().await
    }

    pub(super) fn session(&mut self) -> &mut dyn Session {
        &mut *self.session
    }

    pub(super) fn tally(&mut self) -> &mut Tally {
        &mut self.tally
    }

    pub(super) fn keyring(&self) -> &Keyring {
        &self.keys
    }

    pub(super) fn chance(&self) -> &dyn Chance {
        &*self.chance
    }

    /// Which of these keys are in the journal already.
    ///
    /// # Errors
    /// See [`Tx`].
    pub async fn known(&mut self, keys: &[Dedupe]) -> Result<HashMap<Dedupe, KnownEvent>> {
        let keys = sorted(keys.iter().map(|key| key.0.to_vec()));
        if keys.is_empty() {
            return Ok(HashMap::new());
        }
        let found = self.session.known(&keys).await?.into_iter().map(|row| {
            // A digest of another length is no copy's; a verdict of another version was at least remembered.
            let digest = Digest(row.digest.as_slice().try_into().unwrap_or_default());
            let verdict = Verdict::from_word(&row.verdict).unwrap_or(Verdict::Noted);
            let known = KnownEvent { seq: row.seq, digest, verdict, onboarding: row.onboarding_id.map(OnboardingId) };
            Ok((rows::dedupe(&row.dedupe)?, known))
        });
        found.collect()
    }

    /// Owners of these identifiers; placeholders without an owner are left out. Locks nothing.
    ///
    /// # Errors
    /// See [`Tx`].
    pub async fn owners(&mut self, blinds: &[Blind]) -> Result<HashMap<Blind, Owner>> {
        let blinds = sorted(blinds.iter().map(|blind| blind.0.to_vec()));
        if blinds.is_empty() {
            return Ok(HashMap::new());
        }
        let found = self.session.owners(&blinds).await?;
        let owned = found.iter().filter_map(|row| Some((row, rows::owner(row)?)));
        owned.map(|(row, owner)| Ok((rows::blind(&row.blind)?, owner))).collect()
    }

    /// Locks these users (for starts), in order of id; each is opened by itself.
    ///
    /// # Errors
    /// See [`Tx`].
    pub async fn lock_users(&mut self, ids: &[UserId]) -> Result<Vec<std::result::Result<LoadedUser, ShutUser>>> {
        let ids = sorted(ids.iter().map(|id| id.0));
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let found = self.session.lock_users(&ids).await?;
        Ok(found.iter().map(|row| rows::person(&self.keys, row)).collect())
    }

    /// The users of these onboardings. Locks nothing: they never change.
    ///
    /// # Errors
    /// See [`Tx`].
    pub async fn users_of(&mut self, ids: &[OnboardingId]) -> Result<HashMap<OnboardingId, UserId>> {
        let ids = sorted(ids.iter().map(|id| id.0));
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let pairs = self.session.users_of(&ids).await?.into_iter();
        Ok(pairs.map(|(id, user)| (OnboardingId(id), UserId(user))).collect())
    }

    /// These users' onboardings, ended ones too. Locks nothing.
    ///
    /// # Errors
    /// See [`Tx`].
    pub async fn onboardings_of(&mut self, users: &[UserId]) -> Result<Vec<Brief>> {
        let users = sorted(users.iter().map(|id| id.0));
        if users.is_empty() {
            return Ok(Vec::new());
        }
        let found = self.session.onboardings_of(&users).await?.into_iter().map(|row| Brief {
            id: OnboardingId(row.id),
            user: UserId(row.user_id),
            flow: rows::flow(row.flow, row.version),
            state: row.state,
            ended: row.ended_at.is_some(),
        });
        Ok(found.collect())
    }

    /// Locks these onboardings in order of id; each is opened by itself, so that one that does not open does not hold
    /// up the others.
    ///
    /// # Errors
    /// See [`Tx`].
    pub async fn lock(&mut self, ids: &[OnboardingId]) -> Result<Vec<Locked>> {
        let ids = sorted(ids.iter().map(|id| id.0));
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let found = self.session.lock(&ids).await?;
        let mut locked = Vec::with_capacity(found.len());
        for (row, user, kept) in found {
            self.tally.found(&row);
            locked.push(Locked { seen: rows::opened(&self.keys, row, &user), kept });
        }
        Ok(locked)
    }

    /// Adds users and their `user.external_id` and `user.email` identifiers (an e-mail that another user has stays with
    /// that user). Answers the ids that were really added: an id is missing when another transaction added its external
    /// id meanwhile, and its event must run again in a later batch.
    ///
    /// # Errors
    /// See [`Tx`].
    pub async fn insert_users(&mut self, users: &[LoadedUser]) -> Result<Vec<UserId>> {
        let owners = self.claim(&self.user_claims(users)).await?;
        self.insert_owning_users(users, &owners).await
    }

    /// The claims of new users, for a batch that claims other identifiers in the same statement: two statements that
    /// lock identifiers could wait for another batch's two in a ring.
    #[must_use]
    pub fn user_claims(&self, users: &[LoadedUser]) -> Vec<Claim> {
        let claim = |user: &User, kind: &str, value: &str| {
            let (blind, owner) = (self.keys.blind(&Identifier::new(kind, value)), Some(Owner::User(user.id)));
            Claim { blind, kind: kind.into(), owner, since: user.created_at }
        };
        let of_user = |LoadedUser { user, .. }: &LoadedUser| {
            let email = user.email.as_ref().map(|email| claim(user, Identifier::EMAIL, email));
            [claim(user, Identifier::EXTERNAL_ID, &user.external_id)].into_iter().chain(email)
        };
        users.iter().flat_map(of_user).collect()
    }

    /// Adds those users that own their external id after [`Tx::claim`]; like [`Tx::insert_users`].
    pub async fn insert_owning_users(
        &mut self,
        users: &[LoadedUser],
        owners: &HashMap<Blind, Option<Owner>>,
    ) -> Result<Vec<UserId>> {
        let owner = |user: &User| {
            let blind = self.keys.blind(&Identifier::new(Identifier::EXTERNAL_ID, &user.external_id));
            owners.get(&blind).copied().flatten()
        };
        if users.iter().any(|loaded| matches!(owner(&loaded.user), Some(Owner::Onboarding(_)))) {
            return Err(StoreError::Poison("a user's external id belongs to an onboarding".into()));
        }
        let won = |user: &User| owner(user) == Some(Owner::User(user.id));
        let mut added: Vec<&LoadedUser> = users.iter().filter(|loaded| won(&loaded.user)).collect();
        added.sort_by_key(|loaded| loaded.user.id);
        if !added.is_empty() {
            let rows =
                added.iter().map(|loaded| rows::user_row(&self.keys, &*self.chance, loaded)).collect::<Result<_>>()?;
            self.session.insert_users(rows).await?;
        }
        Ok(added.into_iter().map(|loaded| loaded.user.id).collect())
    }

    /// Adds onboardings. Answers the ids that were really added: one is missing when the user already has a running
    /// one of that flow.
    ///
    /// # Errors
    /// See [`Tx`].
    pub async fn insert_onboardings(&mut self, rows: &[Loaded]) -> Result<Vec<OnboardingId>> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let rows = self.onboarding_rows(rows)?;
        let added = self.session.insert_onboardings(rows.clone()).await?;
        rows.iter().filter(|row| added.contains(&row.id)).for_each(|row| self.tally.begun(row));
        Ok(added.into_iter().map(OnboardingId).collect())
    }

    /// Writes changed onboardings, all columns; they must be locked by this transaction.
    ///
    /// # Errors
    /// See [`Tx`].
    pub async fn update_onboardings(&mut self, rows: &[Loaded]) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let rows = self.onboarding_rows(rows)?;
        let wanted = u64::try_from(rows.len()).unwrap_or(u64::MAX);
        rows.iter().for_each(|row| self.tally.moved(row));
        if self.session.update_onboardings(rows).await? == wanted {
            return Ok(());
        }
        Err(StoreError::Poison("an onboarding to be changed is not there".into()))
    }

    fn onboarding_rows(&self, rows: &[Loaded]) -> Result<Vec<gangway_entities::onboardings::Model>> {
        let rows: Result<Vec<_>> = rows.iter().map(|row| rows::onboarding_row(&*self.chance, row)).collect();
        let mut rows = rows?;
        rows.sort_by_key(|row| row.id);
        Ok(rows)
    }

    /// Makes or locks identifier rows, in order of blind value, and gives those without an owner the claimed one. An
    /// identifier of an ended onboarding of the same user changes owner too: what comes now concerns the running one.
    /// Answers the owner of each afterwards: `None` is a placeholder that this transaction holds locked.
    ///
    /// # Errors
    /// See [`Tx`].
    pub async fn claim(&mut self, claims: &[Claim]) -> Result<HashMap<Blind, Option<Owner>>> {
        if claims.is_empty() {
            return Ok(HashMap::new());
        }
        // One row for each identifier: the first claim that names an owner, else the placeholder.
        let mut first: BTreeMap<Blind, &Claim> = BTreeMap::new();
        for claim in claims {
            let kept = first.entry(claim.blind).or_insert(claim);
            if kept.owner.is_none() && claim.owner.is_some() {
                *kept = claim;
            }
        }
        let wanted = first.into_values().map(|claim| {
            let (onboarding_id, user_id) = match claim.owner {
                Some(Owner::Onboarding(id)) => (Some(id.0), None),
                Some(Owner::User(id)) => (None, Some(id.0)),
                None => (None, None),
            };
            let blind = claim.blind.0.to_vec();
            identifiers::Model { blind, kind: claim.kind.clone(), onboarding_id, user_id, since: claim.since.0 }
        });
        let after = self.session.claim(wanted.collect()).await?;
        after.iter().map(|row| Ok((rows::blind(&row.blind)?, rows::owner(row)))).collect()
    }

    /// Adds journal rows in the order given (the order of `seq`). Answers the number of each row that was really added:
    /// a key that another transaction added meanwhile is missing, and the whole batch must run again. Also writes the
    /// identifiers that they are held on.
    ///
    /// # Errors
    /// See [`Tx`].
    pub async fn insert_events(&mut self, rows: &[NewEvent]) -> Result<HashMap<Dedupe, i64>> {
        let mut seen = HashSet::new();
        let fresh = rows.iter().filter(|row| seen.insert(row.dedupe)).map(|row| self.event_row(row));
        let fresh: Vec<_> = fresh.collect::<Result<_>>()?;
        if fresh.is_empty() {
            return Ok(HashMap::new());
        }
        let added = self.session.insert_events(fresh).await?;
        let added: HashMap<Dedupe, i64> =
            added.into_iter().map(|row| Ok((rows::dedupe(&row.dedupe)?, row.seq))).collect::<Result<_>>()?;
        let held = rows.iter().filter(|row| row.verdict == Verdict::Held && added.contains_key(&row.dedupe)).count();
        self.tally.add(HELD, rows::number(held));
        self.hold(rows, &added).await?;
        Ok(added)
    }

    pub(super) fn event_row(&self, new: &NewEvent) -> Result<events::Model> {
        let (key, own_key) = match new.owner.as_ref().and_then(|owner| owner.key.clone()) {
            Some(owners) => (owners, None),
            None => {
                let own = self.new_data_key();
                (own.clone(), Some(own.wrapped().to_vec()))
            }
        };
        let event = &new.event;
        Ok(events::Model {
            seq: 0,
            dedupe: new.dedupe.0.to_vec(),
            digest: new.digest.0.to_vec(),
            source: event.source.clone(),
            kind: event.kind.clone(),
            received_at: event.received_at.0,
            occurred_at: event.occurred_at.map(|at| at.0),
            onboarding_id: new.owner.as_ref().and_then(|owner| owner.onboarding).map(|id| id.0),
            user_id: new.owner.as_ref().map(|owner| owner.user.0),
            verdict: new.verdict.word().into(),
            from_state: new.from.clone(),
            to_state: new.to.clone(),
            revision: new.revision.map(rows::long),
            copies: rows::whole(new.copies),
            detail: new.detail.clone(),
            sealed: rows::seal_event(&*self.chance, &key, &new.dedupe.0, event, &new.raw)?,
            own_key,
            decided_at: new.decided_at.map(|at| at.0),
            last_at: None,
            times: None,
        })
    }

    /// Locks journal rows in order of their numbers. To be called once, before anything else is done to existing rows
    /// of the journal and after new ones were added.
    pub async fn lock_events(&mut self, seqs: &[i64]) -> Result<()> {
        let seqs = sorted(seqs.iter().copied());
        if seqs.is_empty() { Ok(()) } else { self.session.lock_events(&seqs).await }
    }

    /// Counts copies: (number in the journal, how many more).
    ///
    /// # Errors
    /// See [`Tx`].
    pub async fn add_copies(&mut self, copies: &[(i64, u32)]) -> Result<()> {
        let mut sums: BTreeMap<i64, i32> = BTreeMap::new();
        for (seq, more) in copies {
            let sum = sums.entry(*seq).or_default();
            *sum = sum.saturating_add(rows::whole(*more));
        }
        if sums.is_empty() {
            return Ok(());
        }
        let sums: Vec<_> = sums.into_iter().collect();
        if self.session.add_copies(&sums).await? == rows::count(rows::number(sums.len())) {
            return Ok(());
        }
        Err(StoreError::Passing("a row of the journal went into another one while a copy of it was counted".into()))
    }

    /// Adds effects. One that exists already is left as it is.
    ///
    /// # Errors
    /// See [`Tx`].
    pub async fn insert_effects(&mut self, rows: &[NewEffect]) -> Result<()> {
        let rows: Vec<_> = rows.iter().map(|row| rows::effect_row(&*self.chance, row)).collect::<Result<_>>()?;
        if rows.is_empty() {
            return Ok(());
        }
        let added = self.session.insert_effects(rows).await?;
        self.tally.add(EFFECTS, rows::long(added));
        Ok(())
    }

    /// Settles effects or makes them due again; ends their leases. A settled effect that is due again is open again (an
    /// operator's retry), except for a lifecycle publication: what was published stays published.
    ///
    /// # Errors
    /// See [`Tx`].
    pub async fn follow_up(&mut self, rows: &[EffectFollowUp]) -> Result<()> {
        // The last word on an effect counts.
        let last: BTreeMap<_, _> = rows.iter().map(|row| ((row.onboarding, number(&row.what)), &row.what)).collect();
        let (mut settled, mut due) = (Vec::new(), Vec::new());
        for ((onboarding, n), what) in last {
            let onboarding_id = onboarding.0;
            match what {
                FollowUp::Settled { outcome, .. } => {
                    settled.push(SettleRow { onboarding_id, n, outcome: outcome.clone() });
                }
                FollowUp::Due { at, mode, uncertain_since, .. } => due.push(DueRow {
                    onboarding_id,
                    n,
                    due_at: at.0,
                    mode: rows::mode_word(*mode),
                    uncertain_since: uncertain_since.map(|since| since.0),
                }),
            }
        }
        if !settled.is_empty() {
            let settled = self.session.settle(settled).await?;
            self.tally.add(EFFECTS, -rows::long(settled));
        }
        if !due.is_empty() {
            let opened = self.session.due_again(due).await?;
            self.tally.add(EFFECTS, rows::long(opened));
        }
        Ok(())
    }

    /// Makes everything durable. After it returns, an answer to the outside may say so; a crash before leaves nothing.
    ///
    /// # Errors
    /// See [`Tx`].
    pub async fn commit(mut self) -> Result<()> {
        let (counts, sum_up) = self.tally.rows();
        if !counts.is_empty() {
            self.session.tally(counts).await?;
        }
        if let Some(limit) = sum_up {
            self.session.sum_up(limit).await?;
        }
        self.session.commit().await
    }

    /// Leaves nothing and releases every lock before it returns. Dropping the transaction does the same, but a moment
    /// later: the next transaction may still meet its locks.
    ///
    /// # Errors
    /// See [`Tx`]; nothing is left in that case either.
    pub async fn rollback(self) -> Result<()> {
        self.session.rollback().await
    }

    /// A data key for an event without an owner, or for a new user.
    #[must_use]
    pub fn new_data_key(&self) -> DataKey {
        self.keys.new_data_key(&*self.chance)
    }
}

fn number(what: &FollowUp) -> i64 {
    match what {
        FollowUp::Settled { n, .. } | FollowUp::Due { n, .. } => *n,
    }
}

pub(super) fn sorted<T: Ord>(keys: impl Iterator<Item = T>) -> Vec<T> {
    let mut keys: Vec<T> = keys.collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}
