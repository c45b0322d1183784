//! The proof that nobody is stranded: every onboarding that has not ended has a live reason. One that has none (a
//! broken row, never a normal course) is woken, and the step opens the built-in review. Also takes held events to an owner
//! that came while their adoption was cut short, and ends those that nobody claimed in time.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use gangway_core::event::{Body, Event, OnboardingId};
use gangway_core::secret::Secrets;
use gangway_core::time::{Millis, Timestamp};

use crate::store::StoreError;

use super::accept::Engine;
use super::commit::adopt_rest;
use super::door::{Arrival, Door};

/// How a sweep is done; each a named setting.
#[derive(Clone, Copy, Debug)]
pub struct Sweeping {
    /// How often.
    pub every: Millis,
    /// How long an event without an owner is held.
    pub hold: Millis,
    /// Rows of each kind taken in one sweep, at most.
    pub limit: u32,
}

/// What one sweep found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Onboardings without a live reason; each was sent to review.
    pub stranded: usize,
    /// Identifiers whose held events were taken to their owner.
    pub adopted: usize,
    /// Held events that expired.
    pub expired: u64,
}

/// One sweep.
///
/// # Errors
/// The database's.
pub async fn tick(engine: &Engine, door: &Door, now: Timestamp, how: Sweeping) -> Result<Swept, StoreError> {
    let stranded = engine.store.without_reason(how.limit).await?;
    for id in &stranded {
        tracing::error!(onboarding = %id, "an onboarding has no live reason; it goes to review");
        // Away: the next sweep finds it again.
        drop(door.accept_own(wake(*id, now)).await);
    }
    metrics::gauge!("gangway_without_reason").set(f64::from(u32::try_from(stranded.len()).unwrap_or(u32::MAX)));
    let owned = engine.store.held_with_owner(how.limit).await?;
    for (blind, id) in &owned {
        drop(door.accept_own(adopt_rest(engine, now, *blind, *id)).await);
    }
    let before = Timestamp(now.0.saturating_sub(i64::try_from(how.hold.0).unwrap_or(i64::MAX)));
    // What has expired is gone for good: never by a clock in doubt.
    let certain = engine.clock.doubt().is_none();
    let expired = if certain { engine.store.expire_held(before, how.limit).await? } else { 0 };
    Ok(Swept { stranded: stranded.len(), adopted: owned.len(), expired })
}

/// Sweeps until the task is dropped.
pub async fn run(engine: Arc<Engine>, door: Door, how: Sweeping) {
    loop {
        if let Err(error) = tick(&engine, &door, engine.clock.now(), how).await {
            tracing::warn!(%error, "the sweep could not read the database; trying again");
        }
        tokio::time::sleep(Duration::from_millis(how.every.0)).await;
    }
}

fn wake(id: OnboardingId, now: Timestamp) -> Arrival {
    let event = Event {
        source: "engine".into(),
        key: format!("{id}/sweep/{now}"),
        kind: "engine.sweep".into(),
        received_at: now,
        occurred_at: None,
        body: Body::Stranded,
    };
    Arrival {
        event,
        owner: Some(id),
        raw: Bytes::new(),
        content: Bytes::from_static(b"sweep"),
        secrets: Secrets::default(),
    }
}
