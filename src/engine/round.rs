//! One round in memory: the locked onboardings, stepped event by event, and everything that must be written for it.
//! Pure but for the ids it draws: no SQL here.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use gangway_core::decision::{Decision, Lifecycle, Verdict};
use gangway_core::effect::{Effect, EffectId, Request};
use gangway_core::event::{Body, Identifier, OnboardingId, OperatorAct, UserId};
use gangway_core::flow::model::Flow;
use gangway_core::onboarding::{Onboarding, Review, ReviewCause, User};
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
use super::find::{Said, Start, Target};
use super::polls;
use super::replay::{begin, decide, decided_at};
use super::taken::Others;
use super::view;

/// An onboarding of this round.
#[derive(Debug)]
pub(super) struct Work {
    pub loaded: Loaded,
    pub flow: Arc<Flow>,
    /// Begun in this round.
    pub fresh: bool,
    /// Differs from its row.
    pub changed: bool,
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
    /// Onboardings whose flow this process does not know.
    pub unknown_flow: BTreeSet<OnboardingId>,
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
            unknown_flow: BTreeSet::new(),
            circles: Vec::new(),
            own: Vec::new(),
            started: HashMap::new(),
        }
    }

    /// Takes one new event to its target.
    pub(super) fn take(&mut self, item: Item, arrival: &Arrival, target: Target) {
        if item.flagged {
            return self.flag(item, arrival, &target);
        }
        match target {
            Target::Onboarding(id) => self.step(item, arrival, id),
            Target::Start(start) => self.start(item, arrival, &start),
            Target::Held(names) => self.hold(item, arrival, names),
            Target::Unowned(why) => self.record(item, arrival, None, Verdict::Noted, why.into()),
            Target::Refused(why) => self.record(item, arrival, None, Verdict::Refused, why),
        }
    }

    /// Nobody is known by any of its names: each is locked as a placeholder, and whoever gets one first gets the event.
    fn hold(&mut self, item: Item, arrival: &Arrival, names: Vec<(Blind, String)>) {
        let detail = unowned(&names);
        let held_on = names.iter().map(|(blind, _)| *blind).collect();
        for (blind, kind) in names {
            self.claims.entry(blind).or_insert(Claim { blind, kind, owner: None, since: self.now });
        }
        if !arrival.secrets.is_empty() {
            self.held_secrets.push((item.dedupe, arrival.secrets.clone()));
        }
        self.record(item, arrival, None, Verdict::Held, detail);
        if let Some(row) = self.rows.last_mut() {
            row.event.held_on = held_on;
        }
    }

    /// Other content under a key that is taken: kept, shown to people, and moves nothing.
    fn flag(&mut self, item: Item, arrival: &Arrival, target: &Target) {
        let owner = match target {
            Target::Onboarding(id) => self.works.get(id).map(|work| owner_of(&work.loaded)),
            _ => None,
        };
        let detail = "its key was already used by an event with other content; nothing was done with it".into();
        self.record(item, arrival, owner, Verdict::Duplicate, detail);
    }

    fn step(&mut self, item: Item, arrival: &Arrival, id: OnboardingId) {
        let event = self.told(arrival);
        let Some(work) = self.works.get_mut(&id) else {
            // There is no such row; or this process does not know its flow: then nobody is answered, and the senders
            // come again, to this process or to one that knows it.
            if !self.unknown_flow.contains(&id) {
                self.record(item, arrival, None, Verdict::Refused, "there is no such onboarding".into());
            }
            return;
        };
        let decided_at = decided_at(&work.loaded.onboarding, &event, self.now);
        let now = decided_at.unwrap_or(event.received_at);
        let decision = decide(&work.flow, &work.loaded.onboarding, &event, now);
        // Polls that share rows were decided when they were received.
        let keeps = decided_at.is_none() && polls::keeps(&work.loaded.onboarding, &event, &decision);
        if let Err(why) = self.adopts(id, &arrival.event.body) {
            let owner = self.works.get(&id).map(|work| owner_of(&work.loaded));
            return self.record(item, arrival, owner, Verdict::Refused, why.into());
        }
        let before = self.stands(id);
        let (owner, revision) = self.follow(id, &decision);
        self.keep_secrets(id, &event, &arrival.secrets, before.as_ref());
        self.record(item, arrival, owner, decision.verdict, decision.detail);
        if let Some(row) = self.rows.last_mut() {
            (row.event.from, row.event.to, row.event.revision) = (decision.from, decision.to, revision);
            row.event.decided_at = decided_at;
            row.keeps = keeps;
            if let Cow::Owned(event) = event {
                row.event.event = event;
            }
        }
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
            self.circles.push((id, work.flow.id.name.clone()));
        }
        let key = work.loaded.key.clone();
        let lifecycle = if self.engine.options.lifecycle { lifecycle(work, decision, self.now) } else { Vec::new() };
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

    fn start(&mut self, item: Item, arrival: &Arrival, start: &Start) {
        let begun = start.said.as_ref().and_then(|said| self.started.get(&said.blind).copied());
        let known = start.user.or(begun);
        let previous = known.and_then(|user| self.previous(user, &start.flow.id.name));
        match previous {
            Some(brief) if !brief.ended => return self.step(item, arrival, brief.id),
            Some(brief) if !start.flow.start.again => {
                let user = self.users.get(&brief.user).map(|user| EventOwner {
                    user: brief.user,
                    onboarding: Some(brief.id),
                    key: user.key.clone(),
                });
                let detail = "the user's onboarding in this flow has ended; the flow does not start again".into();
                return self.record(item, arrival, user, Verdict::Refused, detail);
            }
            _ => {}
        }
        let user = match (known.and_then(|id| self.users.get(&id)), &start.said) {
            (Some(user), _) => user.clone(),
            (None, Some(said)) => self.new_user(said, arrival.event.received_at),
            (None, None) => return self.record(item, arrival, None, Verdict::Refused, "there is no such user".into()),
        };
        let id = OnboardingId(self.engine.chance.id(self.now));
        let decision = begin(&start.flow, id, &user.user, &arrival.event);
        let work = Work {
            loaded: Loaded {
                onboarding: before(&decision.onboarding),
                key: user.key.clone(),
                unknown: Unknown::default(),
            },
            flow: Arc::clone(&start.flow),
            fresh: true,
            changed: true,
        };
        self.works.insert(id, work);
        let (user_id, flow) = (user.user.id, start.flow.id.clone());
        self.briefs.push(Brief { id, user: user_id, flow, ended: decision.onboarding.status.ended() });
        if let Some(said) = &start.said {
            self.adopting.insert(said.blind, id);
        }
        let (owner, revision) = self.follow(id, &decision);
        self.keep_secrets(id, &arrival.event, &arrival.secrets, None);
        self.record(item, arrival, owner, decision.verdict, decision.detail);
        if let Some(row) = self.rows.last_mut() {
            (row.event.from, row.event.to, row.event.revision) = (decision.from, decision.to, revision);
        }
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

    fn new_user(&mut self, said: &Said, at: Timestamp) -> LoadedUser {
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

    /// Takes a held event to the onboarding that owns its identifier now.
    pub(super) fn adopt(&mut self, id: OnboardingId, held: Held, secrets: &Secrets) {
        let Some(work) = self.works.get(&id) else { return };
        // Now, and not when it was received.
        let decided_at = self.now;
        let decision = decide(&work.flow, &work.loaded.onboarding, &held.event, decided_at);
        let before = self.stands(id);
        let (Some(owner), revision) = self.follow(id, &decision) else { return };
        self.keep_secrets(id, &held.event, secrets, before.as_ref());
        let detail = format!("{} (held since {})", decision.detail, held.event.received_at);
        let (seq, verdict) = (held.seq, decision.verdict);
        let (from, to) = (decision.from, decision.to);
        self.adopted.push(Adopted { seq, held, owner, verdict, from, to, detail, revision, decided_at });
    }

    fn record(&mut self, item: Item, arrival: &Arrival, owner: Option<EventOwner>, verdict: Verdict, detail: String) {
        let event = NewEvent {
            dedupe: item.dedupe,
            digest: item.digest,
            event: arrival.event.clone(),
            raw: arrival.raw.clone(),
            owner,
            verdict,
            from: None,
            to: None,
            detail,
            revision: None,
            decided_at: None,
            held_on: Vec::new(),
            copies: u32::try_from(item.callers.len()).unwrap_or(u32::MAX),
        };
        self.rows.push(Row { event, callers: item.callers, keeps: false });
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
    EventOwner { user: onboarding.user.id, onboarding: Some(onboarding.id), key: loaded.key.clone() }
}

fn lifecycle(work: &Work, decision: &Decision, due_at: Timestamp) -> Vec<Effect> {
    let onboarding = &work.loaded.onboarding;
    let effect = |(place, lifecycle): (u32, &Lifecycle)| Effect {
        id: EffectId::lifecycle(onboarding.id, onboarding.revision, place),
        request: Request::Lifecycle {
            event_type: lifecycle.event_type().to_owned(),
            subject: Some(onboarding.user.external_id.clone()),
            data: view::onboarding(Some(&work.flow), onboarding),
        },
        due_at,
    };
    (0..).zip(&decision.lifecycle).map(effect).collect()
}

fn parse_blind(hexadecimal: &str) -> Option<Blind> {
    let bytes = hex::decode(hexadecimal).ok()?;
    Some(Blind(bytes.try_into().ok()?))
}
