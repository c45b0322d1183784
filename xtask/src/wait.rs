//! Waiting for a condition, with a deadline, and never past the wish to stop.

use crate::{Error, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How often a condition is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// The wish to stop: set by SIGINT and its kin, looked at by everything that waits.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// A wish that is never uttered, for use inside a test.
    #[must_use]
    pub fn never() -> Self {
        Self::default()
    }

    /// Set by SIGINT, SIGTERM and SIGHUP of this process.
    ///
    /// # Errors
    /// When the system refuses the signal handlers.
    pub fn on_signals() -> Result<Self> {
        use crate::error::Doing;
        use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
        let stop = Self::default();
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            signal_hook::flag::register(signal, Arc::clone(&stop.0)).doing("cannot listen for signals")?;
        }
        Ok(stop)
    }

    /// Asks everything that waits to give up.
    pub fn ask(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Whether it was asked for.
    #[must_use]
    pub fn asked(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// Looks at `ready` until it is true.
///
/// # Errors
/// The error of `ready`; or when `limit` has passed; or when `stop` was asked for.
pub fn until(what: &str, limit: Duration, stop: &Stop, mut ready: impl FnMut() -> Result<bool>) -> Result<()> {
    let began = Instant::now();
    loop {
        if ready()? {
            return Ok(());
        }
        if stop.asked() {
            return Err(Error::new(format!("interrupted while waiting for {what}")));
        }
        if began.elapsed() >= limit {
            return Err(Error::new(format!("{what}: not after {} s", limit.as_secs())));
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_that_never_holds_ends_at_the_deadline() {
        let error = until("the moon", Duration::ZERO, &Stop::never(), || Ok(false)).unwrap_err();
        assert_eq!(error.to_string(), "the moon: not after 0 s");
    }

    #[test]
    fn the_wish_to_stop_ends_a_wait_before_its_deadline() {
        let stop = Stop::never();
        stop.ask();
        let error = until("the moon", Duration::from_secs(600), &stop, || Ok(false)).unwrap_err();
        assert!(error.to_string().contains("interrupted"), "{error}");
    }
}
