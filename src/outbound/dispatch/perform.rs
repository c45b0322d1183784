//! One effect from its lease to its outcome on disk. What is known is not thrown away: an outcome that the door cannot
//! take is kept here and offered again for as long as the process lives.

use std::sync::Arc;
use std::time::Duration;

use gangway_core::outcome::AttemptResult;
use gangway_core::time::{Millis, Timestamp};

use super::inner::{Attempt, Inner};
use crate::clock::{Moment, Stopwatch};
use crate::engine::NotAccepted;
use crate::outbound::attempt::{Attempted, outcome};
use crate::outbound::breaker::{self, Health, Rest};
use crate::store::types::LeasedEffect;

/// Wait after the first offer of an outcome to a door that is away; doubles.
const FIRST_WAIT: Millis = Millis(100);
/// Never longer than this.
const LONGEST_WAIT: Millis = Millis::secs(2);

/// Performs one effect, its slot already taken, and frees the slot. Its attempt is in hand from before this until its
/// outcome is on disk.
pub(super) async fn one(inner: Arc<Inner>, effect: LeasedEffect, leased: Moment) {
    let (begun, slot) = (inner.clock.now(), effect.request.slot().to_owned());
    let _hand = Hand { inner: &inner, attempt: (effect.id, effect.attempt) };
    let free = Free { inner: &inner, slot: &slot };
    let breaker = breaker::name(&effect.request, effect.mode);
    let (attempted, unspent) = match inner.breakers.admit(&slot, &breaker, begun) {
        Err(rest) if inner.release(vec![(effect.id, effect.token)]).await => return inner.due(rest.until),
        Err(rest) => (rested(&breaker, &rest, begun), true),
        Ok(()) => {
            let probe = [&slot, &breaker].iter().any(|name| inner.breakers.probes(name));
            let watch = Stopwatch::start();
            let attempted = inner.performers.perform(&effect, leased).await;
            let (of, now) = (effect.id.onboarding, inner.clock.now());
            let everybody = inner.breakers.note(&slot, &breaker, of, &attempted.health, now);
            told(&effect, &attempted, watch);
            if probe {
                // What rested with it was not looked for meanwhile.
                inner.due(now);
            }
            (waiting(&inner, &slot, attempted), everybody)
        }
    };
    let ended = Ended { attempted, unspent, begun };
    bring_home(&inner, &effect, ended, free).await;
}

/// An attempt in hand; let go however the performing ends.
struct Hand<'a> {
    inner: &'a Inner,
    attempt: Attempt,
}

impl Drop for Hand<'_> {
    fn drop(&mut self) {
        self.inner.in_hand().remove(&self.attempt);
    }
}

/// Frees the slot however the performing ends.
struct Free<'a> {
    inner: &'a Inner,
    slot: &'a str,
}

impl Drop for Free<'_> {
    fn drop(&mut self) {
        self.inner.finished(self.slot);
    }
}

/// A wait that a far end asked for is served once, where all effects wait for it and an operator can end it; otherwise
/// by the effect that met it alone. It never exceeds the longest wait.
fn waiting(inner: &Inner, slot: &str, mut attempted: Attempted) -> Attempted {
    if let AttemptResult::Again { retry_after, .. } = &mut attempted.result {
        let everybody = inner.limits.asked(slot, inner.clock.now()).is_some();
        *retry_after = retry_after.filter(|_| !everybody).map(|wait| wait.min(inner.settings.longest_wait));
    }
    attempted
}

/// How an attempt that began at this time ended, and whether it counts for nothing.
struct Ended {
    attempted: Attempted,
    unspent: bool,
    begun: Timestamp,
}

/// The outcome of an effect that was not tried because its action began to rest just now and that could not be given
/// back: no attempt spent.
fn rested(target: &str, resting: &Rest, now: Timestamp) -> Attempted {
    let cause = format!("{target} rests since {} ({}); not tried", resting.since, resting.cause);
    let retry_after = Some(resting.until.since(now));
    Attempted {
        result: AttemptResult::Again { cause, retry_after, spent: false },
        sent_at: now,
        health: Health::Unsaid,
    }
}

/// Offers the outcome to the door until it is taken or the process ends. After the length of a lease it gives its slot
/// back, unless too many wait outside the slots already: what one person's row refuses must not stop a provider.
async fn bring_home(inner: &Inner, effect: &LeasedEffect, ended: Ended, free: Free<'_>) {
    let Ended { attempted: Attempted { result, sent_at, .. }, unspent, begun } = ended;
    let (mut wait, mut free, mut beside) = (FIRST_WAIT, Some(free), None);
    loop {
        let now = inner.clock.now();
        let arrival = outcome::arrival(effect.id, effect.attempt, sent_at, result.clone(), now);
        let arrival = if unspent { outcome::unspent(arrival) } else { arrival };
        let error = match inner.door.accept_own(arrival).await {
            Ok(_) => return,
            Err(error) => error,
        };
        if error == NotAccepted::Stopping {
            tracing::warn!(effect = %effect.id, attempt = effect.attempt, "an outcome could not be stored before the end; it is unknown");
            metrics::counter!("gangway_outbound_outcomes_lost_total").increment(1);
            return;
        }
        if beside.is_none() && inner.clock.now() >= begun.plus(inner.settings.lease) {
            beside = inner.beside.try_acquire().ok();
            if beside.is_some() {
                tracing::warn!(effect = %effect.id, attempt = effect.attempt, %error, "an outcome cannot be stored yet; it is kept and offered again");
                drop(free.take());
            }
        }
        tokio::time::sleep(Duration::from_millis(wait.0)).await;
        wait = Millis(wait.0 * 2).min(LONGEST_WAIT);
    }
}

fn told(effect: &LeasedEffect, attempted: &Attempted, watch: Stopwatch) {
    let ended = word(&attempted.result);
    let target = match effect.request.target() {
        ("call", action) => action,
        _ => effect.request.slot(),
    };
    let seconds = watch.elapsed().as_secs_f64();
    tracing::debug!(effect = %effect.id, attempt = effect.attempt, target, ended, seconds, "attempt ended");
    let target = target.to_owned();
    let outcome = match &attempted.result {
        AttemptResult::Done(answer) => answer.outcome.clone(),
        _ => String::new(),
    };
    let labels = [("target", target.clone()), ("ended", ended.to_owned()), ("outcome", outcome)];
    metrics::counter!("gangway_outbound_attempts_total", &labels).increment(1);
    metrics::histogram!("gangway_outbound_attempt_seconds", "target" => target).record(seconds);
}

const fn word(result: &AttemptResult) -> &'static str {
    match result {
        AttemptResult::Done(_) => "done",
        AttemptResult::NotDone => "not_done",
        AttemptResult::Again { .. } => "again",
        AttemptResult::Unknown { .. } => "unknown",
        AttemptResult::Broken { .. } => "broken",
    }
}
