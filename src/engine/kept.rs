//! "I cannot step this person here" is an answer of its own: the event is kept in the journal, its sender answered, and
//! the onboarding marked, so that a process that can step it takes first what was kept for it. The reasons: its flow
//! version does not load here, its row or its user's key does not open here, a word in it is another version's.
//!
//! Also kept is a message that comes before the onboarding that awaits it: for the user, until one begins.

use std::collections::BTreeSet;

use bytes::Bytes;
use gangway_core::decision::{Lifecycle, Verdict};
use gangway_core::effect::{Effect, EffectId, Request};
use gangway_core::event::{Body, Event, OnboardingId, OperatorAct, UserId};
use gangway_core::outcome::AttemptResult;
use gangway_core::secret::Secrets;
use gangway_core::time::Timestamp;

use crate::store::types::{Adopted, EventOwner, Held, NewEffect};
use crate::store::{StoreError, Tx};

use super::door::{Arrival, Receipt};
use super::find::Start;
use super::load::lock;
use super::round::Round;
use super::taken::{Others, answered};
use super::view;
use super::writes::{Became, Place};

/// An event that waited in the journal.
#[derive(Debug)]
pub(super) struct Waited {
    pub held: Held,
    /// `held` or `kept`.
    pub was: Verdict,
}

impl Round<'_> {
    /// An event for an onboarding that cannot be opened here, or is not there at all.
    pub(super) fn step_shut(&mut self, place: Place, arrival: &Arrival, id: OnboardingId) {
        let Some(shut) = self.read.shut.get(&id) else {
            return self.writes.record(
                place,
                arrival,
                None,
                Became::plain(Verdict::Refused, "there is no such onboarding"),
            );
        };
        if let Body::Operator { act: act @ (OperatorAct::Note | OperatorAct::Cancel), revision, .. } =
            &arrival.event.body
        {
            let said = self.by_hand(id, *act == OperatorAct::Cancel, *revision, arrival.event.received_at);
            let owner = self.read.owner(id);
            return self.writes.record(place, arrival, owner, said);
        }
        let why = view::unreadable(shut);
        self.keep(place, arrival, id, &why);
    }

    /// Keeps an event for an onboarding that cannot be stepped here. What comes by itself again leaves no row.
    pub(super) fn keep(&mut self, place: Place, arrival: &Arrival, id: OnboardingId, why: &str) {
        if !self.read.marked.contains(&id) {
            self.writes.marks.insert(id, true);
        }
        let owner = self.read.owner(id);
        match (&arrival.event.body, place) {
            (Body::Timer { .. } | Body::Stranded | Body::Adopt { .. }, Place::New(item)) => {
                let (verdict, detail) = (Verdict::Kept, why.to_owned());
                let receipt = Receipt { seq: None, verdict, copy: false, onboarding: Some(id), detail };
                self.left.receipts.extend(item.callers.into_iter().map(|caller| (caller, receipt.clone())));
            }
            (Body::Operator { act: OperatorAct::Adopt { .. }, .. }, place) => {
                self.writes.record(place, arrival, owner, Became::plain(Verdict::Refused, why));
            }
            (body, place) => {
                if let Body::Outcome { effect, attempt, .. } = body {
                    self.writes.parked.push((EffectId { onboarding: id, n: *effect }, *attempt));
                }
                self.put_aside(place, arrival, owner, why);
            }
        }
    }

    /// A message that none of the user's onboardings awaits, but one that may still begin does.
    pub(super) fn early(&mut self, place: Place, arrival: &Arrival, user: UserId) {
        let awaits = |id: &&OnboardingId| {
            self.read.works.get(*id).is_some_and(|work| {
                let onboarding = &work.loaded.onboarding;
                let awaits = work.flow.as_ref().is_some_and(|flow| flow.hears(&onboarding.state, &arrival.event.kind));
                work.fresh && onboarding.user.id == user && !onboarding.status.ended() && awaits
            })
        };
        match self.read.works.keys().find(awaits).copied() {
            Some(id) => self.step(place, arrival, id),
            None => self.keep_for(place, arrival, user, "no onboarding of the user awaits it yet"),
        }
    }

    /// Keeps an event for a user, until an onboarding takes it.
    pub(super) fn keep_for(&mut self, place: Place, arrival: &Arrival, user: UserId, why: &str) {
        let mut works = self.read.works.values();
        let key = match self.read.users.get(&user) {
            Some(known) => Some(known.key.clone()),
            None => works.find(|work| work.loaded.onboarding.user.id == user).map(|work| work.loaded.key.clone()),
        };
        self.put_aside(place, arrival, Some(EventOwner { user, onboarding: None, key }), why);
    }

    fn put_aside(&mut self, place: Place, arrival: &Arrival, owner: Option<EventOwner>, why: &str) {
        let secrets = match &arrival.event.body {
            Body::Outcome { result: AttemptResult::Done(answer), .. } => &answer.secrets,
            _ => &arrival.secrets,
        };
        if !secrets.is_empty() {
            let dedupe = match &place {
                Place::New(item) => item.dedupe,
                Place::Waited(waited) => waited.held.dedupe,
            };
            self.writes.secrets.held.push((dedupe, secrets.clone()));
        }
        self.writes.record(place, arrival, owner, Became::plain(Verdict::Kept, why));
    }

    /// An onboarding of this flow began: it takes what was kept for its user and what it awaits. What was kept in this
    /// same round comes again in another.
    pub(super) fn take_early(&mut self, user: UserId, id: OnboardingId) {
        let Some(work) = self.read.works.get(&id) else { return };
        let (Some(flow), state) = (work.flow.clone(), work.loaded.onboarding.state.clone()) else { return };
        let again = self.writes.take_out(|row| {
            let theirs = row.event.owner.as_ref().is_some_and(|owner| owner.user == user && owner.onboarding.is_none());
            theirs && row.event.verdict == Verdict::Kept && flow.hears(&state, &row.event.event.kind)
        });
        self.left.deferred.extend(again);
        for (held, secrets) in self.read.early.remove(&user).unwrap_or_default() {
            if flow.hears(&state, &held.event.kind) {
                let arrival = waited(Some(id), &held, secrets);
                self.step(Place::Waited(Box::new(Waited { held, was: Verdict::Kept })), &arrival, id);
            } else {
                self.read.early.entry(user).or_default().push((held, secrets));
            }
        }
    }

    /// A held event of this onboarding that cannot be opened here is kept for it, sealed as it is.
    pub(super) fn adopt_unopened(&mut self, id: OnboardingId, seq: i64, why: &str) {
        let Some(owner) = self.read.owner(id) else { return };
        self.writes.marks.insert(id, true);
        let (verdict, detail) = (Verdict::Kept, format!("cannot be read here: {why}"));
        let (from, to, revision, decided_at) = (None, None, None, None);
        let (held, was) = (None, Verdict::Held);
        self.writes.adopted.push(Adopted { seq, held, was, owner, verdict, from, to, detail, revision, decided_at });
    }

    /// What was looked at for a user and stays kept keeps its secrets too.
    pub(super) fn put_back(&mut self) {
        let left = std::mem::take(&mut self.read.early).into_values().flatten();
        let secrets = left.filter(|(_, secrets)| !secrets.is_empty()).map(|(held, secrets)| (held.dedupe, secrets));
        self.writes.secrets.held.extend(secrets);
    }

    /// A note on, or the end of, an onboarding of which only the columns can be read.
    fn by_hand(&mut self, id: OnboardingId, cancel: bool, seen: Option<u64>, now: Timestamp) -> Became {
        let Some(shut) = self.read.shut.get_mut(&id) else { return Became::plain(Verdict::Noted, "") };
        if seen.is_some_and(|seen| seen != shut.revision) {
            let detail = format!("it is at revision {} now; look again before deciding", shut.revision);
            return Became::plain(Verdict::Refused, detail);
        }
        if !cancel {
            return Became::plain(Verdict::Noted, "note");
        }
        if shut.ended_at.is_some() {
            return Became::plain(Verdict::Refused, format!("it has ended ({}); possible: note", shut.status));
        }
        "cancelled".clone_into(&mut shut.status);
        shut.ended_at = Some(now);
        shut.revision = shut.revision.saturating_add(1);
        let (state, revision) = (Some(shut.state.clone()), shut.revision);
        if let (true, Some(person), Some(key)) = (self.engine.options.lifecycle, &shut.person, &shut.key) {
            let request = Request::Lifecycle {
                event_type: Lifecycle::Cancelled.event_type().to_owned(),
                subject: Some(person.external_id.clone()),
                data: view::shut(shut),
            };
            let effect = Effect { id: EffectId::lifecycle(id, revision, 0), request, due_at: now };
            self.writes.effects.push(NewEffect { effect, key: key.clone(), lease: None });
        }
        self.writes.ended.insert(id, shut.clone());
        self.writes.secrets.emptied.insert(id);
        let detail = "cancelled by an operator; what it knew cannot be read here and stays as it is".to_owned();
        Became {
            verdict: Verdict::Applied,
            detail,
            from: state.clone(),
            to: state,
            revision: Some(revision),
            decided_at: None,
            keeps: false,
        }
    }
}

