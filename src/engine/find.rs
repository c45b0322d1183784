//! Finds the owner: every new event gets its target, which is an onboarding, a start, a place among the held ones, or a
//! refusal.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use gangway_core::event::{Body, Event, Identifier, OF_FLOWS, OnboardingId, UserId};
use gangway_core::flow::model::Flow;
use gangway_core::matching::{self, SignUp};
use gangway_core::onboarding::FlowRef;

use crate::store::types::{Brief, Owner};
use crate::store::{Blind, Keyring, StoreError, Tx};

use super::batch::Item;
use super::door::Arrival;
use super::flows::Flows;
use super::taken::{self, Others};

/// Where an event goes.
#[derive(Debug)]
pub(super) enum Target {
    /// To this onboarding.
    Onboarding(OnboardingId),
    /// It begins this flow for this user.
    Start(Box<Start>),
    /// None of the user's onboardings awaits it, and one that may still begin does.
    Early(Early),
    /// Its owner depends on these flows, which are not loaded yet.
    Unmet(BTreeSet<FlowRef>),
    /// None of its identifiers has an owner yet: these, with their kinds, the most telling first.
    Held(Vec<(Blind, String)>),
    /// Noted for a user without an onboarding that could take it, or for no user at all.
    Unowned(&'static str),
    /// Not allowed; why.
    Refused(String),
}

/// A message that came before its onboarding.
#[derive(Debug)]
pub(super) struct Early {
    pub user: UserId,
    /// Its type.
    pub kind: String,
}

impl Target {
    /// The user whose row must be locked.
    pub(super) const fn user(&self) -> Option<UserId> {
        match self {
            Self::Start(start) => start.user,
            Self::Early(early) => Some(early.user),
            _ => None,
        }
    }

    /// Looks again for the onboarding of an early message, which may have begun meanwhile; under the lock none can
    /// begin.
    pub(super) fn look_again(&mut self, briefs: &[Brief], flows: &Flows) {
        if let Self::Early(Early { user, kind }) = self
            && let Choice::One(id, Awaits::Yes) = choose(*user, kind, briefs, flows)
        {
            *self = Self::Onboarding(id);
        }
    }
}

/// A start event, read.
#[derive(Debug)]
pub(super) struct Start {
    /// The flow that begins.
    pub flow: Arc<Flow>,
    /// What it says of the user; absent when another onboarding of the user begins the flow.
    pub said: Option<Said>,
    /// The user, if known.
    pub user: Option<UserId>,
}

/// What a start event says of its user.
#[derive(Debug)]
pub(super) struct Said {
    /// The user.
    pub claim: SignUp,
    /// The user's blind external id.
    pub blind: Blind,
}

/// What the database knows of the batch's owners.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Targets, in the order of the items.
    pub targets: Vec<Target>,
    /// Onboardings of the users concerned.
    pub briefs: Vec<Brief>,
    /// Present owners of the identifiers that answers give to another user.
    pub others: Others,
}

/// Finds the target of each item. Locks nothing: what changes before the locks are taken goes into another round.
pub(super) async fn find(
    tx: &mut Tx,
    keys: &Keyring,
    flows: &Flows,
    arrivals: &[&Arrival],
    items: &[Item],
) -> Result<Found, StoreError> {
    let mut wanted = BTreeSet::new();
    let mut answered: Vec<(Blind, OnboardingId)> = Vec::new();
    let mut names: Vec<Vec<(Blind, Identifier)>> = Vec::with_capacity(items.len());
    let mut starts: Vec<Option<Result<Start, String>>> = Vec::with_capacity(items.len());
    for item in items {
        let Some(arrival) = arrivals.get(item.at) else { continue };
        let start = if arrival.owner.is_none() { read_start(keys, flows, &arrival.event) } else { None };
        let of_event = match (&start, arrival.owner) {
            (None, None) => matching::identifiers(&arrival.event),
            _ => Vec::new(),
        };
        answered.extend(taken::answered(arrival).map(|(name, id)| (keys.blind(name), id)));
        let of_event: Vec<_> = of_event.into_iter().map(|name| (keys.blind(&name), name)).collect();
        wanted.extend(of_event.iter().map(|(blind, _)| *blind));
        if let Some(Ok(Start { said: Some(said), .. })) = &start {
            wanted.insert(said.blind);
        }
        names.push(of_event);
        starts.push(start);
    }
    wanted.extend(answered.iter().map(|(blind, _)| *blind));
    let wanted: Vec<Blind> = wanted.into_iter().collect();
    let owners = if wanted.is_empty() { HashMap::new() } else { tx.owners(&wanted).await? };
    let users: BTreeSet<UserId> = owners.values().filter_map(|owner| as_user(*owner)).collect();
    let users: Vec<UserId> = users.into_iter().collect();
    let briefs = if users.is_empty() { Vec::new() } else { tx.onboardings_of(&users).await? };
    let mut targets = Vec::with_capacity(items.len());
    for ((item, names), start) in items.iter().zip(names).zip(starts) {
        let Some(arrival) = arrivals.get(item.at) else { continue };
        targets.push(match (arrival.owner, start) {
            (Some(owner), _) => Target::Onboarding(owner),
            (None, Some(Err(why))) => Target::Refused(why),
            (None, Some(Ok(mut start))) => {
                if let Some(said) = &start.said {
                    start.user = owners.get(&said.blind).copied().and_then(as_user);
                }
                Target::Start(Box::new(start))
            }
            (None, None) => by_identifier(&arrival.event, names, &owners, &briefs, flows),
        });
    }
    let others = Others::find(tx, &answered, &owners).await?;
    Ok(Found { targets, briefs, others })
}

