//! The way out, played: keeps what it is handed, for the test to answer; slots by hand.

use std::collections::HashMap;

use gangway::clock::Moment;
use gangway::engine::Performer;
use gangway::store::types::LeasedEffect;
use gangway_core::effect::Request;
use gangway_core::time::Timestamp;
use parking_lot::{Mutex, MutexGuard};

/// A performer that performs nothing by itself.
#[derive(Debug, Default)]
pub struct Hands(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    free: HashMap<String, u32>,
    given: Vec<LeasedEffect>,
    wakes: Vec<Timestamp>,
}

impl Hands {
    /// So many free slots for each of the names; none for others.
    pub fn with(free: &[(&str, u32)]) -> Self {
        let free = free.iter().map(|(name, free)| ((*name).to_owned(), *free)).collect();
        Self(Mutex::new(Inner { free, ..Inner::default() }))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock()
    }

    /// Takes what was handed over so far. Their slots are free again.
    pub fn take(&self) -> Vec<LeasedEffect> {
        let mut inner = self.inner();
        let given = std::mem::take(&mut inner.given);
        for effect in &given {
            *inner.free.entry(effect.request.slot().to_owned()).or_default() += 1;
        }
        given
    }

    /// Free slots of this name.
    pub fn free(&self, slot: &str) -> u32 {
        self.inner().free.get(slot).copied().unwrap_or_default()
    }

    /// Times for which a wake-up was asked, and forgets them.
    pub fn wakes(&self) -> Vec<Timestamp> {
        std::mem::take(&mut self.inner().wakes)
    }
}

impl Performer for Hands {
    fn reserve(&self, request: &Request) -> bool {
        let mut inner = self.inner();
        let Some(free) = inner.free.get_mut(request.slot()).filter(|free| **free > 0) else { return false };
        *free -= 1;
        true
    }

    fn give_back(&self, slot: &str) {
        *self.inner().free.entry(slot.to_owned()).or_default() += 1;
    }

    fn perform(&self, effects: Vec<LeasedEffect>, _: Moment) {
        self.inner().given.extend(effects);
    }

    fn wake(&self, due_at: Timestamp) {
        self.inner().wakes.push(due_at);
    }
}
