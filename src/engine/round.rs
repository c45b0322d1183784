//! One round in memory: each event is stepped with the onboarding that it concerns. What was read, what will be claimed
//! and written, and what is left for another round are values of their own. Pure except for the ids it draws: no SQL
//! here.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use gangway_core::decision::{Decision, Lifecycle, Verdict};
use gangway_core::event::{Body, Identifier, OnboardingId, OperatorAct, UserId};
use gangway_core::onboarding::{FlowRef, Onboarding, Review, ReviewCause, User};
use gangway_core::secret::Secrets;
use gangway_core::time::Timestamp;

use crate::store::Blind;
use crate::store::types::{Brief, EffectFollowUp, EventOwner, Held, Loaded, LoadedUser, NewEffect, Unknown};

use super::accept::Engine;
use super::batch::Item;
use super::claim::Claims;
use super::door::{Arrival, Receipt};
use super::find::{self, Start, Target};
use super::kept::{Waited, waited};
use super::polls;
use super::read::{Read, Work};
use super::replay::{begin, decide, decide_without_flow, decided_at};
use super::view;
use super::writes::{Became, Place, Writes};

/// Everything of one round.
#[derive(Debug)]
pub(super) struct Round<'a> {
    pub engine: &'a Engine,
    pub now: Timestamp,
    pub read: Read,
    pub claims: Claims,
    pub writes: Writes,
    pub left: Left,
}

/// What a round leaves, once it is committed.
#[derive(Debug, Default)]
pub(super) struct Left {
    /// Answers, by index in the round.
    pub receipts: Vec<(usize, Receipt)>,
    /// Indexes that must go into another round.
    pub deferred: Vec<usize>,
    /// Flows to be loaded before that.
    pub unmet: BTreeSet<FlowRef>,
    /// The engine's own follow-up events.
    pub own: Vec<Arrival>,
    /// Onboardings that were stopped while they went in a circle, and their flows.
    pub circles: Vec<(OnboardingId, String)>,
}

impl<'a> Round<'a> {
    pub(super) fn new(engine: &'a Engine, now: Timestamp) -> Self {
        let (read, claims, writes, left) = (Read::default(), Claims::default(), Writes::default(), Left::default());
        Self { engine, now, read, claims, writes, left }
    }

    /// Takes one new event to its target.
    pub(super) fn take(&mut self, item: Item, arrival: &Arrival, target: Target) {
        if self.read.held_elsewhere(&target) {
            return self.left.deferred.extend(item.callers);
        }
        if item.flagged {
            return self.flag(item, arrival, &target);
        }
        let place = Place::New(item);
        match target {
            Target::Onboarding(id) if self.read.moved_on(id, arrival) => self.defer(place),
            Target::Onboarding(id) => self.step(place, arrival, id),
            Target::Start(start) => self.start(place, arrival, &start),
            Target::Early(early) => self.early(place, arrival, early.user),
            Target::Unmet(flows) => {
                self.left.unmet.extend(flows);
                self.defer(place);
            }
            Target::Held(names) => self.hold(place, arrival, names),
            Target::Unowned(why) => self.writes.record(place, arrival, None, Became::plain(Verdict::Noted, why)),
            Target::Refused(why) => self.writes.record(place, arrival, None, Became::plain(Verdict::Refused, why)),
        }
    }

    /// Leaves it for another round; one that waited in the journal stays there.
    fn defer(&mut self, place: Place) {
        if let Place::New(item) = place {
            self.left.deferred.extend(item.callers);
        }
    }

    /// None of its names has an owner: each is locked as a placeholder, and the first owner of any of them gets the
    /// event.
    fn hold(&mut self, place: Place, arrival: &Arrival, names: Vec<(Blind, String)>) {
        let Place::New(item) = &place else { return };
        let detail = unowned(&names);
        let held_on = names.iter().map(|(blind, _)| *blind).collect();
        for (blind, kind) in names {
            self.claims.hold(blind, kind, self.now);
        }
        if !arrival.secrets.is_empty() {
            self.writes.secrets.held.push((item.dedupe, arrival.secrets.clone()));
        }
        self.writes.record(place, arrival, None, Became::plain(Verdict::Held, detail));
        if let Some(row) = self.writes.rows.last_mut() {
            row.event.held_on = held_on;
        }
    }

    /// Other content under a key that is taken: kept, shown to people, and moves nothing.
    fn flag(&mut self, item: Item, arrival: &Arrival, target: &Target) {
        let owner = match target {
            Target::Onboarding(id) => self.read.owner(*id),
            _ => None,
        };
        let detail = "its key was already used by an event with other content; nothing was done with it";
        self.writes.record(Place::New(item), arrival, owner, Became::plain(Verdict::Duplicate, detail));
    }

