//! One effect from its lease to its outcome on disk. An outcome that the door cannot take is kept here and offered
//! again while the lease lasts; after that it is unknown, and a look-up settles it.

use std::sync::Arc;
use std::time::Duration;

use gangway_core::outcome::AttemptResult;
use gangway_core::time::{Millis, Timestamp};

use super::attempt::Attempted;
use super::breaker::{Health, Resting};
use super::outcome;
use super::shared::Shared;
use crate::clock::Stopwatch;
use crate::engine::{NotAccepted, slots};
use crate::store::types::LeasedEffect;

/// Waits between offers of an outcome to a door that is away: doubling, never longer than this.
const LONGEST_WAIT: Millis = Millis::secs(2);

/// Performs one effect whose slot is taken, and frees the slot.
pub async fn one(shared: Arc<Shared>, effect: LeasedEffect) {
    let (begun, slot) = (shared.clock.now(), slots::of(&effect.request).to_owned());
    let _free = Free { shared: &shared, slot: &slot };
    let target = breaker_of(&effect);
    let attempted = match shared.breakers.admit(&slot, &target, begun) {
        Err(resting) => rested(&target, &resting, begun),
        Ok(()) => {
            let watch = Stopwatch::start();
            let attempted = shared.performers.perform(&effect).await;
            shared.breakers.note(&slot, &target, &attempted.health, shared.clock.now());
            told(&effect, &target, &attempted, watch);
            attempted
        }
    };
    bring_home(&shared, &effect, attempted, begun).await;
}

/// Frees the slot however the performing ends.
struct Free<'a> {
    shared: &'a Shared,
    slot: &'a str,
}

impl Drop for Free<'_> {
    fn drop(&mut self) {
        self.shared.finished(self.slot);
    }
}

/// Calls have a breaker for each action; mails and publications one for all.
fn breaker_of(effect: &LeasedEffect) -> String {
    match effect.request.target() {
        ("call", action) => action.to_owned(),
        _ => slots::of(&effect.request).to_owned(),
    }
}

/// The outcome of an effect that was not tried because its action rests: seen by whoever looks, and no attempt spent.
fn rested(target: &str, resting: &Resting, now: Timestamp) -> Attempted {
    let cause = format!("{target} rests since {} ({}); not tried", resting.since, resting.cause);
    let retry_after = Some(resting.until.since(now));
    Attempted {
        result: AttemptResult::Again { cause, retry_after, spent: false },
        sent_at: now,
        health: Health::Unsaid,
    }
}

/// Offers the outcome to the door until it is taken or the lease is over.
async fn bring_home(shared: &Shared, effect: &LeasedEffect, attempted: Attempted, begun: Timestamp) {
    let Attempted { result, sent_at, .. } = attempted;
    let end = begun.plus(shared.settings.lease);
    let mut wait = Millis(100);
    loop {
        let now = shared.clock.now();
        let arrival = outcome::arrival(effect.id, effect.attempt, sent_at, result.clone(), now);
        let error = match shared.door.accept_own(arrival).await {
            Ok(_) => return,
            Err(error) => error,
        };
        if error == NotAccepted::Stopping || shared.clock.now().plus(wait) >= end {
            tracing::warn!(effect = %effect.id, attempt = effect.attempt, %error, "an outcome could not be stored; it is unknown");
            metrics::counter!("gangway_outbound_outcomes_lost_total").increment(1);
            return;
        }
        tokio::time::sleep(Duration::from_millis(wait.0)).await;
        wait = Millis(wait.0 * 2).min(LONGEST_WAIT);
    }
}

fn told(effect: &LeasedEffect, target: &str, attempted: &Attempted, watch: Stopwatch) {
    let ended = word(&attempted.result);
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