/// Steps those of a round that are marked with what was kept for them, in the order in which it came, before anything
/// else. An onboarding with nothing left loses the mark.
pub(super) async fn take_kept(tx: &mut Tx, round: &mut Round<'_>) -> Result<(), StoreError> {
    let most = round.engine.options.adopt.max(1);
    for id in round.read.marked.clone() {
        let Some(work) = round.read.works.get(&id).filter(|work| work.flow.is_some()) else { continue };
        let found = tx.kept_of(id, &work.loaded.key, most).await?;
        let full = u32::try_from(found.len()).unwrap_or(u32::MAX) >= most;
        let mut all = !full;
        let mut came = Vec::with_capacity(found.len());
        for kept in found {
            let opened = match kept {
                Ok(held) => tx.take_held_secrets(&held.dedupe).await?.map(|secrets| (held, secrets)),
                Err(unopened) => Err(unopened.why),
            };
            match opened {
                Ok((held, secrets)) => came.push((waited(Some(id), &held, secrets), held)),
                Err(why) => {
                    all = false;
                    tracing::warn!(onboarding = %id, why, "a kept event cannot be read here; it stays kept");
                }
            }
        }
        know_others(tx, round, &came).await?;
        let any = !came.is_empty();
        for (arrival, held) in came {
            round.step(Place::Waited(Box::new(Waited { held, was: Verdict::Kept })), &arrival, id);
        }
        if all {
            round.writes.marks.insert(id, false);
        } else if full && any {
            // What comes now goes behind what was kept: into another round, which takes more of that.
            round.read.waiting.insert(id);
        }
    }
    Ok(())
}

