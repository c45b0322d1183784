//! One transaction of the engine. Tables are touched in a fixed order (users, onboardings, identifiers, events,
//! effects) and every statement's keys are sorted, so that two processes never wait for each other in a ring.

use std::collections::HashMap;

use gangway_core::event::{OnboardingId, UserId};

use super::keys::{Blind, DataKey, Dedupe};
use super::types::*;

/// An open transaction; dropped without [`Tx::commit`] it leaves nothing.
#[derive(Debug)]
pub struct Tx {
    _private: (),
}

type Result<T> = std::result::Result<T, StoreError>;

impl Tx {
    /// Which of these keys are in the journal already.
    pub async fn known(&mut self, _keys: &[Dedupe]) -> Result<HashMap<Dedupe, KnownEvent>> {
        todo!()
    }

    /// Owners of these identifiers; placeholders without an owner are left out. Locks nothing.
    pub async fn owners(&mut self, _blinds: &[Blind]) -> Result<HashMap<Blind, Owner>> {
        todo!()
    }

    /// Locks these users (for starts), in order of id.
    pub async fn lock_users(&mut self, _ids: &[UserId]) -> Result<Vec<LoadedUser>> {
        todo!()
    }

    /// These users' onboardings, ended ones too. Locks nothing.
    pub async fn onboardings_of(&mut self, _users: &[UserId]) -> Result<Vec<Brief>> {
        todo!()
    }

    /// Locks these onboardings in order of id and opens them.
    pub async fn lock(&mut self, _ids: &[OnboardingId]) -> Result<Vec<Loaded>> {
        todo!()
    }

    /// Adds users and their `user.external_id` and `user.email` identifiers (an e-mail that another user has stays
    /// with that user). Answers the ids that were really added: one whose external id another transaction added
    /// meanwhile is missing, and its event must run again in a later batch.
    pub async fn insert_users(&mut self, _users: &[LoadedUser]) -> Result<Vec<UserId>> {
        todo!()
    }

    /// Adds onboardings. Answers the ids that were really added: one is missing when the user already has a running
    /// one of that flow.
    pub async fn insert_onboardings(&mut self, _rows: &[Loaded]) -> Result<Vec<OnboardingId>> {
        todo!()
    }

    /// Writes changed onboardings, all columns; they must be locked by this transaction.
    pub async fn update_onboardings(&mut self, _rows: &[Loaded]) -> Result<()> {
        todo!()
    }

    /// Makes or locks identifier rows, in order of blind value, and gives those without an owner the claimed one.
    /// Answers the owner of each afterwards: `None` is a placeholder that this transaction holds locked.
    pub async fn claim(&mut self, _claims: &[Claim]) -> Result<HashMap<Blind, Option<Owner>>> {
        todo!()
    }

    /// The oldest held events on these identifiers, opened; at most `limit`. Call after [`Tx::claim`].
    pub async fn held_on(&mut self, _blinds: &[Blind], _limit: u32) -> Result<Vec<Held>> {
        todo!()
    }

    /// Adds journal rows in the order given (the order of `seq`). Answers the number of each row that was really added: a key that
    /// another transaction added meanwhile is missing, and the whole batch must run again.
    pub async fn insert_events(&mut self, _rows: &[NewEvent]) -> Result<HashMap<Dedupe, i64>> {
        todo!()
    }

    /// Counts copies: (number in the journal, how many more).
    pub async fn add_copies(&mut self, _copies: &[(i64, u32)]) -> Result<()> {
        todo!()
    }

    /// Moves held events to their owner: verdict, states, detail; sealed anew with the owner's key.
    pub async fn adopt(&mut self, _rows: &[Adopted]) -> Result<()> {
        todo!()
    }

    /// Adds effects. One that exists already is left as it is.
    pub async fn insert_effects(&mut self, _rows: &[NewEffect]) -> Result<()> {
        todo!()
    }

    /// Settles effects or makes them due again; ends their leases.
    pub async fn follow_up(&mut self, _rows: &[EffectFollowUp]) -> Result<()> {
        todo!()
    }

    /// Makes everything durable. After it returns, an answer to the outside may say so; a crash before leaves nothing.
    pub async fn commit(self) -> Result<()> {
        todo!()
    }

    /// A data key for an event without an owner, or for a new user.
    #[must_use]
    pub fn new_data_key(&self) -> DataKey {
        todo!()
    }
}
