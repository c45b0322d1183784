//! Leases that ran out: the process that held one died, or was cut off, and what its attempt did is unknown. They enter
//! from the store, events leave to the door. Nothing is performed here.

use std::sync::atomic::{AtomicI64, Ordering};

use futures_util::future::join_all;
use gangway_core::time::Timestamp;

use super::inner::Inner;
use crate::engine::{Arrival, NotAccepted};
use crate::outbound::attempt::outcome;
use crate::store::types::{ExpiredLease, StoreError};

/// Leases that ran out, taken up in one tick at most.
const EXPIRED_AT_ONCE: u32 = 256;

impl Inner {
    /// Tells the door of leases that ran out; answers how many. Skips what is in hand here, and does nothing soon after
    /// the database was away: a process that holds an outcome brings it home first.
    pub(super) async fn take_up_expired(&self, now: Timestamp) -> Result<usize, StoreError> {
        let again = now.plus(self.settings.sweep);
        self.next_sweep.store(again.0, Ordering::SeqCst);
        // A clock in doubt cannot tell that a lease ran out.
        if self.clock.doubt().is_some() {
            return Ok(0);
        }
        let held = self.in_hand().clone();
        let most = EXPIRED_AT_ONCE.saturating_add(u32::try_from(held.len()).unwrap_or(u32::MAX));
        let mut expired = self.leases.expired_leases(most).await?;
        let calm = self.recovery.answered(now).plus(self.settings.recovery);
        if now < calm {
            self.next_sweep.store(calm.min(again).0, Ordering::SeqCst);
            return Ok(0);
        }
        let full = expired.len() >= most as usize;
        expired.retain(|lease| !held.contains(&(lease.id, lease.attempt)) && !self.leaves(lease, now));
        let arrivals = expired.into_iter().map(|lease| {
            tracing::warn!(effect = %lease.id, attempt = lease.attempt, "a lease ran out; what its attempt did is unknown");
            outcome::expired(lease.id, lease.attempt, now)
        });
        let told = self.tell(arrivals).await;
        if full && told > 0 {
            self.next_sweep.store(now.0, Ordering::SeqCst);
        }
        metrics::counter!("gangway_outbound_leases_expired_total").increment(told as u64);
        Ok(told)
    }

    /// Whether to leave this lease to others: this process is not set up for its far end, and those that are have had
    /// no time yet.
    fn leaves(&self, lease: &ExpiredLease, now: Timestamp) -> bool {
        self.elsewhere.has(&lease.slot) && now < lease.until.plus(self.settings.retry.deadline)
    }

    /// Hands these to the door at once, each answered by itself; answers how many were taken. The others come again.
    pub(super) async fn tell(&self, arrivals: impl Iterator<Item = Arrival>) -> usize {
        let answers = join_all(arrivals.map(|arrival| self.door.accept_own(arrival))).await;
        // What one person's row refuses says nothing of the database.
        let away =
            |answer: &Result<_, NotAccepted>| matches!(answer, Err(NotAccepted::Away(_) | NotAccepted::Stopping));
        if !answers.is_empty() && answers.iter().all(away) {
            self.recovery.away();
        }
        let refused = answers.iter().filter_map(|answer| answer.as_ref().err());
        if let Some(error) = refused.clone().next() {
            let count = refused.count();
            tracing::warn!(%error, count, "the door cannot take them now; the next sweep tries again");
        }
        answers.iter().filter(|answer| answer.is_ok()).count()
    }
}

/// Since when the database answers: from its first answer after the start, or after it was away.
#[derive(Debug)]
pub(super) struct Recovery(AtomicI64);

/// Stands for "it does not answer".
const AWAY: i64 = i64::MIN;

impl Default for Recovery {
    fn default() -> Self {
        Self(AtomicI64::new(AWAY))
    }
}

impl Recovery {
    /// It did not answer.
    pub(super) fn away(&self) {
        self.0.store(AWAY, Ordering::SeqCst);
    }

    /// The database answered now; answers since when it does. A clock that was set back does not make that last for
    /// ever.
    fn answered(&self, now: Timestamp) -> Timestamp {
        let since = self.0.load(Ordering::SeqCst);
        let since = if since == AWAY || since > now.0 { now.0 } else { since };
        self.0.store(since, Ordering::SeqCst);
        Timestamp(since)
    }
}
