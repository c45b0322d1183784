//! Due times become events. When nothing is due, nothing runs: the loop sleeps until the next time anyone asked for.

use std::sync::Arc;

use bytes::Bytes;
use gangway_core::event::Body;
use gangway_core::time::{Millis, Timestamp};

use crate::store::StoreError;
use crate::store::wakes::Wake;
use crate::telemetry::Beat;

use super::accept::Engine;
use super::door::{Arrival, Door, NotAccepted};
use super::time;
use crate::clock::Stopwatch;

/// Wakes claimed at once, at most.
const LIMIT: u32 = 256;

/// One step: wakes every onboarding whose time has come and that no other process is waking. Answers when the next
/// one's time comes. While the clock is in doubt it wakes none.
///
/// # Errors
/// The database's; nothing is lost, the rows stay due or are due again after a lease.
pub async fn tick(engine: &Engine, door: &Door, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
    // Asked first: a look when nothing is due costs one row of one index.
    let next = engine.store.next_wake().await?;
    if next.is_none_or(|next| next > now) {
        return Ok(next);
    }
    let later = now.plus(Millis::secs(1));
    if engine.clock.doubt().is_some() {
        return Ok(Some(later));
    }
    loop {
        // Each is claimed before it is delivered: once, however many processes run. What cannot be delivered or stepped
        // here is due again after a lease; it neither makes this loop spin nor keeps those behind it waiting.
        let due = engine.store.claim_wakes(now, engine.options.lease, LIMIT).await?;
        let arrivals = due.iter().map(|wake| arrival(wake, now));
        let answers = futures_util::future::join_all(arrivals.map(|arrival| door.accept_own(arrival))).await;
        if answers.contains(&Err(NotAccepted::Stopping)) {
            return Ok(Some(later));
        }
        if due.len() < usize::try_from(LIMIT).unwrap_or(usize::MAX) {
            break;
        }
    }
    // One that is due and could not be claimed is locked at this moment by a transaction that moves it.
    Ok(engine.store.next_wake().await?.map(|next| if next <= now { later } else { next }))
}

/// Steps until the task is dropped; looks at the database, and asks it for the time, at least every `sweep`.
pub async fn run(engine: Arc<Engine>, door: Door, sweep: Millis, beat: Beat) {
    let mut measured: Option<Stopwatch> = None;
    loop {
        beat.begins();
        if measured.is_none_or(|watch| watch.millis() >= sweep) {
            match time::measure(&engine.store, &*engine.clock, &engine.options.trust).await {
                Ok(()) => measured = Some(Stopwatch::start()),
                Err(error) => tracing::warn!(%error, "the database's clock cannot be read; this one goes on"),
            }
        }
        let ticked = tick(&engine, &door, engine.clock.now()).await;
        beat.ends(ticked.is_ok());
        match ticked {
            Ok(Some(next)) => engine.alarm.set(next),
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "timers could not be read; trying again"),
        }
        engine.alarm.wait(engine.clock.as_ref(), sweep).await;
    }
}

fn arrival(wake: &Wake, now: Timestamp) -> Arrival {
    let key = format!("{}/{}/wake", wake.onboarding, wake.revision);
    let body = Body::Timer { revision: wake.revision };
    let mut arrival = Arrival::own("timer", key, "timer", now, Some(wake.onboarding), body);
    arrival.event.occurred_at = Some(wake.at);
    Arrival { content: Bytes::from_static(b"wake"), ..arrival }
}
