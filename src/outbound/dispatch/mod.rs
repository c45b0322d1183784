//! Leases what is due, has it performed outside any transaction, and brings each outcome to the door. Leases and
//! attempts are all it writes. Effects that are born leased come through [`Performer`], straight after their commit.

mod elsewhere; // what this process is not set up for
mod expired; // leases that ran out
mod inner; // what is free, what is held back, what is under way
pub mod lease; // what is needed of the store
mod pace; // when to look again
mod perform; // one effect from its lease until its outcome is on disk
mod slots; // how many at once

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use gangway_core::effect::{Mode, Request};
use gangway_core::explain::Rest;
use gangway_core::onboarding::FlowRef;
use gangway_core::outcome::AttemptResult;
use gangway_core::time::Timestamp;

use self::inner::Inner;
use self::lease::Leases;
use super::attempt::{Performers, outcome};
use super::breaker::{self, Breakers};
use super::http::{Asked, Limits};
use crate::clock::{Chance, Clock, Moment};
use crate::engine::{Door, Flows, Performer, Rests};
use crate::settings::outbound::OutboundSettings;
use crate::store::effects::{Leased, Unreadable};
use crate::store::types::{Lease, LeasedEffect, StoreError};
use crate::telemetry::Beat;

/// The dispatcher; clones are the same one.
#[derive(Clone, Debug)]
pub struct Dispatcher(Arc<Inner>);

/// What it is made of.
#[derive(Debug)]
pub struct Parts {
    /// Leases.
    pub leases: Arc<dyn Leases>,
    /// Where outcomes go.
    pub door: Door,
    /// What performs the effects.
    pub performers: Performers,
    /// The flows that this process knows: effects of others are left to others.
    pub flows: Flows,
    /// How many at once: each provider's name, `mail`, `publish`.
    pub concurrency: BTreeMap<String, u32>,
    /// What providers asked us to wait; the same as the sender's.
    pub limits: Arc<Limits>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Makes fencing tokens.
    pub chance: Arc<dyn Chance>,
    /// `[outbound]`.
    pub settings: OutboundSettings,
}

/// What one tick did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ticked {
    /// Effects that were leased and begun.
    pub begun: usize,
    /// Leases that ran out and were told to the door.
    pub expired: usize,
    /// When there may be something to do again; `None` when nothing is known to be due.
    pub next: Option<Timestamp>,
}

