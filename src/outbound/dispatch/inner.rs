//! What the dispatcher and the effects under way look at together: what is free, what is held back, when to look again,
//! what is under way. No decision about an outcome is made here.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use gangway_core::effect::EffectId;
use gangway_core::time::{Millis, Timestamp};
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::Parts;
use super::elsewhere::Elsewhere;
use super::expired::Recovery;
use super::lease::Leases;
use super::slots::Slots;
use crate::clock::{Chance, Clock};
use crate::engine::{Door, Flows};
use crate::outbound::attempt::Performers;
use crate::outbound::breaker::Breakers;
use crate::outbound::http::Limits;
use crate::settings::outbound::OutboundSettings;
use crate::store::types::{Lease, StoreError};
use crate::telemetry::Beat;

/// Outcomes that wait for the door without a slot, at most; further ones keep theirs.
const BESIDE: usize = 1024;

/// An effect, and which attempt of it.
pub(super) type Attempt = (EffectId, u32);

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) leases: Arc<dyn Leases>,
    pub(super) door: Door,
    pub(super) performers: Performers,
    pub(super) flows: Flows,
    pub(super) flows_known: AtomicUsize,
    pub(super) slots: Slots,
    pub(super) elsewhere: Elsewhere,
    pub(super) breakers: Breakers,
    pub(super) limits: Arc<Limits>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) chance: Arc<dyn Chance>,
    pub(super) settings: OutboundSettings,
    pub(super) running: Mutex<JoinSet<()>>,
    pub(super) beside: Semaphore,
    pub(super) recovery: Recovery,
    in_hand: Mutex<HashSet<Attempt>>,
    pub(super) stopping: AtomicBool,
    pub(super) next_due: AtomicI64,
    pub(super) next_sweep: AtomicI64,
    pub(super) starved: AtomicBool,
    pub(super) woken: Notify,
    pub(super) runtime: tokio::runtime::Handle,
    pub(super) beat: Beat,
}

impl Inner {
    /// Made of these parts; performs on the runtime it is made in.
    pub(super) fn new(parts: Parts) -> Self {
        Self {
            slots: Slots::new(parts.concurrency),
            elsewhere: Elsewhere::default(),
            breakers: Breakers::new(parts.settings.breaker.clone()),
            leases: parts.leases,
            door: parts.door,
            performers: parts.performers,
            flows: parts.flows,
            flows_known: AtomicUsize::new(0),
            limits: parts.limits,
            clock: parts.clock,
            chance: parts.chance,
            beside: Semaphore::new(BESIDE),
            recovery: Recovery::default(),
            in_hand: Mutex::default(),
            settings: parts.settings,
            running: Mutex::new(JoinSet::new()),
            stopping: AtomicBool::new(false),
            next_due: AtomicI64::new(i64::MIN),
            next_sweep: AtomicI64::new(i64::MIN),
            starved: AtomicBool::new(false),
            woken: Notify::new(),
            runtime: tokio::runtime::Handle::current(),
            beat: Beat::new("dispatcher"),
        }
    }

