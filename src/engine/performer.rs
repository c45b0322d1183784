//! What the engine asks of `outbound`: slots for effects that are born leased, and a wake-up for those due later.

use gangway_core::effect::{Mode, Request};
use gangway_core::explain::Rest;
use gangway_core::time::Timestamp;

use crate::clock::Moment;
use crate::store::types::LeasedEffect;

/// Performs effects. Implemented by `outbound`; the engine knows only this.
pub trait Performer: Send + Sync {
    /// Reserves a free slot for what is asked; false when none is free or its far end rests, and the effect is then
    /// born due.
    fn reserve(&self, request: &Request) -> bool;

    /// Gives back a reserved slot when its effect was not committed after all.
    fn give_back(&self, slot: &str);

    /// Performs effects with reserved slots and committed leases; they were leased at this moment or later.
    fn perform(&self, effects: Vec<LeasedEffect>, leased: Moment);

    /// An effect without a lease is due at this time.
    fn wake(&self, due_at: Timestamp);
}

/// What holds work back at the far ends, by this process's own experience: for people who look at it and may end it.
pub trait Rests: Send + Sync + std::fmt::Debug {
    /// What holds back an attempt of this action of a slot, if anything does.
    fn rest(&self, slot: &str, action: &str, mode: Mode) -> Option<Rest>;

    /// Ends rests and waits of a slot; false when there is no such slot. Nothing is stored, other processes go on
    /// waiting.
    fn resume(&self, slot: &str) -> bool;
}

/// Performs nothing: every effect is born due, for the processes that serve. For commands that only write.
#[derive(Clone, Copy, Debug, Default)]
pub struct Later;

impl Rests for Later {
    fn rest(&self, _slot: &str, _action: &str, _mode: Mode) -> Option<Rest> {
        None
    }

    fn resume(&self, _slot: &str) -> bool {
        false
    }
}

impl Performer for Later {
    fn reserve(&self, _request: &Request) -> bool {
        false
    }

    fn give_back(&self, _slot: &str) {}

    fn perform(&self, _effects: Vec<LeasedEffect>, _leased: Moment) {}

    fn wake(&self, _due_at: Timestamp) {}
}
