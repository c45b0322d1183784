//! Due times become events. When nothing is due, nothing runs: the loop sleeps until the next time anyone asked for.

use std::sync::Arc;

use bytes::Bytes;
use gangway_core::event::{Body, Event};
use gangway_core::time::{Millis, Timestamp};

use crate::store::StoreError;
use crate::store::wakes::Wake;

use super::accept::Engine;
use super::door::{Arrival, Door};

/// Wakes taken in one step, at most.
const LIMIT: u32 = 256;

/// One step: wakes every onboarding whose time has come. Answers when the next one's time comes.
///
/// # Errors
/// The database's; nothing is lost, the rows stay due.
pub async fn tick(engine: &Engine, door: &Door, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
    loop {
        let due = engine.store.due_wakes(now, LIMIT).await?;
        let full = due.len() >= usize::try_from(LIMIT).unwrap_or(usize::MAX);
        let arrivals = due.iter().map(|wake| arrival(wake, now));
        let answers = futures_util::future::join_all(arrivals.map(|arrival| door.accept_own(arrival))).await;
        if answers.iter().any(Result::is_err) {
            // The database or the writer is away; the rows stay due and the next step finds them.
            return Ok(Some(now.plus(Millis::secs(1))));
        }
        if !full {
            // A row that stays due (its event is in quarantine) must not make this loop spin.
            let soonest = now.plus(Millis::secs(1));
            return Ok(engine.store.next_wake().await?.map(|next| next.max(soonest)));
        }
    }
}

/// Steps until the task is dropped; looks at the database at least every `sweep`.
pub async fn run(engine: Arc<Engine>, door: Door, sweep: Millis) {
    loop {
        match tick(&engine, &door, engine.clock.now()).await {
            Ok(Some(next)) => engine.alarm.set(next),
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "timers could not be read; trying again"),
        }
        engine.alarm.wait(engine.clock.as_ref(), sweep).await;
    }
}

fn arrival(wake: &Wake, now: Timestamp) -> Arrival {
    let event = Event {
        source: "timer".into(),
        key: format!("{}/{}/wake", wake.onboarding, wake.revision),
        kind: "timer".into(),
        received_at: now,
        occurred_at: Some(wake.at),
        body: Body::Timer { revision: wake.revision },
    };
    Arrival { event, owner: Some(wake.onboarding), raw: Bytes::new(), content: Bytes::from_static(b"wake") }
}
