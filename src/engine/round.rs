//! One round in memory: the locked onboardings, stepped event by event, and everything that must be written for it.
//! Pure but for the ids it draws: no SQL here.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use gangway_core::decision::{Decision, Lifecycle, Verdict};
use gangway_core::event::{Body, Identifier, OnboardingId, OperatorAct, UserId};
use gangway_core::flow::model::Flow;
use gangway_core::onboarding::{FlowRef, Onboarding, Review, ReviewCause, User};
use gangway_core::secret::Secrets;
use gangway_core::time::Timestamp;

use crate::store::Blind;
use crate::store::keys::Dedupe;
use crate::store::secrets::NewSecret;
use crate::store::types::{
    Adopted, Brief, Claim, EffectFollowUp, EventOwner, Held, Loaded, LoadedUser, NewEffect, NewEvent, Owner, Unknown,
};

use super::accept::Engine;
use super::batch::Item;
use super::door::Arrival;
use super::find::{self, Start, Target};
use super::kept::{Stuck, Waited, retold, waited};
use super::polls;
use super::replay::{begin, decide, decide_without_flow, decided_at};
use super::taken::Others;
use super::view;

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

/// Where an event is in the journal.
#[derive(Debug)]
pub(super) enum Place {
    /// It came now.
    New(Item),
    /// It waited there, held or kept, and is taken out.
    Waited(Box<Waited>),
}

/// What became of an event.
#[derive(Debug)]
pub(super) struct Said {
    pub verdict: Verdict,
    pub detail: String,
    pub from: Option<String>,
    pub to: Option<String>,
    pub revision: Option<u64>,
    /// When it was decided, where that is not when it was received.
    pub decided_at: Option<Timestamp>,
    /// As of [`Row`].
    pub keeps: bool,
}

impl Said {
    /// Without a move.
    pub(super) fn plain(verdict: Verdict, detail: impl Into<String>) -> Self {
        Self { verdict, detail: detail.into(), from: None, to: None, revision: None, decided_at: None, keeps: false }
    }

    fn of(decision: Decision, revision: Option<u64>) -> Self {
        let Decision { verdict, detail, from, to, .. } = decision;
        Self { verdict, detail, from, to, revision, decided_at: None, keeps: false }
    }
}

/// A journal row of this round, with everyone who brought its event.
#[derive(Debug)]
pub(super) struct Row {
    pub event: NewEvent,
    pub callers: Vec<usize>,
    /// The answer of a poll that keeps the wait.
    pub keeps: bool,
}

/// Everything of one round.
#[derive(Debug)]
pub(super) struct Round<'a> {
    pub engine: &'a Engine,
    pub now: Timestamp,
    pub works: BTreeMap<OnboardingId, Work>,
    pub users: HashMap<UserId, LoadedUser>,
    pub briefs: Vec<Brief>,
    /// Who had the identifiers that answers give to somebody else.
    pub others: Others,
    pub new_users: Vec<LoadedUser>,
    pub rows: Vec<Row>,
    pub claims: BTreeMap<Blind, Claim>,
    /// Identifiers whose held events go to this onboarding.
    pub adopting: BTreeMap<Blind, OnboardingId>,
    pub adopted: Vec<Adopted>,
    pub effects: Vec<NewEffect>,
    pub follow_ups: Vec<EffectFollowUp>,
    /// Secrets to keep.
    pub new_secrets: Vec<NewSecret>,
    /// Secrets that nothing can read any more.
    pub gone_secrets: BTreeSet<(OnboardingId, String)>,
    /// Secrets of events that nobody owns yet.
    pub held_secrets: Vec<(Dedupe, Secrets)>,
    /// Arrivals that must go into another round.
    pub deferred: Vec<usize>,
    /// What held events that an operator named are held on.
    pub held: HashMap<i64, Vec<(Blind, String)>>,
    /// Onboardings and users that somebody else holds: their events go into another round.
    pub in_use: BTreeSet<OnboardingId>,
    pub in_use_users: BTreeSet<UserId>,
    /// Flows to be loaded before another round, and the onboardings that wait for them.
    pub unmet: BTreeSet<FlowRef>,
    pub waiting: BTreeSet<OnboardingId>,
    /// Who cannot be opened or stepped here, and what must be written for it.
    pub stuck: Stuck,
    /// Onboardings that were stopped while they went in a circle, and their flows.
    pub circles: Vec<(OnboardingId, String)>,
    /// Follow-up events of the engine itself.
    pub own: Vec<Arrival>,
    started: HashMap<Blind, UserId>,
}