    pub(super) fn running(&self) -> MutexGuard<'_, JoinSet<()>> {
        self.running.lock()
    }

    /// The attempts that are under way here, and those with an outcome that is known here and not on disk yet.
    pub(super) fn in_hand(&self) -> MutexGuard<'_, HashSet<Attempt>> {
        self.in_hand.lock()
    }

    /// Something is due at this time.
    pub(super) fn due(&self, at: Timestamp) {
        if self.next_due.fetch_min(at.0, Ordering::SeqCst) > at.0 {
            self.woken.notify_one();
        }
    }

    /// An effect is finished: its slot is free, and another effect may be waiting for it.
    pub(super) fn finished(&self, slot: &str) {
        let under_way = self.slots.give_back(slot, 1);
        self.limits.rates.settle(slot, under_way);
        if self.starved.swap(false, Ordering::SeqCst) {
            self.due(self.clock.now());
        }
    }

    /// Takes at most `wanted` of a slot, each with its tick where the provider has a rate; how many.
    pub(super) fn take(&self, slot: &str, wanted: u32, now: Timestamp) -> u32 {
        let free = self.slots.take(slot, wanted);
        let taken = self.limits.rates.promise(slot, free, now);
        self.slots.give_back(slot, free - taken);
        taken
    }

    /// Gives back what was taken of a slot and not begun.
    pub(super) fn unused(&self, slot: &str, count: u32) {
        self.slots.give_back(slot, count);
        self.limits.rates.give_back(slot, count);
    }

    /// Until when nothing of this slot may be begun: its provider rests, asked us to wait, or has had its requests.
    pub(super) fn held_back(&self, slot: &str, now: Timestamp) -> Option<Timestamp> {
        let resting = self.breakers.resting(slot, now).map(|rest| rest.until);
        let until = |wait: Option<Millis>| wait.map(|wait| now.plus(wait));
        resting.max(until(self.limits.wait(slot, now))).max(until(self.limits.rates.wait(slot, now)))
    }

    /// Takes every free slot; of one that is being probed, one.
    pub(super) fn take_free_slots(&self, now: Timestamp) -> Vec<(String, u32)> {
        let free = |name: String| {
            if self.held_back(&name, now).is_some() {
                return None;
            }
            let wanted = if self.breakers.probes(&name) { 1 } else { u32::MAX };
            let taken = self.take(&name, wanted, now);
            (taken > 0).then_some((name, taken))
        };
        self.slots.names().into_iter().filter_map(free).collect()
    }

    /// When the first of the slots and actions that are held back may go on.
    pub(super) fn soonest_release(&self, now: Timestamp) -> Option<Timestamp> {
        let slots = self.slots.names().iter().filter_map(|name| self.held_back(name, now)).min();
        slots.into_iter().chain(self.breakers.held(now).1).min()
    }

    /// When the next effect is due that has no lease and no resting far end; notes whether one waits for a slot
    /// already.
    pub(super) async fn next_effect_due(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        // Set before the question: what is committed meanwhile wakes us, what was before is in the answer.
        self.starved.store(true, Ordering::SeqCst);
        let (resting, _) = self.breakers.held(now);
        let mut slots = self.slots.names();
        let all = slots.len();
        slots.retain(|name| self.held_back(name, now).is_none());
        let due = if resting.is_empty() && slots.len() == all && !self.elsewhere.any() {
            self.leases.next_effect_due(&self.flows.refused()).await?
        } else {
            self.leases.next_effect_due_of(&slots, &self.flows.refused(), &resting).await?
        };
        self.starved.store(due.is_some_and(|due| due <= now), Ordering::SeqCst);
        Ok(due)
    }

    /// Waits until something may be due, at most a sweep, by monotonic time: then it is time for the next sweep,
    /// whatever the clock says. False when it was woken to stop.
    pub(super) async fn pause(&self) -> bool {
        let over = tokio::time::sleep(Duration::from_millis(self.settings.sweep.0));
        tokio::pin!(over);
        while !self.stopping.load(Ordering::SeqCst) {
            let at = Timestamp(self.next_due.load(Ordering::SeqCst)).min(self.sweep_at());
            let left = at.since(self.clock.now());
            if left == Millis(0) {
                return true;
            }
            tokio::select! {
                () = self.woken.notified() => {}
                () = tokio::time::sleep(Duration::from_millis(left.0)) => {}
                () = &mut over => {
                    self.next_sweep.store(i64::MIN, Ordering::SeqCst);
                    return true;
                }
            }
        }
        false
    }

    pub(super) fn sweep_at(&self) -> Timestamp {
        Timestamp(self.next_sweep.load(Ordering::SeqCst))
    }

    /// Gives back what was not begun; whether that is stored.
    pub(super) async fn release(&self, effects: Vec<(EffectId, Uuid)>) -> bool {
        let mut all = true;
        let mut by_token: BTreeMap<Uuid, Vec<EffectId>> = BTreeMap::new();
        effects.into_iter().for_each(|(id, token)| by_token.entry(token).or_default().push(id));
        for (token, ids) in by_token {
            let lease = Lease { token, length: Millis(0) };
            if let Err(error) = self.leases.release(&ids, lease).await {
                tracing::warn!(%error, count = ids.len(), "leases could not be given back");
                all = false;
            }
        }
        all
    }
}
