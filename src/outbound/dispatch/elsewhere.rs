//! What effects ask of far ends that this process is not set up for. A process leases nothing that it cannot perform:
//! such effects are left to a process that can, and readiness tells since when they wait for one. Loaded flows and due
//! times enter; nothing is performed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;

use gangway_core::effect::slot::{MAIL, PUBLISH};
use gangway_core::flow::model::{Flow, Verb};
use gangway_core::time::Timestamp;
use parking_lot::{Mutex, MutexGuard};

use super::inner::Inner;
use crate::store::types::StoreError;

/// Slots that this process does not have, with the due time of the oldest effect that waits there, as of the last
/// sweep.
#[derive(Debug, Default)]
pub(super) struct Elsewhere(Mutex<BTreeMap<String, Option<Timestamp>>>);

impl Elsewhere {
    fn all(&self) -> MutexGuard<'_, BTreeMap<String, Option<Timestamp>>> {
        self.0.lock()
    }

    /// Whether there are any.
    pub(super) fn any(&self) -> bool {
        !self.all().is_empty()
    }

    /// Whether this is one of them.
    pub(super) fn has(&self, slot: &str) -> bool {
        self.all().contains_key(slot)
    }

    /// Those where something has been due since before this time, and since when.
    pub(super) fn waiting(&self, before: Timestamp) -> Vec<(String, Timestamp)> {
        let all = self.all();
        let waiting = all.iter().filter_map(|(slot, since)| Some((slot.clone(), (*since)?)));
        waiting.filter(|(_, since)| *since < before).collect()
    }
}

/// What is missing here for this slot, in words of the settings.
#[must_use]
pub fn missing(slot: &str) -> String {
    match slot {
        MAIL => "no mail server is set up in this process (mail.url)".to_owned(),
        PUBLISH => "no broker is set up in this process (amqp.url)".to_owned(),
        provider => format!("providers.{provider} is not set up in this process"),
    }
}

impl Inner {
    /// Takes note of what flows that were loaded since the last look ask for and this process is not set up for.
    pub(super) fn know_flows(&self) {
        let loaded = self.flows.loaded();
        if self.flows_known.swap(loaded, Ordering::SeqCst) != loaded {
            let mine = self.slots.names();
            let asked: BTreeSet<String> = self.flows.all().iter().flat_map(|flow| asked_by(flow)).collect();
            let mut all = self.elsewhere.all();
            for slot in asked.into_iter().filter(|slot| !mine.contains(slot)) {
                all.entry(slot).or_default();
            }
        }
    }

    /// Looks since when something waits for far ends that this process is not set up for.
    pub(super) async fn look_elsewhere(&self, now: Timestamp) -> Result<(), StoreError> {
        self.know_flows();
        let mine = self.slots.names();
        // Other processes may publish and mail for flows that are not loaded here.
        let slots = [MAIL, PUBLISH].map(str::to_owned).into_iter().filter(|slot| !mine.contains(slot));
        let slots: BTreeSet<String> = slots.chain(self.elsewhere.all().keys().cloned()).collect();
        for slot in slots {
            let due = self.leases.next_effect_due_of(std::slice::from_ref(&slot), &[], &[]).await?;
            let due = due.filter(|due| *due <= now);
            if let Some(since) = due.filter(|since| since.plus(self.settings.sweep) < now) {
                let why = missing(&slot);
                tracing::warn!(slot, %since, why, "effects wait for a process that can perform them");
            }
            let mut all = self.elsewhere.all();
            if due.is_some() || all.contains_key(&slot) {
                all.insert(slot, due);
            }
        }
        Ok(())
    }
}

fn asked_by(flow: &Flow) -> impl Iterator<Item = String> {
    let other = flow.states.values().filter_map(|state| match &state.verb {
        Verb::Mail(_) => Some(MAIL.to_owned()),
        Verb::Publish(_) => Some(PUBLISH.to_owned()),
        _ => None,
    });
    flow.providers().chain(other)
}