impl<'a> Round<'a> {
    pub(super) fn new(engine: &'a Engine, now: Timestamp) -> Self {
        Self {
            engine,
            now,
            works: BTreeMap::new(),
            users: HashMap::new(),
            briefs: Vec::new(),
            others: Others::default(),
            new_users: Vec::new(),
            rows: Vec::new(),
            claims: BTreeMap::new(),
            adopting: BTreeMap::new(),
            adopted: Vec::new(),
            effects: Vec::new(),
            follow_ups: Vec::new(),
            new_secrets: Vec::new(),
            gone_secrets: BTreeSet::new(),
            held_secrets: Vec::new(),
            deferred: Vec::new(),
            held: HashMap::new(),
            in_use: BTreeSet::new(),
            in_use_users: BTreeSet::new(),
            unmet: BTreeSet::new(),
            waiting: BTreeSet::new(),
            stuck: Stuck::default(),
            circles: Vec::new(),
            own: Vec::new(),
            started: HashMap::new(),
        }
    }

    /// Takes one new event to its target.
    pub(super) fn take(&mut self, item: Item, arrival: &Arrival, target: Target) {
        if self.held_elsewhere(&target) {
            return self.deferred.extend(item.callers);
        }
        if item.flagged {
            return self.flag(item, arrival, &target);
        }
        let place = Place::New(item);
        match target {
            Target::Onboarding(id) if self.moved_on(id, arrival) => self.defer(place),
            Target::Onboarding(id) => self.step(place, arrival, id),
            Target::Start(start) => self.start(place, arrival, &start),
            Target::Early(early) => self.early(place, arrival, early.user),
            Target::Unmet(flows) => {
                self.unmet.extend(flows);
                self.defer(place);
            }
            Target::Held(names) => self.hold(place, arrival, names),
            Target::Unowned(why) => self.record(place, arrival, None, Said::plain(Verdict::Noted, why)),
            Target::Refused(why) => self.record(place, arrival, None, Said::plain(Verdict::Refused, why)),
        }
    }

    /// Into another round; one that waited in the journal stays there.
    fn defer(&mut self, place: Place) {
        if let Place::New(item) = place {
            self.deferred.extend(item.callers);
        }
    }

    /// Nobody is known by any of its names: each is locked as a placeholder, and whoever gets one first gets the event.
    fn hold(&mut self, place: Place, arrival: &Arrival, names: Vec<(Blind, String)>) {
        let Place::New(item) = &place else { return };
        let detail = unowned(&names);
        let held_on = names.iter().map(|(blind, _)| *blind).collect();
        for (blind, kind) in names {
            self.claims.entry(blind).or_insert(Claim { blind, kind, owner: None, since: self.now });
        }
        if !arrival.secrets.is_empty() {
            self.held_secrets.push((item.dedupe, arrival.secrets.clone()));
        }
        self.record(place, arrival, None, Said::plain(Verdict::Held, detail));
        if let Some(row) = self.rows.last_mut() {
            row.event.held_on = held_on;
        }
    }

    /// Other content under a key that is taken: kept, shown to people, and moves nothing.
    fn flag(&mut self, item: Item, arrival: &Arrival, target: &Target) {
        let owner = match target {
            Target::Onboarding(id) => self.owner(*id),
            _ => None,
        };
        let detail = "its key was already used by an event with other content; nothing was done with it";
        self.record(Place::New(item), arrival, owner, Said::plain(Verdict::Duplicate, detail));
    }

