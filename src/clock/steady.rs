//! One clock decides: the database's. What its clock said, and when that was heard, enters now and then; in between,
//! the machine's monotonic time goes on from there. So neither the wall clock of this machine nor a leap of the
//! database's, forward or back, decides anything: a leap too long to be drift is doubted, reported, and believed only
//! when it has lasted. Never done here: asking the database.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use gangway_core::time::{Millis, Timestamp};
use parking_lot::{Mutex, MutexGuard};

use super::{Clock, Machine};

/// When what the database's clock says is believed; each a named setting.
#[derive(Clone, Copy, Debug)]
pub struct Trust {
    /// The longest difference that is drift, and is believed at once.
    pub limit: Millis,
    /// How long a longer one must last to be believed.
    pub grace: Millis,
    /// How much later than the newest time on record a start may be without being doubted.
    pub leap: Millis,
}

impl Default for Trust {
    fn default() -> Self {
        Self { limit: Millis::secs(5), grace: Millis::secs(60), leap: Millis::secs(7 * 86_400) }
    }
}

/// Why nothing is decided by time at present.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// The database's clock is this many milliseconds ahead of (or, below zero, behind) what has passed.
    Leapt(i64),
    /// The process began this many milliseconds after (or, below zero, before) the newest time on record.
    Began(i64),
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (by, what) = match *self {
            Self::Leapt(by) if by < 0 => (by, "behind what has passed by this machine's"),
            Self::Leapt(by) => (by, "ahead of what has passed by this machine's"),
            Self::Began(by) if by < 0 => (by, "before the newest time on record"),
            Self::Began(by) => (by, "after the newest time on record"),
        };
        write!(f, "the database's clock is {} {what}", Millis::secs(by.unsigned_abs() / 1000))
    }
}

/// What a steady clock is made of: monotonic time, and the wall clock that it begins with and is compared to.
pub trait Ticks: Send + Sync + fmt::Debug {
    /// The machine's wall clock.
    fn wall(&self) -> Timestamp;
    /// Time since some moment, which never leaps.
    fn elapsed(&self) -> Duration;
}

/// The database's clock, kept going by monotonic time. Until the first answer of the database it shows the wall clock.
#[derive(Debug)]
pub struct SteadyClock {
    ticks: Arc<dyn Ticks>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Added to monotonic time, it is the time.
    base: i64,
    /// Whether the database was heard.
    heard: bool,
    /// A difference that is not believed yet, and since when (monotonic) it has been so.
    leapt: Option<(i64, i64)>,
    /// A start that is not believed yet, and until when.
    began: Option<(i64, i64)>,
}

impl Default for SteadyClock {
    fn default() -> Self {
        Self::of(Arc::new(Machine::default()))
    }
}

impl SteadyClock {
    /// Kept going by these ticks.
    #[must_use]
    pub fn of(ticks: Arc<dyn Ticks>) -> Self {
        let base = ticks.wall().0.saturating_sub(millis(ticks.elapsed()));
        Self { ticks, state: Mutex::new(State { base, ..State::default() }) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    fn elapsed(&self) -> i64 {
        millis(self.ticks.elapsed())
    }
}

impl Clock for SteadyClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.state().base.saturating_add(self.elapsed()))
    }

    fn observe(&self, said: Timestamp, took: Millis, trust: &Trust) {
        let (elapsed, error) = (self.elapsed(), signed(took) / 2);
        let mut state = self.state();
        let ahead = said.0.saturating_add(error).saturating_sub(state.base).saturating_sub(elapsed);
        if !state.heard {
            state.heard = true;
            state.base = state.base.saturating_add(ahead);
            return;
        }
        let limit = signed(trust.limit);
        if error > limit {
            // So slow an answer tells nothing.
            return;
        }
        let drift = ahead.abs() <= limit;
        if drift {
            if state.leapt.take().is_some() {
                tracing::warn!("the database's clock is as it was before; what waits for the time goes on");
            }
            // Within the question's own length nothing can be told.
            if ahead.abs() > error {
                state.base = state.base.saturating_add(ahead);
            }
            return;
        }
        let same = state.leapt.filter(|(by, _)| by.saturating_sub(ahead).abs() <= limit);
        match same {
            Some((_, since)) if elapsed.saturating_sub(since) >= signed(trust.grace) => {
                tracing::warn!(by_ms = ahead, "the database's clock has stayed so; it is believed");
                state.base = state.base.saturating_add(ahead);
                state.leapt = None;
            }
            Some(_) => {}
            None => {
                let doubt = Doubt::Leapt(ahead);
                tracing::error!(%doubt, "a clock leapt; time decides nothing until it is as before or has stayed so");
                state.leapt = Some((ahead, elapsed));
            }
        }
    }

    fn begin(&self, newest: Timestamp, trust: &Trust) {
        let after = self.now().0.saturating_sub(newest.0);
        if after > signed(trust.leap) || after < -signed(trust.limit) {
            let doubt = Doubt::Began(after);
            tracing::error!(%doubt, "nothing is decided by time until `database.clock_grace` has passed");
            let until = self.elapsed().saturating_add(signed(trust.grace));
            self.state().began = Some((after, until));
        }
    }

    fn doubt(&self) -> Option<Doubt> {
        let elapsed = self.elapsed();
        let state = self.state();
        let began = state.began.filter(|(_, until)| elapsed < *until).map(|(after, _)| Doubt::Began(after));
        state.leapt.map(|(by, _)| Doubt::Leapt(by)).or(began)
    }

    fn wall_ahead(&self) -> i64 {
        self.ticks.wall().0.saturating_sub(self.now().0)
    }
}

fn millis(length: Duration) -> i64 {
    i64::try_from(length.as_millis()).unwrap_or(i64::MAX)
}

fn signed(length: Millis) -> i64 {
    i64::try_from(length.0).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