    /// Steps an onboarding with an event; keeps the event when that cannot be done here.
    pub(super) fn step(&mut self, place: Place, arrival: &Arrival, id: OnboardingId) {
        if self.read.waiting.contains(&id) {
            return self.defer(place);
        }
        let event = self.told(arrival);
        let Some(work) = self.read.works.get(&id) else { return self.step_shut(place, arrival, id) };
        let onboarding = &work.loaded.onboarding;
        // What waited in the journal is decided now, and not when it was received.
        let decided_at = match &place {
            Place::New(_) => decided_at(onboarding, &event, self.now),
            Place::Waited(_) => Some(self.now),
        };
        let now = decided_at.unwrap_or(event.received_at);
        let decision = match &work.flow {
            Some(flow) => decide(flow, onboarding, &event, now),
            None => match decide_without_flow(onboarding, &event, now) {
                Some(decision) => decision,
                None => {
                    let why = view::not_loaded(&onboarding.flow);
                    return self.keep(place, arrival, id, &why);
                }
            },
        };
        // Polls that share rows were decided when they were received.
        let keeps = decided_at.is_none() && polls::keeps(onboarding, &event, &decision);
        if let Err(why) = self.adopts(id, &arrival.event.body) {
            let owner = self.read.owner(id);
            return self.writes.record(place, arrival, owner, Became::plain(Verdict::Refused, why));
        }
        let before = self.read.stands(id);
        let (owner, revision) = self.follow(id, &decision);
        self.keep_secrets(id, &event, &arrival.secrets, before.as_ref());
        let seen = match &event {
            Cow::Owned(event) => Cow::Owned(Arrival { event: event.clone(), ..arrival.clone() }),
            Cow::Borrowed(_) => Cow::Borrowed(arrival),
        };
        self.writes.record(place, &seen, owner, Became { keeps, decided_at, ..Became::of(decision, revision) });
    }