impl Dispatcher {
    /// A dispatcher that performs on the runtime it is made in.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(Inner::new(parts)))
    }

    /// What rests now and why: for readiness, explanations and metrics.
    #[must_use]
    pub fn breakers(&self) -> &Breakers {
        &self.0.breakers
    }

    /// What its loop says of itself.
    #[must_use]
    pub fn beat(&self) -> &Beat {
        &self.0.beat
    }

    /// Tries again what rests or waits here, of a slot or of all: settings were mended, or an operator says so.
    pub fn resume(&self, slot: Option<&str>, now: Timestamp) {
        self.0.breakers.mended(slot, now);
        self.0.limits.resume(slot, now);
        self.0.due(now);
    }

    /// Providers that asked to be left alone, by name, while it is not over.
    #[must_use]
    pub fn asked(&self, now: Timestamp) -> Vec<(String, Asked)> {
        self.0.limits.all_asked(now)
    }

    /// What effects wait for since before this time and this process is not set up for: slot, since when, what is
    /// missing.
    #[must_use]
    pub fn elsewhere(&self, before: Timestamp) -> Vec<(String, Timestamp, String)> {
        let waiting = self.0.elsewhere.waiting(before).into_iter();
        waiting.map(|(slot, since)| (slot.clone(), since, elsewhere::missing(&slot))).collect()
    }

    /// Slots taken now, by name.
    #[must_use]
    pub fn in_flight(&self) -> BTreeMap<String, u32> {
        self.0.slots.taken()
    }

    /// One step: follows up leases that ran out (once a sweep), leases what is due up to the free slots, begins
    /// performing it. A rare look with nothing known to be due only asks for the next due time.
    ///
    /// # Errors
    /// Errors of the store; what was leased before is being performed all the same.
    pub async fn tick(&self, now: Timestamp) -> Result<Ticked, StoreError> {
        self.step(now).await.inspect_err(|_| self.0.recovery.away())
    }

    async fn step(&self, now: Timestamp) -> Result<Ticked, StoreError> {
        let inner = &self.0;
        // Forgotten before anything is read: what is committed from here on tells its time again.
        let known = inner.next_due.swap(i64::MAX, Ordering::SeqCst) <= now.0;
        let mut expired = 0;
        if now >= inner.sweep_at() {
            inner.look_elsewhere(now).await?;
            expired = inner.take_up_expired(now).await?;
        }
        let mut due = if known { Some(now) } else { inner.next_effect_due(now).await? };
        let (mut begun, mut more) = (0, false);
        if due.is_some_and(|due| due <= now) {
            (begun, more) = self.lease(now).await?;
            due = inner.next_effect_due(now).await?;
        }
        let next = pace::next(now, due, more, inner.soonest_release(now));
        Ok(Ticked { begun, expired, next })
    }

    /// Leases what is due up to the free slots and begins performing it: how many, and whether there may be more.
    async fn lease(&self, now: Timestamp) -> Result<(usize, bool), StoreError> {
        let inner = &self.0;
        inner.know_flows();
        let wanted = inner.take_free_slots(now);
        if wanted.is_empty() {
            return Ok((0, false));
        }
        let lease = Lease { token: inner.chance.id(now), length: inner.settings.lease };
        let at = Moment::now(&*inner.clock);
        let resting = inner.breakers.held(now).0;
        let leased = inner.leases.lease(now, &wanted, &inner.flows.refused(), &resting, lease).await;
        let (leased, failed) = match leased {
            Ok(leased) => (leased, None),
            Err(error) => (Leased::default(), Some(error)),
        };
        let (effects, strange) = self.known(leased.effects).await;
        let mut unused: BTreeMap<&str, u32> = wanted.iter().map(|(name, count)| (name.as_str(), *count)).collect();
        for effect in &effects {
            unused.entry(effect.request.slot()).and_modify(|count| *count = count.saturating_sub(1));
        }
        unused.iter().for_each(|(name, count)| inner.unused(name, *count));
        if let Some(error) = failed {
            return Err(error);
        }
        let full = unused.values().any(|count| *count == 0);
        // What was given back, or ends at once, took the place of others that are due.
        let more = full || !strange.is_empty() || !leased.unreadable.is_empty();
        let begun = effects.len();
        effects.into_iter().for_each(|effect| self.begin(effect, at));
        inner.release(strange.into_iter().map(|effect| (effect.id, effect.token)).collect()).await;
        let ended = leased.unreadable.into_iter().map(|Unreadable { id, attempt, why }| {
            tracing::error!(effect = %id, why, "what an effect asks cannot be read here");
            let cause = format!("what was asked cannot be read: {why}");
            outcome::arrival(id, attempt, now, AttemptResult::Broken { cause }, now)
        });
        inner.tell(ended).await;
        Ok((begun, more))
    }

    /// Separates effects with a flow that is loaded here, now or on demand, from the others: a process that cannot step
    /// an outcome must not perform.
    async fn known(&self, leased: Vec<(FlowRef, LeasedEffect)>) -> (Vec<LeasedEffect>, Vec<LeasedEffect>) {
        let flows = &self.0.flows;
        let strange: BTreeSet<FlowRef> =
            leased.iter().filter(|(flow, _)| flows.get(flow).is_none()).map(|(flow, _)| flow.clone()).collect();
        if let Err(error) = flows.meet(strange).await {
            tracing::warn!(%error, "a flow could not be read; its effects are given back");
        }
        self.0.know_flows();
        let (known, strange): (Vec<_>, Vec<_>) = leased.into_iter().partition(|(flow, _)| flows.get(flow).is_some());
        let effects = |leased: Vec<(FlowRef, LeasedEffect)>| leased.into_iter().map(|(_, effect)| effect).collect();
        (effects(known), effects(strange))
    }

    /// Ticks for ever: when something is due, when woken, and rarely for what other processes left behind.
    pub async fn run(&self) {
        let inner = &self.0;
        while !inner.stopping.load(Ordering::SeqCst) {
            if !inner.pause().await {
                continue;
            }
            let now = inner.clock.now();
            inner.beat.begins();
            let ticked = self.tick(now).await;
            inner.beat.ends(ticked.is_ok());
            match ticked {
                Ok(ticked) => inner.due(ticked.next.unwrap_or(Timestamp(i64::MAX))),
                Err(error) => {
                    tracing::warn!(%error, "effects cannot be leased now; the next sweep tries again");
                    inner.next_sweep.store(now.plus(inner.settings.sweep).0, Ordering::SeqCst);
                }
            }
        }
    }

    /// Waits until nothing is being performed: for simulation and tests.
    pub async fn idle(&self) {
        loop {
            let mut running = std::mem::take(&mut *self.0.running());
            if running.is_empty() {
                return;
            }
            while running.join_next().await.is_some() {}
        }
    }

    /// Stops: nothing new is leased, what was handed over and not begun is given back, what runs may finish and bring
    /// its outcome home within `stop`. Whatever is cut off then is unknown, once its lease has run out.
    pub async fn stop(&self) {
        self.0.stopping.store(true, Ordering::SeqCst);
        self.0.woken.notify_waiters();
        self.0.woken.notify_one();
        let limit = Duration::from_millis(self.0.settings.stop.0);
        if tokio::time::timeout(limit, self.idle()).await.is_err() {
            tracing::warn!(
                limit_ms = self.0.settings.stop.0,
                "effects were still being performed when the time to stop ran out"
            );
            self.0.running().abort_all();
        }
    }

    /// Begins performing an effect, its slot already taken, that was leased at this moment or later.
    fn begin(&self, effect: LeasedEffect, leased: Moment) {
        let inner = Arc::clone(&self.0);
        inner.in_hand().insert((effect.id, effect.attempt));
        let mut running = self.0.running();
        while running.try_join_next().is_some() {}
        running.spawn_on(async move { perform::one(inner, effect, leased).await }, &self.0.runtime);
    }
}

