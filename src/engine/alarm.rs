//! An alarm clock for a loop that should run only when something is due: anyone may set it earlier.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use gangway_core::time::{Millis, Timestamp};
use tokio::sync::Notify;

use crate::clock::Clock;

/// Wakes one loop at the earliest time that anyone asked for. Clones share it.
#[derive(Clone, Debug)]
pub struct Alarm {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    at: AtomicI64,
    changed: Notify,
}

impl Default for Alarm {
    fn default() -> Self {
        Self { inner: Arc::new(Inner { at: AtomicI64::new(i64::MAX), changed: Notify::new() }) }
    }
}

impl Alarm {
    /// Wakes the loop at this time, or earlier if someone asked for earlier.
    pub fn set(&self, at: Timestamp) {
        if self.inner.at.fetch_min(at.0, Ordering::SeqCst) > at.0 {
            self.inner.changed.notify_one();
        }
    }

    /// Waits until the alarm goes off or `at_most` has passed, and clears it. Whoever sets it afterwards is not missed:
    /// it is cleared before the loop looks at the database, not after.
    pub async fn wait(&self, clock: &dyn Clock, at_most: Millis) {
        let give_up = clock.now().plus(at_most);
        loop {
            let at = Timestamp(self.inner.at.load(Ordering::SeqCst)).min(give_up);
            let now = clock.now();
            if at <= now {
                self.inner.at.store(i64::MAX, Ordering::SeqCst);
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(at.since(now).0)) => {}
                () = self.inner.changed.notified() => {}
            }
        }
    }
}
