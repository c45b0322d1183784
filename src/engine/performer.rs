//! What the engine asks of station 5: slots for effects that are born leased, and a wake-up for those due later.

use gangway_core::time::Timestamp;

use crate::store::types::LeasedEffect;

/// Performs effects. Implemented by `outbound`; the engine knows only this.
pub trait Performer: Send + Sync {
    /// Reserves a free slot for a target (`original`, `mail`, `publish`); false when none is free or its breaker is
    /// open, and the effect is then born due.
    fn reserve(&self, slot: &str) -> bool;

    /// Gives back a reserved slot whose effect was not committed after all.
    fn give_back(&self, slot: &str);

    /// Performs effects whose slots were reserved and whose leases are committed.
    fn perform(&self, effects: Vec<LeasedEffect>);

    /// An effect without a lease is due at this time.
    fn wake(&self, due_at: Timestamp);
}

/// Performs nothing: every effect is born due, for the processes that serve. For commands that only write.
#[derive(Clone, Copy, Debug, Default)]
pub struct Later;

impl Performer for Later {
    fn reserve(&self, _slot: &str) -> bool {
        false
    }

    fn give_back(&self, _slot: &str) {}

    fn perform(&self, _effects: Vec<LeasedEffect>) {}

    fn wake(&self, _due_at: Timestamp) {}
}