impl Performer for Dispatcher {
    fn reserve(&self, request: &Request) -> bool {
        let (inner, now, slot) = (&self.0, self.0.clock.now(), request.slot());
        let open = !inner.stopping.load(Ordering::SeqCst)
            && inner.held_back(slot, now).is_none()
            && ![slot, &breaker::name(request, Mode::Do)].iter().any(|name| inner.breakers.probes(name));
        open && inner.take(slot, 1, now) == 1
    }

    fn give_back(&self, slot: &str) {
        self.0.limits.rates.give_back(slot, 1);
        self.0.finished(slot);
    }

    fn perform(&self, effects: Vec<LeasedEffect>, leased: Moment) {
        if !self.0.stopping.load(Ordering::SeqCst) {
            return effects.into_iter().for_each(|effect| self.begin(effect, leased));
        }
        let inner = Arc::clone(&self.0);
        effects.iter().for_each(|effect| inner.unused(effect.request.slot(), 1));
        let ids = effects.into_iter().map(|effect| (effect.id, effect.token)).collect();
        self.0.running().spawn_on(
            async move {
                inner.release(ids).await;
            },
            &self.0.runtime,
        );
    }

    fn wake(&self, due_at: Timestamp) {
        self.0.due(due_at);
    }
}

impl Rests for Dispatcher {
    fn rest(&self, slot: &str, action: &str, mode: Mode) -> Option<Rest> {
        let (inner, now) = (&self.0, self.0.clock.now());
        if inner.elsewhere.has(slot) {
            return Some(Rest::Elsewhere { cause: elsewhere::missing(slot) });
        }
        let asked = inner.limits.asked(slot, now).map(|Asked { since, until }| {
            let cause = "it asked to be left alone".to_owned();
            (until, Rest::Until { what: slot.to_owned(), since, until, cause })
        });
        let rest = |name: &str, what: String| {
            let breaker::Rest { until, since, cause } = inner.breakers.resting(name, now)?;
            Some((until, Rest::Until { what, since, until, cause }))
        };
        let what = match mode {
            Mode::Do => action.to_owned(),
            Mode::LookUp => format!("the look-up of {action}"),
        };
        let named = [rest(slot, slot.to_owned()), rest(&breaker::of_action(action, mode), what)];
        named.into_iter().chain([asked]).flatten().max_by_key(|(until, _)| *until).map(|(_, rest)| rest)
    }

    fn resume(&self, slot: &str) -> bool {
        let known = self.0.slots.names().iter().any(|name| name == slot);
        if known {
            Self::resume(self, Some(slot), self.0.clock.now());
        }
        known
    }
}

#[cfg(test)]
mod tests;
