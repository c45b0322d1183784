//! How an attempt ended, as an event for the door. Its key is the attempt's name, so that telling it twice counts once.

use gangway_core::effect::EffectId;
use gangway_core::event::Body;
use gangway_core::outcome::AttemptResult;
use gangway_core::time::Timestamp;

use crate::engine::Arrival;

/// The event that an attempt ended.
#[must_use]
pub fn arrival(id: EffectId, attempt: u32, sent_at: Timestamp, result: AttemptResult, now: Timestamp) -> Arrival {
    named(format!("{id}/{attempt}"), id, attempt, sent_at, result, now)
}

/// This outcome, of an attempt that does not count.
#[must_use]
pub fn unspent(mut arrival: Arrival) -> Arrival {
    if let Body::Outcome { unspent, .. } = &mut arrival.event.body {
        *unspent = true;
    }
    arrival
}

/// The event that a lease ran out: what its attempt did is unknown, and the death of a process counts against no
/// attempts. A late outcome of the same attempt is another event; the step sees which of the two came first.
#[must_use]
pub fn expired(id: EffectId, attempt: u32, now: Timestamp) -> Arrival {
    let cause = "the lease ran out: the process that performed it stopped or was cut off".to_owned();
    unspent(named(format!("{id}/{attempt}/expired"), id, attempt, now, AttemptResult::Unknown { cause }, now))
}

fn named(
    key: String,
    id: EffectId,
    attempt: u32,
    sent_at: Timestamp,
    result: AttemptResult,
    now: Timestamp,
) -> Arrival {
    let body = Body::Outcome { effect: id.n, attempt, sent_at, result, taken: None, unspent: false };
    Arrival::own("effect", key, "effect.outcome", now, Some(id.onboarding), body)
}