    /// Steps an onboarding with an event; keeps the event when that cannot be done here.
    pub(super) fn step(&mut self, place: Place, arrival: &Arrival, id: OnboardingId) {
        if self.waiting.contains(&id) {
            return self.defer(place);
        }
        let event = self.told(arrival);
        let Some(work) = self.works.get(&id) else { return self.step_shut(place, arrival, id) };
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
            let owner = self.owner(id);
            return self.record(place, arrival, owner, Said::plain(Verdict::Refused, why));
        }
        let before = self.stands(id);
        let (owner, revision) = self.follow(id, &decision);
        self.keep_secrets(id, &event, &arrival.secrets, before.as_ref());
        let seen = match &event {
            Cow::Owned(event) => Cow::Owned(Arrival { event: event.clone(), ..arrival.clone() }),
            Cow::Borrowed(_) => Cow::Borrowed(arrival),
        };
        self.record(place, &seen, owner, Said { keeps, decided_at, ..Said::of(decision, revision) });
    }

    /// Notes whose held events go to this onboarding: of the rest of a full batch, or because an operator says so; the
    /// provider's identifiers that the event names are then the onboarding's from now on.
    fn adopts(&mut self, id: OnboardingId, body: &Body) -> Result<(), &'static str> {
        match body {
            Body::Adopt { blind } => {
                if let Some(blind) = parse_blind(blind) {
                    self.adopting.insert(blind, id);
                }
            }
            Body::Operator { act: OperatorAct::Adopt { event }, .. } => {
                for (blind, kind) in self.held.get(event).cloned().ok_or("there is no held event of this number")? {
                    // A user's own identifiers belong to users: the user may still come, and must be able to start.
                    if kind == Identifier::EXTERNAL_ID || kind == Identifier::EMAIL {
                        self.adopting.entry(blind).or_insert(id);
                    } else {
                        self.own(blind, kind, id);
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Applies a decision to the working set; answers whose it is and the new revision, if it changed anything.
    pub(super) fn follow(&mut self, id: OnboardingId, decision: &Decision) -> (Option<EventOwner>, Option<u64>) {
        let Some(work) = self.works.get_mut(&id) else { return (None, None) };
        let owner = owner_of(&work.loaded);
        let changed = decision.onboarding.revision != work.loaded.onboarding.revision;
        if changed {
            work.loaded.onboarding = decision.onboarding.clone();
            work.changed = true;
        }
        let circle = |review: &Review| review.cause == ReviewCause::Circle;
        if decision.lifecycle.contains(&Lifecycle::Review)
            && decision.onboarding.memory.review.as_ref().is_some_and(circle)
        {
            self.circles.push((id, work.loaded.onboarding.flow.name.clone()));
        }
        let key = work.loaded.key.clone();
        let told = self.engine.options.lifecycle;
        let lifecycle = if told { view::lifecycle(work.flow.as_deref(), decision, self.now) } else { Vec::new() };
        for effect in decision.asks.iter().chain(&decision.tells).cloned().chain(lifecycle) {
            self.effects.push(NewEffect { effect, key: key.clone(), lease: None });
        }
        self.follow_ups
            .extend(decision.follow_ups.iter().map(|what| EffectFollowUp { onboarding: id, what: what.clone() }));
        for identifier in &decision.identifiers {
            self.own(self.engine.store.keys().blind(identifier), identifier.kind.clone(), id);
        }
        (Some(owner), changed.then_some(decision.onboarding.revision))
    }

    /// Claims an identifier for an onboarding, which then takes what is held on it. The first owner of a round stays, as
    /// the first owner of all does. A placeholder of an event held in this same round gives way: the owner is known now.
    fn own(&mut self, blind: Blind, kind: String, id: OnboardingId) {
        if self.claims.get(&blind).is_none_or(|claim| claim.owner.is_none()) {
            self.claims.insert(blind, Claim { blind, kind, owner: Some(Owner::Onboarding(id)), since: self.now });
            self.adopting.insert(blind, id);
        }
    }

    pub(super) fn start(&mut self, place: Place, arrival: &Arrival, start: &Start) {
        let begun = start.said.as_ref().and_then(|said| self.started.get(&said.blind).copied());
        let known = start.user.or(begun);
        let previous = known.and_then(|user| self.previous(user, &start.flow.id.name));
        match previous {
            Some(brief) if !brief.ended => return self.step(place, arrival, brief.id),
            Some(brief) if !start.flow.start.again => {
                let user = self.users.get(&brief.user).map(|user| EventOwner {
                    user: brief.user,
                    onboarding: Some(brief.id),
                    key: Some(user.key.clone()),
                });
                let detail = "the user's onboarding in this flow has ended; the flow does not start again";
                return self.record(place, arrival, user, Said::plain(Verdict::Refused, detail));
            }
            _ => {}
        }
        let user = match (known.and_then(|id| self.users.get(&id)), &start.said) {
            (Some(user), _) => user.clone(),
            (None, _) if known.is_some_and(|user| self.stuck.users.contains_key(&user)) => {
                let Some(user) = known else { return };
                return self.keep_for(place, arrival, user, "the user's row cannot be read here");
            }
            (None, Some(said)) => self.new_user(said, arrival.event.received_at),
            (None, None) => {
                return self.record(place, arrival, None, Said::plain(Verdict::Refused, "there is no such user"));
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
        self.works.insert(id, work);
        let (user_id, flow) = (user.user.id, start.flow.id.clone());
        let (state, ended) = (decision.onboarding.state.clone(), decision.onboarding.status.ended());
        self.briefs.push(Brief { id, user: user_id, flow, state, ended });
        if let Some(said) = &start.said {
            self.adopting.insert(said.blind, id);
        }
        let (owner, revision) = self.follow(id, &decision);
        self.keep_secrets(id, &arrival.event, &arrival.secrets, None);
        self.record(place, arrival, owner, Said::of(decision, revision));
        self.take_early(user_id, id);
    }

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
        self.started.insert(said.blind, loaded.user.id);
        self.users.insert(loaded.user.id, loaded.clone());
        self.new_users.push(loaded.clone());
        loaded
    }

    /// Whether this onboarding, or its user, is that owner.
    pub(super) fn belongs(&self, id: OnboardingId, owner: Option<Owner>) -> bool {
        match owner {
            Some(Owner::Onboarding(owner)) => owner == id,
            Some(Owner::User(user)) => self.works.get(&id).is_some_and(|work| work.loaded.onboarding.user.id == user),
            None => false,
        }
    }

    /// Takes a held event to the onboarding that owns its identifier now; a message that another flow of the user's
    /// awaits is kept for that.
    pub(super) fn adopt(&mut self, id: OnboardingId, held: Held, secrets: Secrets) {
        let Some(work) = self.works.get(&id) else { return };
        let user = work.loaded.onboarding.user.id;
        let state = &work.loaded.onboarding.state;
        let awaited = work.flow.as_ref().is_none_or(|flow| flow.hears(state, &held.event.kind));
        // Only under the user's lock is it known what the user has begun.
        let early = !awaited
            && self.users.contains_key(&user)
            && find::early(&held.event, user, &self.briefs, &self.engine.flows);
        let arrival = waited(Some(id), &held, secrets);
        let place = Place::Waited(Box::new(Waited { held, was: Verdict::Held }));
        if early { self.early(place, &arrival, user) } else { self.step(place, &arrival, id) }
    }

    /// Whose an onboarding's events are, also where it cannot be read here.
    pub(super) fn owner(&self, id: OnboardingId) -> Option<EventOwner> {
        let work = self.works.get(&id).map(|work| owner_of(&work.loaded));
        work.or_else(|| self.stuck.owner(id))
    }

    /// Writes an event with what became of it into the journal: a new row, or the one move of a row that waited there.
    pub(super) fn record(&mut self, place: Place, arrival: &Arrival, owner: Option<EventOwner>, said: Said) {
        let Said { verdict, detail, from, to, revision, decided_at, keeps } = said;
        match (place, owner) {
            (Place::New(item), owner) => {
                let event = NewEvent {
                    dedupe: item.dedupe,
                    digest: item.digest,
                    event: arrival.event.clone(),
                    raw: arrival.raw.clone(),
                    owner,
                    verdict,
                    from,
                    to,
                    detail,
                    revision,
                    decided_at,
                    held_on: Vec::new(),
                    copies: u32::try_from(item.callers.len()).unwrap_or(u32::MAX),
                };
                self.rows.push(Row { event, callers: item.callers, keeps });
            }
            // What is kept already, or has no owner, stays as it is.
            (Place::Waited(waited), Some(owner)) if verdict != Verdict::Kept || waited.was != Verdict::Kept => {
                let Waited { held, was } = *waited;
                let detail = format!("{detail} ({} since {})", was.word(), held.event.received_at);
                let held = retold(held, &arrival.event);
                let seq = held.seq;
                let held = Some(held);
                let moved = Adopted { seq, held, was, owner, verdict, from, to, detail, revision, decided_at };
                self.adopted.push(moved);
            }
            (Place::Waited(_), _) => {}
        }
    }
}

/// Why an event is held, by the kinds of what it names; a kind is the provider's word and no value.
fn unowned(names: &[(Blind, String)]) -> String {
    if names.len() < 2 {
        return "its identifier belongs to nobody yet".to_owned();
    }
    let kinds: Vec<&str> = names.iter().map(|(_, kind)| kind.as_str()).collect();
    format!("none of its identifiers ({}) belongs to anybody yet", kinds.join(", "))
}

/// The onboarding as it was before its first event: only the revision differs.
fn before(onboarding: &Onboarding) -> Onboarding {
    Onboarding { revision: 0, ..onboarding.clone() }
}

fn owner_of(loaded: &Loaded) -> EventOwner {
    let onboarding = &loaded.onboarding;
    EventOwner { user: onboarding.user.id, onboarding: Some(onboarding.id), key: Some(loaded.key.clone()) }
}

fn parse_blind(hexadecimal: &str) -> Option<Blind> {
    let bytes = hex::decode(hexadecimal).ok()?;
    Some(Blind(bytes.try_into().ok()?))
}
