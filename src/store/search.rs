//! The read side: the same rows that decided, opened for API, CLI and screens.

use gangway_core::event::{Event, Identifier, OnboardingId, UserId};
use gangway_core::onboarding::{Onboarding, User};
use gangway_core::time::Timestamp;

use super::{Store, StoreError};

/// A journal row, opened as far as people may see it.
#[derive(Clone, Debug)]
pub struct JournalEntry {
    /// Its number; also its id.
    pub seq: i64,
    /// When it was received.
    pub at: Timestamp,
    /// Who said so.
    pub source: String,
    /// Type.
    pub kind: String,
    /// What became of it: a [`gangway_core::decision::Verdict`]'s word.
    pub verdict: String,
    /// State before.
    pub from: Option<String>,
    /// State after.
    pub to: Option<String>,
    /// Copies received, itself included.
    pub copies: u32,
    /// One line of explanation.
    pub detail: String,
    /// Its owner.
    pub onboarding: Option<OnboardingId>,
    /// Revision of the onboarding after it.
    pub revision: Option<u64>,
}

/// Which onboardings to list.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Name of the flow.
    pub flow: Option<String>,
    /// Name of the state.
    pub state: Option<String>,
    /// Status word.
    pub status: Option<String>,
    /// After this one (ids are time-ordered, newest first).
    pub cursor: Option<OnboardingId>,
    /// At most so many.
    pub limit: u32,
}

/// Figures for `/metrics` that only the database knows.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// Onboardings by (flow, status).
    pub onboardings: Vec<(String, String, i64)>,
    /// Held events.
    pub held: i64,
    /// When the oldest onboarding that should have been woken by now asked to be, and the oldest effect due.
    pub oldest_wake: Option<Timestamp>,
    /// Due time of the oldest effect that nobody holds.
    pub oldest_effect: Option<Timestamp>,
    /// Effects that are not settled.
    pub open_effects: i64,
}

impl Store {
    /// Users that own an identifier: exact search by kind and value, through blind values.
    pub async fn users_by(&self, _identifiers: &[Identifier]) -> Result<Vec<User>, StoreError> {
        todo!()
    }

    /// A user.
    pub async fn user(&self, _id: UserId) -> Result<Option<User>, StoreError> {
        todo!()
    }

    /// A user's onboardings, newest first, opened.
    pub async fn user_onboardings(&self, _id: UserId) -> Result<Vec<Onboarding>, StoreError> {
        todo!()
    }

    /// One onboarding, opened.
    pub async fn onboarding(&self, _id: OnboardingId) -> Result<Option<Onboarding>, StoreError> {
        todo!()
    }

    /// Onboardings by filter, newest first.
    pub async fn onboardings(&self, _filter: &Filter) -> Result<Vec<Onboarding>, StoreError> {
        todo!()
    }

    /// An onboarding's journal in order, after `after`, at most `limit`.
    pub async fn journal(&self, _id: OnboardingId, _after: i64, _limit: u32) -> Result<Vec<JournalEntry>, StoreError> {
        todo!()
    }

    /// An onboarding's normalised events in order, opened: for replay.
    pub async fn history(&self, _id: OnboardingId) -> Result<Vec<(JournalEntry, Event)>, StoreError> {
        todo!()
    }

    /// Events of one verdict, newest first, before `before`, at most `limit`.
    pub async fn events_by_verdict(
        &self,
        _verdict: &str,
        _before: Option<i64>,
        _limit: u32,
    ) -> Result<Vec<JournalEntry>, StoreError> {
        todo!()
    }

    /// Figures for `/metrics`.
    pub async fn figures(&self, _now: Timestamp) -> Result<Figures, StoreError> {
        todo!()
    }
}