    /// Notes the identifiers from which this onboarding adopts held events: the rest of a full batch, or an operator's
    /// choice. The provider's identifiers that the event names belong to the onboarding from then on.
    fn adopts(&mut self, id: OnboardingId, body: &Body) -> Result<(), &'static str> {
        match body {
            Body::Adopt { blind } => {
                if let Some(blind) = parse_blind(blind) {
                    self.claims.adopting.insert(blind, id);
                }
            }
            Body::Operator { act: OperatorAct::Adopt { event }, .. } => {
                for (blind, kind) in
                    self.read.held.get(event).cloned().ok_or("there is no held event with this number")?
                {
                    // A user's own identifiers belong to users: the user may still come, and must be able to start.
                    if kind == Identifier::EXTERNAL_ID || kind == Identifier::EMAIL {
                        self.claims.adopting.entry(blind).or_insert(id);
                    } else {
                        self.claims.own(blind, kind, id, self.now);
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Applies a decision to the working set; answers its owner and the new revision, if it changed anything.
    pub(super) fn follow(&mut self, id: OnboardingId, decision: &Decision) -> (Option<EventOwner>, Option<u64>) {
        let owner = self.read.owner(id);
        let Some(work) = self.read.works.get_mut(&id) else { return (None, None) };
        let changed = decision.onboarding.revision != work.loaded.onboarding.revision;
        if changed {
            work.loaded.onboarding = decision.onboarding.clone();
            work.changed = true;
        }
        let circle = |review: &Review| review.cause == ReviewCause::Circle;
        if decision.lifecycle.contains(&Lifecycle::Review)
            && decision.onboarding.memory.review.as_ref().is_some_and(circle)
        {
            self.left.circles.push((id, work.loaded.onboarding.flow.name.clone()));
        }
        let key = work.loaded.key.clone();
        let told = self.engine.options.lifecycle;
        let lifecycle = if told { view::lifecycle(work.flow.as_deref(), decision, self.now) } else { Vec::new() };
        for effect in decision.asks.iter().chain(&decision.tells).cloned().chain(lifecycle) {
            self.writes.effects.push(NewEffect { effect, key: key.clone(), lease: None });
        }
        self.writes
            .follow_ups
            .extend(decision.follow_ups.iter().map(|what| EffectFollowUp { onboarding: id, what: what.clone() }));
        for identifier in &decision.identifiers {
            self.claims.own(self.engine.store.keys().blind(identifier), identifier.kind.clone(), id, self.now);
        }
        (owner, changed.then_some(decision.onboarding.revision))
    }

    pub(super) fn start(&mut self, place: Place, arrival: &Arrival, start: &Start) {
        let begun = start.said.as_ref().and_then(|said| self.read.begun.get(&said.blind).copied());
        let known = start.user.or(begun);
        let previous = known.and_then(|user| self.read.previous(user, &start.flow.id.name));
        match previous {
            Some(brief) if !brief.ended => return self.step(place, arrival, brief.id),
            Some(brief) if !start.flow.start.again => {
                let user = self.read.users.get(&brief.user).map(|user| EventOwner {
                    user: brief.user,
                    onboarding: Some(brief.id),
                    key: Some(user.key.clone()),
                });
                let detail = "the user's onboarding in this flow has ended; the flow does not start again";
                return self.writes.record(place, arrival, user, Became::plain(Verdict::Refused, detail));
            }
            _ => {}
        }
        let user = match (known.and_then(|id| self.read.users.get(&id)), &start.said) {
            (Some(user), _) => user.clone(),
            (None, _) if known.is_some_and(|user| self.read.shut_users.contains_key(&user)) => {
                let Some(user) = known else { return };
                return self.keep_for(place, arrival, user, "the user's row cannot be read here");
            }
            (None, Some(said)) => self.new_user(said, arrival.event.received_at),
            (None, None) => {
                let refused = Became::plain(Verdict::Refused, "there is no such user");
                return self.writes.record(place, arrival, None, refused);
            }
        };
        let id = OnboardingId(self.engine.chance.id(self.now));
        let decision = begin(&start.flow, id, &user.user, &arrival.event);
        let work = Work {
            loaded: Loaded {
                onboarding: before(&decision.onboarding),
                key: user.key.clone(),
                unknown: Unknown::default(),
            },
            flow: Some(Arc::clone(&start.flow)),
            fresh: true,
            changed: true,
        };
        self.read.works.insert(id, work);
        let (user_id, flow) = (user.user.id, start.flow.id.clone());
        let (state, ended) = (decision.onboarding.state.clone(), decision.onboarding.status.ended());
        self.read.briefs.push(Brief { id, user: user_id, flow, state, ended });
        if let Some(said) = &start.said {
            self.claims.adopting.insert(said.blind, id);
        }
        let (owner, revision) = self.follow(id, &decision);
        self.keep_secrets(id, &arrival.event, &arrival.secrets, None);
        self.writes.record(place, arrival, owner, Became::of(decision, revision));
        self.take_early(user_id, id);
    }

    fn new_user(&mut self, said: &find::Said, at: Timestamp) -> LoadedUser {
        let user = User {
            id: UserId(self.engine.chance.id(self.now)),
            external_id: said.claim.external_id.clone(),
            email: said.claim.email.clone(),
            locale: said.claim.locale.clone(),
            created_at: at,
        };
        let key = self.engine.store.keys().new_data_key(self.engine.chance.as_ref());
        let loaded = LoadedUser { user, key };
        self.read.begun.insert(said.blind, loaded.user.id);
        self.read.users.insert(loaded.user.id, loaded.clone());
        self.claims.users.push(loaded.clone());
        loaded
    }

    /// Takes a held event to the onboarding that owns its identifier now; a message that another flow of the user's
    /// awaits is kept for that.
    pub(super) fn adopt(&mut self, id: OnboardingId, held: Held, secrets: Secrets) {
        let Some(work) = self.read.works.get(&id) else { return };
        let user = work.loaded.onboarding.user.id;
        let state = &work.loaded.onboarding.state;
        let awaited = work.flow.as_ref().is_none_or(|flow| flow.hears(state, &held.event.kind));
        // Only under the user's lock is it known what the user has begun.
        let early = !awaited
            && self.read.users.contains_key(&user)
            && find::early(&held.event, user, &self.read.briefs, &self.engine.flows);
        let arrival = waited(Some(id), &held, secrets);
        let place = Place::Waited(Box::new(Waited { held, was: Verdict::Held }));
        if early { self.early(place, &arrival, user) } else { self.step(place, &arrival, id) }
    }
}

/// Why an event is held, by the kinds of what it names; a kind is the provider's word and no value.
fn unowned(names: &[(Blind, String)]) -> String {
    if names.len() < 2 {
        return "its identifier has no owner yet".to_owned();
    }
    let kinds: Vec<&str> = names.iter().map(|(_, kind)| kind.as_str()).collect();
    format!("none of its identifiers ({}) has an owner yet", kinds.join(", "))
}

/// The onboarding as it was before its first event: only the revision differs.
fn before(onboarding: &Onboarding) -> Onboarding {
    Onboarding { revision: 0, ..onboarding.clone() }
}

fn parse_blind(hexadecimal: &str) -> Option<Blind> {
    let bytes = hex::decode(hexadecimal).ok()?;
    Some(Blind(bytes.try_into().ok()?))
}
