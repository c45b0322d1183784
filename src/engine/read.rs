//! What a round knows of people: read under its locks, and moved on in memory by what was stepped so far. `load` fills
//! it. No SQL here, and nothing that will be written.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use gangway_core::event::{Body, OnboardingId, UserId};
use gangway_core::flow::model::Flow;
use gangway_core::secret::Secrets;

use crate::store::Blind;
use crate::store::types::{Brief, EventOwner, Held, Loaded, LoadedUser, Owner, Shut, ShutUser};

use super::door::Arrival;
use super::find::Target;
use super::taken::Others;

/// An onboarding of this round.
#[derive(Debug)]
pub(super) struct Work {
    pub loaded: Loaded,
    /// Its flow; absent when that does not load here: then only what needs no flow is decided.
    pub flow: Option<Arc<Flow>>,
    /// Begun in this round.
    pub fresh: bool,
    /// Differs from its row.
    pub changed: bool,
}

/// Everything that is known in a round.
#[derive(Debug, Default)]
pub(super) struct Read {
    /// Onboardings that are locked here, or were begun here.
    pub works: BTreeMap<OnboardingId, Work>,
    /// Onboardings that are locked here and cannot be opened here.
    pub shut: BTreeMap<OnboardingId, Shut>,
    pub users: HashMap<UserId, LoadedUser>,
    /// Users that cannot be opened here.
    pub shut_users: BTreeMap<UserId, ShutUser>,
    /// Users whom this round met first, by external id.
    pub begun: HashMap<Blind, UserId>,
    /// All onboardings of these users.
    pub briefs: Vec<Brief>,
    /// Former owners of the identifiers that answers give to another user.
    pub others: Others,
    /// The identifiers that events named by an operator are held on.
    pub held: HashMap<i64, Vec<(Blind, String)>>,
    /// Onboardings for which something may be kept.
    pub marked: BTreeSet<OnboardingId>,
    /// What is kept for users who begin something in this round.
    pub early: HashMap<UserId, Vec<(Held, Secrets)>>,
    /// Onboardings and users locked by other transactions: their events go into another round.
    pub in_use: BTreeSet<OnboardingId>,
    pub in_use_users: BTreeSet<UserId>,
    /// Onboardings that wait for another round.
    pub waiting: BTreeSet<OnboardingId>,
}

impl Read {
    /// The user's running onboarding of this flow, else the newest ended one.
    pub(super) fn previous(&self, user: UserId, flow: &str) -> Option<Brief> {
        let of_flow = self.briefs.iter().filter(|brief| brief.user == user && brief.flow.name == flow);
        of_flow
            .map(|brief| {
                let ended = self.works.get(&brief.id).map_or(brief.ended, |w| w.loaded.onboarding.status.ended());
                Brief { ended, ..brief.clone() }
            })
            .max_by_key(|brief| (!brief.ended, brief.id))
    }

    /// The owner of an onboarding's events, also where it cannot be read here.
    pub(super) fn owner(&self, id: OnboardingId) -> Option<EventOwner> {
        let (user, key) = match (self.works.get(&id), self.shut.get(&id)) {
            (Some(work), _) => (work.loaded.onboarding.user.id, Some(work.loaded.key.clone())),
            (None, Some(shut)) => (shut.user, shut.key.clone()),
            (None, None) => return None,
        };
        Some(EventOwner { user, onboarding: Some(id), key })
    }

    /// The user of an onboarding that is here, or of one that has an identifier that was given to another.
    pub(super) fn user_of(&self, id: OnboardingId) -> Option<UserId> {
        let work = self.works.get(&id).map(|work| work.loaded.onboarding.user.id);
        work.or_else(|| self.others.user_of(id))
    }

    /// Whether this onboarding, or its user, is that owner.
    pub(super) fn belongs(&self, id: OnboardingId, owner: Option<Owner>) -> bool {
        match owner {
            Some(Owner::Onboarding(owner)) => owner == id,
            Some(Owner::User(user)) => self.works.get(&id).is_some_and(|work| work.loaded.onboarding.user.id == user),
            None => false,
        }
    }

    /// Whether another transaction holds a row that it concerns.
    pub(super) fn held_elsewhere(&self, target: &Target) -> bool {
        let running = match target {
            Target::Onboarding(id) => Some(*id),
            Target::Start(start) => {
                let previous = start.user.and_then(|user| self.previous(user, &start.flow.id.name));
                previous.filter(|brief| !brief.ended).map(|brief| brief.id)
            }
            _ => None,
        };
        running.is_some_and(|id| self.in_use.contains(&id))
            || target.user().is_some_and(|user| self.in_use_users.contains(&user))
    }

    /// Whether a message was for this onboarding when it was looked for, and what it awaited then it does not any more:
    /// by now another of its user's may be the one.
    pub(super) fn moved_on(&self, id: OnboardingId, arrival: &Arrival) -> bool {
        let (Body::Message { .. }, None) = (&arrival.event.body, arrival.owner) else { return false };
        let Some((work, flow)) = self.works.get(&id).and_then(|work| Some((work, work.flow.as_ref()?))) else {
            return false;
        };
        let (now, kind) = (&work.loaded.onboarding, &arrival.event.kind);
        let then = self.briefs.iter().find(|brief| brief.id == id);
        then.is_some_and(|then| !then.ended && flow.hears(&then.state, kind))
            && (now.status.ended() || !flow.hears(&now.state, kind))
    }
}
