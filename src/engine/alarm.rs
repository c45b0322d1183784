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

    /// Waits until the alarm goes off or `at_most` has passed, by monotonic time and whatever the clock says, and
    /// clears it. A later alarm is not missed: this one is cleared before the loop looks at the database, not after.
    pub async fn wait(&self, clock: &dyn Clock, at_most: Millis) {
        let over = tokio::time::sleep(Duration::from_millis(at_most.0));
        tokio::pin!(over);
        loop {
            let left = Timestamp(self.inner.at.load(Ordering::SeqCst)).since(clock.now());
            if left == Millis(0) || over.is_elapsed() {
                self.inner.at.store(i64::MAX, Ordering::SeqCst);
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(left.0)) => {}
                () = self.inner.changed.notified() => {}
                () = &mut over => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use gangway_core::time::{Millis, Timestamp};

    use super::Alarm;
    use crate::clock::HandClock;

    #[tokio::test]
    async fn a_clock_that_stands_or_is_set_back_stops_no_loop() {
        let (alarm, clock) = (Alarm::default(), HandClock::at(Timestamp(9_000_000)));
        alarm.set(Timestamp(9_000_001));
        let waited = tokio::time::timeout(std::time::Duration::from_secs(60), alarm.wait(&clock, Millis(20)));
        waited.await.expect("a sweep later it looks, whatever the clock says");
        alarm.set(Timestamp(8_999_999));
        alarm.wait(&clock, Millis::secs(3600)).await;
    }
}
