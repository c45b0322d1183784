//! The state of a loop: each says when it began a round and how that ended. Readers get what it said last, and neither
//! side waits. Never in here: causes; they are in the log.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};

use crate::clock::Stopwatch;

/// What one loop says of itself. Clones are the same one.
#[derive(Clone, Debug)]
pub struct Beat {
    name: &'static str,
    pulse: Arc<Mutex<Pulse>>,
}

#[derive(Debug, Default)]
struct Pulse {
    busy: Option<Stopwatch>,
    well: Option<Stopwatch>,
    failed: bool,
    restarts: u64,
}

/// How a loop is now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// How long the round that is under way has taken.
    pub busy: Option<Duration>,
    /// How long ago a round ended well.
    pub well: Option<Duration>,
    /// Whether the last round that ended did not end well.
    pub failed: bool,
    /// How often it ended by a fault and was begun again.
    pub restarts: u64,
}

impl Beat {
    /// A loop that has done nothing yet.
    #[must_use]
    pub fn new(name: &'static str) -> Self {
        Self { name, pulse: Arc::default() }
    }

    /// What it is called.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// A round begins.
    pub fn begins(&self) {
        self.pulse().busy = Some(Stopwatch::start());
    }

    /// The round ended, well or not.
    pub fn ends(&self, well: bool) {
        let mut pulse = self.pulse();
        pulse.busy = None;
        pulse.failed = !well;
        if well {
            pulse.well = Some(Stopwatch::start());
        }
    }

    /// It ended by a fault.
    pub fn fell(&self) {
        let mut pulse = self.pulse();
        pulse.busy = None;
        pulse.failed = true;
        pulse.restarts += 1;
    }

    /// Whether the last round did not end well.
    #[must_use]
    pub fn failed(&self) -> bool {
        self.pulse().failed
    }

    /// How it is now.
    #[must_use]
    pub fn now(&self) -> Now {
        let pulse = self.pulse();
        let age = |since: Option<Stopwatch>| since.map(|since| since.elapsed());
        Now { busy: age(pulse.busy), well: age(pulse.well), failed: pulse.failed, restarts: pulse.restarts }
    }

    fn pulse(&self) -> MutexGuard<'_, Pulse> {
        self.pulse.lock()
    }
}
