//! Proves that no onboarding is stranded: each one that has not ended has a live reason. One that has none (a broken
//! row, never a normal course) is woken, and the step opens the built-in review. Also takes held events to an owner
//! that came while their adoption was cut short, and expires those that found no owner in time. And steps people whom
//! another process could not step, or this one could not before, with what was kept for them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use gangway_core::decision::Verdict;
use gangway_core::event::{Body, OnboardingId};
use gangway_core::onboarding::FlowRef;
use gangway_core::time::{Millis, Timestamp};

use crate::store::StoreError;
use crate::telemetry::Beat;

use super::accept::Engine;
use super::claim::adopt_rest;
use super::door::{Arrival, Door};

/// People stepped in one transaction with what was kept for them, at most.
const AT_ONCE: usize = 50;

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
    /// Identifiers with held events that were taken to their owner.
    pub adopted: usize,
    /// Held events that expired, and events kept for users that no onboarding took.
    pub expired: u64,
    /// People whom this process cannot step.
    pub stuck: usize,
}

/// One sweep.
///
/// # Errors
/// The database's.
pub async fn tick(engine: &Engine, door: &Door, now: Timestamp, how: Sweeping) -> Result<Swept, StoreError> {
    engine.flows.refresh().await?;
    let stuck = take_up(engine, door, how.limit).await?;
    begin_kept(engine, door, how.limit).await?;
    let stranded = strand(engine, door, now, how.limit).await?;
    let owned = engine.store.held_with_owner(how.limit).await?;
    for (blind, id) in &owned {
        drop(door.accept_own(adopt_rest(engine, now, *blind, *id)).await);
    }
    let before = Timestamp(now.0.saturating_sub(i64::try_from(how.hold.0).unwrap_or(i64::MAX)));
    let mut expired = 0;
    // What has expired is gone for good: never by a clock in doubt.
    if engine.clock.doubt().is_none() {
        expired = engine.store.expire_held(before, how.limit).await?;
        expired = expired.saturating_add(engine.store.expire_kept(before, how.limit).await?);
    }
    Ok(Swept { stranded, adopted: owned.len(), expired, stuck })
}

/// Wakes onboardings without a live reason; passes over those that cannot be stepped here.
async fn strand(engine: &Engine, door: &Door, now: Timestamp, limit: u32) -> Result<usize, StoreError> {
    let found = engine.store.without_reason(limit).await?;
    let wakes: Vec<Arrival> = found.iter().map(|id| wake(*id, now)).collect();
    let answers = join_all(wakes.into_iter().map(|wake| door.accept_own(wake))).await;
    let mut stranded = 0;
    for (id, answer) in found.iter().zip(answers) {
        // Away: a later sweep finds it again.
        if answer.is_ok_and(|receipt| receipt.verdict != Verdict::Kept) {
            stranded += 1;
            tracing::error!(onboarding = %id, "an onboarding had no live reason; it goes to review");
        }
    }
    metrics::gauge!("gangway_without_reason").set(count(stranded));
    Ok(stranded)
}

/// Steps everyone who can be stepped here now with what was kept, and counts the others by cause.
async fn take_up(engine: &Engine, door: &Door, limit: u32) -> Result<usize, StoreError> {
    let mut stuck: BTreeMap<String, usize> = BTreeMap::new();
    let mut after = None;
    loop {
        let page = engine.store.marked(after, limit).await?;
        let met: Vec<FlowRef> = page.iter().map(|(_, flow)| flow.clone()).collect();
        engine.flows.meet(met).await?;
        let (can, cannot): (Vec<_>, Vec<_>) = page.iter().partition(|(_, flow)| engine.flows.get(flow).is_some());
        for (_, flow) in cannot {
            *stuck.entry(format!("flow {} version {} is not loaded", flow.name, flow.version)).or_default() += 1;
        }
        let can: Vec<OnboardingId> = can.into_iter().map(|(id, _)| *id).collect();
        for ids in can.chunks(AT_ONCE) {
            let shut = each(engine, door, ids).await?;
            if shut > 0 {
                *stuck.entry("what is stored of them cannot be read".to_owned()).or_default() += shut;
            }
        }
        after = page.last().map(|(id, _)| *id);
        if page.len() < usize::try_from(limit).unwrap_or(usize::MAX) {
            break;
        }
    }
    let all = stuck.values().sum();
    metrics::gauge!("gangway_stuck_people").set(count(all));
    engine.flows.note_stuck(stuck);
    Ok(all)
}

/// Whether an error concerns everyone: one person's (a row that is locked, or at which the database fails) must not end
/// the sweep for all.
const fn everybodys(error: &StoreError) -> bool {
    matches!(error, StoreError::Passing(_) | StoreError::Unreachable(_))
}

/// Begins what was kept for users who could not be opened when it came.
async fn begin_kept(engine: &Engine, door: &Door, limit: u32) -> Result<(), StoreError> {
    for id in engine.store.kept_starts(&engine.flows.starts(), limit).await? {
        let mut own = Vec::new();
        match engine.take_up_user(id, &mut own).await {
            Ok(()) => {}
            Err(error) if everybodys(&error) => return Err(error),
            Err(error) => tracing::error!(%error, user = %id, "what was kept cannot be taken up"),
        }
        for arrival in own {
            drop(door.accept_own(arrival).await);
        }
    }
    Ok(())
}

/// Steps these with what was kept, together, or one by one when one of them is at fault; how many cannot be.
async fn each(engine: &Engine, door: &Door, ids: &[OnboardingId]) -> Result<usize, StoreError> {
    let mut own = Vec::new();
    let stuck = match engine.take_up(ids, &mut own).await {
        Ok(stuck) => stuck.len(),
        Err(error) if everybodys(&error) => return Err(error),
        Err(error) if ids.len() < 2 => {
            tracing::error!(%error, onboarding = ?ids.first(), "what was kept cannot be taken up");
            ids.len()
        }
        Err(_) => {
            let mut stuck = 0;
            for id in ids {
                stuck += Box::pin(each(engine, door, std::slice::from_ref(id))).await?;
            }
            stuck
        }
    };
    for arrival in own {
        drop(door.accept_own(arrival).await);
    }
    Ok(stuck)
}

fn count(people: usize) -> f64 {
    f64::from(u32::try_from(people).unwrap_or(u32::MAX))
}

/// Sweeps until the task is dropped.
pub async fn run(engine: Arc<Engine>, door: Door, how: Sweeping, beat: Beat) {
    loop {
        beat.begins();
        let swept = tick(&engine, &door, engine.clock.now(), how).await;
        beat.ends(swept.is_ok());
        if let Err(error) = swept {
            tracing::warn!(%error, "the sweep could not read the database; trying again");
        }
        tokio::time::sleep(Duration::from_millis(how.every.0)).await;
    }
}

fn wake(id: OnboardingId, now: Timestamp) -> Arrival {
    let own = Arrival::own("engine", format!("{id}/sweep/{now}"), "engine.sweep", now, Some(id), Body::Stranded);
    Arrival { content: Bytes::from_static(b"sweep"), ..own }
}
