//! An identifier names one user. An answer that gives an onboarding an identifier of another user (one account at the
//! provider, two people here) is told from every other answer before the step sees it: the onboarding then waits for a
//! person, and nothing of the answer becomes its own. Other onboardings of the same user are no others: the first of
//! them keeps the identifier.

use std::borrow::Cow;
use std::collections::HashMap;

use gangway_core::event::{Body, Event, Identifier, OnboardingId, Taken, UserId};
use gangway_core::outcome::AttemptResult;

use crate::store::types::{Claim, Owner};
use crate::store::{Blind, StoreError, Tx};

use super::door::Arrival;
use super::round::Round;

/// The owners, before a round, of the identifiers that its answers give to another user.
#[derive(Debug, Default)]
pub(super) struct Others {
    owners: HashMap<Blind, OnboardingId>,
    users: HashMap<OnboardingId, UserId>,
}

impl Others {
    /// Reads their owners; asks nothing where no other user has any, as is usual.
    pub(super) async fn find(
        tx: &mut Tx,
        answered: &[(Blind, OnboardingId)],
        owners: &HashMap<Blind, Owner>,
    ) -> Result<Self, StoreError> {
        let other = |(blind, own): &(Blind, OnboardingId)| match owners.get(blind) {
            Some(Owner::Onboarding(id)) if id != own => Some((*blind, *id)),
            _ => None,
        };
        let owners: HashMap<Blind, OnboardingId> = answered.iter().filter_map(other).collect();
        let users = tx.users_of(&owners.values().copied().collect::<Vec<_>>()).await?;
        Ok(Self { owners, users })
    }

    /// These too.
    pub(super) fn add(&mut self, more: Self) {
        self.owners.extend(more.owners);
        self.users.extend(more.users);
    }

    /// The user of an onboarding that had one of them.
    pub(super) fn user_of(&self, id: OnboardingId) -> Option<UserId> {
        self.users.get(&id).copied()
    }

    /// Whether another process gave one of these away after its owner was read.
    pub(super) fn outrun(&self, claims: &[Claim], after: &HashMap<Blind, Option<Owner>>) -> bool {
        claims.iter().any(|claim| match (claim.owner, after.get(&claim.blind)) {
            (Some(Owner::Onboarding(wanted)), Some(Some(Owner::Onboarding(owner)))) => {
                wanted != *owner && self.owners.get(&claim.blind) != Some(owner)
            }
            _ => false,
        })
    }
}

/// The identifiers that an event's answer gives to its onboarding.
pub(super) fn answered(arrival: &Arrival) -> impl Iterator<Item = (&Identifier, OnboardingId)> {
    let names = match &arrival.event.body {
        Body::Outcome { result: AttemptResult::Done(answer), .. } => answer.identifiers.as_slice(),
        _ => &[],
    };
    let named = names.iter().filter(|name| !name.is_blank());
    arrival.owner.into_iter().flat_map(move |id| named.clone().map(move |name| (name, id)))
}

impl Round<'_> {
    /// The event as the step sees it and the journal keeps it, so that a replay sees the same.
    pub(super) fn told<'a>(&self, arrival: &'a Arrival) -> Cow<'a, Event> {
        let found = self.taken(arrival);
        if found.is_none() {
            return Cow::Borrowed(&arrival.event);
        }
        let mut event = arrival.event.clone();
        if let Body::Outcome { taken, .. } = &mut event.body {
            *taken = found;
        }
        Cow::Owned(event)
    }

    /// The first identifier that another user has, since before this round or by an event of it.
    fn taken(&self, arrival: &Arrival) -> Option<Taken> {
        let anothers = |name: &Identifier, id: OnboardingId| {
            let blind = self.engine.store.keys().blind(name);
            let claimed = match self.claims.owner(&blind) {
                Some(Owner::Onboarding(owner)) => Some(owner),
                _ => None,
            };
            let owner = self.read.others.owners.get(&blind).copied().or(claimed)?;
            let another = self.read.user_of(owner).is_some_and(|user| Some(user) != self.read.user_of(id));
            another.then(|| Taken { kind: name.kind.clone(), by: owner })
        };
        answered(arrival).find_map(|(name, id)| anothers(name, id))
    }
}