const fn as_user(owner: Owner) -> Option<UserId> {
    match owner {
        Owner::User(user) => Some(user),
        Owner::Onboarding(_) => None,
    }
}

/// A start event is a message with a type that begins a flow, or the event of an onboarding that starts another one;
/// what a message says of the user must be readable.
fn read_start(keys: &Keyring, flows: &Flows, event: &Event) -> Option<Result<Start, String>> {
    if let Body::Child { flow, user, .. } = &event.body {
        let known = flows.newest(flow).ok_or_else(|| format!("the flow {flow} is not known here; add its file"));
        return Some(known.map(|flow| Start { flow, said: None, user: Some(*user) }));
    }
    if !matches!(event.body, Body::Message { .. }) {
        return None;
    }
    let flow = flows.starting(&event.kind)?;
    Some(match matching::sign_up(&flow, event) {
        Ok(claim) => {
            let blind = keys.blind(&Identifier::new(Identifier::EXTERNAL_ID, claim.external_id.clone()));
            Ok(Start { flow, said: Some(Said { claim, blind }), user: None })
        }
        Err(error) => Err(format!("the user cannot be read from the event: {error}")),
    })
}

fn by_identifier(
    event: &Event,
    names: Vec<(Blind, Identifier)>,
    owners: &HashMap<Blind, Owner>,
    briefs: &[Brief],
    flows: &Flows,
) -> Target {
    match names.iter().find_map(|(blind, _)| owners.get(blind)) {
        Some(Owner::Onboarding(id)) => Target::Onboarding(*id),
        Some(Owner::User(user)) => match choose(*user, &event.kind, briefs, flows) {
            Choice::Unmet(unmet) => Target::Unmet(unmet),
            Choice::One(id, Awaits::Yes | Awaits::Perhaps) => Target::Onboarding(id),
            _ if early(event, *user, briefs, flows) => Target::Early(Early { user: *user, kind: event.kind.clone() }),
            Choice::One(id, Awaits::No) => Target::Onboarding(id),
            Choice::Nobody => Target::Unowned("the user has no onboarding"),
        },
        None if names.is_empty() => Target::Unowned("the event names no user"),
        None => Target::Held(names.into_iter().map(|(blind, name)| (blind, name.kind)).collect()),
    }
}

/// Which of a user's onboardings an event concerns.
enum Choice {
    One(OnboardingId, Awaits),
    Nobody,
    /// These must be loaded first.
    Unmet(BTreeSet<FlowRef>),
}

/// Whether a running onboarding awaits an event, in its state or in one that can follow.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Awaits {
    No,
    /// Its flow does not load here.
    Perhaps,
    Yes,
}

/// A running one that awaits it, else one that perhaps does, else the newest running one, else the newest of all.
fn choose(user: UserId, kind: &str, briefs: &[Brief], flows: &Flows) -> Choice {
    let theirs = || briefs.iter().filter(|brief| brief.user == user);
    let unmet = theirs().filter(|brief| !brief.ended).map(|brief| &brief.flow);
    let unmet = unmet.filter(|flow| flows.get(flow).is_none() && flows.refusal(flow).is_none());
    let unmet: BTreeSet<FlowRef> = unmet.cloned().collect();
    if !unmet.is_empty() {
        return Choice::Unmet(unmet);
    }
    let awaits = |brief: &Brief| match flows.get(&brief.flow) {
        _ if brief.ended => Awaits::No,
        Some(flow) if flow.hears(&brief.state, kind) => Awaits::Yes,
        Some(_) => Awaits::No,
        None => Awaits::Perhaps,
    };
    let best = theirs().max_by_key(|brief| (!brief.ended, awaits(brief), brief.id));
    best.map_or(Choice::Nobody, |brief| Choice::One(brief.id, awaits(brief)))
}

/// Whether a message of this user may be for an onboarding that has not begun: of a flow that awaits it from its first
/// state on, and that the user may begin now. One that runs has had its chance: what comes too late for it is not for
/// the next.
pub(super) fn early(event: &Event, user: UserId, briefs: &[Brief], flows: &Flows) -> bool {
    let inside = matches!(event.body, Body::Message { .. }) && !event.kind.starts_with(OF_FLOWS);
    inside
        && flows.awaiting(&event.kind).iter().any(|flow| {
            let mut of_flow = briefs.iter().filter(|brief| brief.user == user && brief.flow.name == flow.id.name);
            of_flow.all(|brief| brief.ended && flow.start.again)
        })
}