/// Begins what these users' kept events begin: they could not be opened when those came.
pub(super) async fn take_starts(tx: &mut Tx, round: &mut Round<'_>, users: &[UserId]) -> Result<(), StoreError> {
    let flows = round.engine.flows.clone();
    let mut starts = Vec::new();
    for user in round.read.users.values().filter(|user| users.contains(&user.user.id)) {
        for held in tx.kept_for(user.user.id, &user.key, round.engine.options.adopt.max(1)).await?.into_iter().flatten()
        {
            let flow = match &held.event.body {
                Body::Child { flow, .. } => flows.newest(flow),
                _ => flows.starting(&held.event.kind),
            };
            let Some(flow) = flow else { continue };
            if let Ok(secrets) = tx.take_held_secrets(&held.dedupe).await? {
                starts.push((Start { flow, said: None, user: Some(user.user.id) }, held, secrets));
            }
        }
    }
    let running = starts.iter().filter_map(|(start, ..)| round.read.previous(start.user?, &start.flow.id.name));
    let running: BTreeSet<OnboardingId> = running.filter(|brief| !brief.ended).map(|brief| brief.id).collect();
    lock(tx, round, &running.into_iter().collect::<Vec<_>>()).await?;
    for (start, held, secrets) in starts {
        let arrival = waited(None, &held, secrets);
        round.start(Place::Waited(Box::new(Waited { held, was: Verdict::Kept })), &arrival, &start);
    }
    Ok(())
}

/// Looks up the owners of the identifiers that kept answers give, as for answers that come now.
async fn know_others(tx: &mut Tx, round: &mut Round<'_>, came: &[(Arrival, Held)]) -> Result<(), StoreError> {
    let keys = round.engine.store.keys();
    let names = came.iter().flat_map(|(arrival, _)| answered(arrival));
    let names: Vec<_> = names.map(|(name, id)| (keys.blind(name), id)).collect();
    if names.is_empty() {
        return Ok(());
    }
    let owners = tx.owners(&names.iter().map(|(blind, _)| *blind).collect::<Vec<_>>()).await?;
    round.read.others.add(Others::find(tx, &names, &owners).await?);
    Ok(())
}

/// A waiting event as its step saw it: with the owner of an identifier in its answer, when that was another user.
pub(super) fn retold(held: Held, event: &Event) -> Held {
    match (&event.body, serde_json::to_vec(event)) {
        (Body::Outcome { taken: Some(_), .. }, Ok(text)) => Held { event: event.clone(), text: text.into(), ..held },
        _ => held,
    }
}

/// An event that waited in the journal, as if it came now.
pub(super) fn waited(owner: Option<OnboardingId>, held: &Held, mut secrets: Secrets) -> Arrival {
    let mut event = held.event.clone();
    // What an answer handed over is no part of the journal.
    if let Body::Outcome { result: AttemptResult::Done(answer), .. } = &mut event.body {
        answer.secrets = std::mem::take(&mut secrets);
    }
    Arrival { event, owner, raw: held.raw.clone(), content: Bytes::new(), secrets }
}
