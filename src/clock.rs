//! Time, ids and randomness are inputs: the only place that reads the machine's clocks or its random source (which time
//! is believed: `steady`). Everything else is handed a [`Clock`] and a [`Chance`], so that a whole run can be repeated.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use gangway_core::time::{Millis, Timestamp};
use sha2::{Digest, Sha256};
use uuid::Uuid;

mod steady;

pub use steady::{Doubt, SteadyClock, Ticks, Trust};

/// Tells the time. The store reports the database's clock to it; a clock moved by hand ignores this.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// The present.
    fn now(&self) -> Timestamp;

    /// The database's clock said this, in an answer that took this long.
    fn observe(&self, _said: Timestamp, _took: Millis, _trust: &Trust) {}

    /// A start: this is the newest time on record.
    fn begin(&self, _newest: Timestamp, _trust: &Trust) {}

    /// Why nothing may be decided by time now: no deadline, no expiry, no lease that ran out.
    fn doubt(&self) -> Option<Doubt> {
        None
    }

    /// How many milliseconds the machine's wall clock is ahead of this one.
    fn wall_ahead(&self) -> i64 {
        0
    }
}

/// Source of ids, nonces and keys.
pub trait Chance: Send + Sync + std::fmt::Debug {
    /// Fills the buffer with unpredictable bytes.
    fn fill(&self, buffer: &mut [u8]);

    /// A new time-ordered id (UUID version 7) for this moment.
    fn id(&self, now: Timestamp) -> Uuid {
        let mut random = [0_u8; 10];
        self.fill(&mut random);
        uuid::Builder::from_unix_timestamp_millis(u64::try_from(now.0).unwrap_or(0), &random).into_uuid()
    }
}

/// The machine's wall clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one home of the wall clock")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// This machine's clocks.
#[derive(Clone, Copy, Debug)]
pub struct Machine(Stopwatch);

impl Default for Machine {
    fn default() -> Self {
        Self(Stopwatch::start())
    }
}

impl Ticks for Machine {
    fn wall(&self) -> Timestamp {
        SystemClock.now()
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// A clock that tests move by hand. Clones share the time.
#[derive(Clone, Debug)]
pub struct HandClock(Arc<AtomicI64>);

impl HandClock {
    /// A clock that stands at this time.
    #[must_use]
    pub fn at(time: Timestamp) -> Self {
        Self(Arc::new(AtomicI64::new(time.0)))
    }

    /// Moves time forward.
    pub fn advance(&self, by: Millis) {
        self.0.fetch_add(i64::try_from(by.0).unwrap_or(i64::MAX), Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

/// The operating system's random source.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemChance;

impl Chance for SystemChance {
    #[expect(clippy::disallowed_methods, reason = "this is the one home of randomness")]
    fn fill(&self, buffer: &mut [u8]) {
        // A machine without a random source cannot make keys; going on would seal data with a guessable one.
        if let Err(error) = getrandom::fill(buffer) {
            tracing::error!(%error, "the operating system gives no random bytes; stopping");
            std::process::abort();
        }
    }
}

/// Repeatable randomness from a seed, for simulation and tests; never for real keys.
#[derive(Debug)]
pub struct SeededChance {
    seed: u64,
    calls: AtomicU64,
}

impl SeededChance {
    /// The sequence of this seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { seed, calls: AtomicU64::new(0) }
    }
}

impl Chance for SeededChance {
    fn fill(&self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(32) {
            let call = self.calls.fetch_add(1, Ordering::SeqCst);
            let block = Sha256::new().chain_update(self.seed.to_le_bytes()).chain_update(call.to_le_bytes()).finalize();
            chunk.iter_mut().zip(block).for_each(|(to, from)| *to = from);
        }
    }
}

/// A moment by the clock that decides and by the process's own. How long it is ago is the longer of the two: a machine
/// that was suspended has lost time that only one of them shows.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    time: Timestamp,
    own: Instant,
}

impl Moment {
    /// This moment.
    #[must_use]
    pub fn now(clock: &dyn Clock) -> Self {
        Self { time: clock.now(), own: Instant::now() }
    }

    /// How long it is ago.
    #[must_use]
    pub fn ago(&self, clock: &dyn Clock) -> Millis {
        let own = Millis(u64::try_from(self.own.elapsed().as_millis()).unwrap_or(u64::MAX));
        own.max(clock.now().since(self.time))
    }
}

/// Measures how long something took; for metrics, logs and limits of waiting, never for what becomes of people.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts now.
    #[must_use]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Time since the start.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    /// Like [`Stopwatch::elapsed`], in whole milliseconds.
    #[must_use]
    pub fn millis(&self) -> Millis {
        Millis(u64::try_from(self.0.elapsed().as_millis()).unwrap_or(u64::MAX))
    }
}

/// Nonces for signature schemes that want them (ECDSA). They never show in what is decided or stored, so a run repeats
/// without them.
#[must_use]
pub fn nonces() -> ring::rand::SystemRandom {
    ring::rand::SystemRandom::new()
}

#[cfg(test)]
mod tests {
    use super::{Chance, Clock, SeededChance, SystemChance, SystemClock};
    use gangway_core::time::Timestamp;

    #[test]
    fn one_seed_gives_one_sequence_and_another_seed_another() {
        let bytes = |seed| {
            let mut buffer = [0_u8; 48];
            SeededChance::new(seed).fill(&mut buffer);
            buffer
        };
        assert_eq!(bytes(7), bytes(7));
        assert_ne!(bytes(7), bytes(8));
    }

    #[test]
    fn ids_sort_by_the_time_they_were_made() {
        let early = SystemChance.id(Timestamp(1_000));
        let late = SystemChance.id(Timestamp(2_000));
        assert!(early < late);
        assert!(SystemClock.now() > Timestamp(1_700_000_000_000));
    }
}
