//! Station 5: events, onboardings and effects are written, together or not at all; then the effects that were born
//! leased are handed over. Rows are locked in one fixed order: users, onboardings, identifiers, events, effects; of
//! each table in the order of its keys.

use std::collections::{BTreeSet, HashMap, HashSet};

use gangway_core::decision::FollowUp;
use gangway_core::effect::{EffectId, Mode};
use gangway_core::event::OnboardingId;
use gangway_core::time::Timestamp;

use crate::clock::Moment;
use crate::store::polls::Fold;
use crate::store::types::{Adopted, EffectFollowUp, EventOwner, Lease, LeasedEffect, Loaded, NewEffect, NewEvent};
use crate::store::{StoreError, Tx};

use super::accept::Engine;
use super::door::Receipt;
use super::polls;
use super::round::{Left, Round};
use super::secrets::SecretWrites;
use super::writes::{Row, Writes};

/// Writes a round and commits it.
pub(super) async fn write(mut tx: Tx, round: Round<'_>, copies: &[(i64, u32)]) -> Result<Left, StoreError> {
    let Round { engine, now, read, writes, mut left, .. } = round;
    // New onboardings were written when they were claimed: their first time counts like every other.
    let asked = read.works.values().filter(|work| work.changed || work.fresh);
    let wakes: Vec<_> = asked.filter_map(|work| work.loaded.onboarding.wake_at).collect();
    let changed: Vec<Loaded> = read.works.into_values().filter(|work| work.changed).map(|work| work.loaded).collect();
    if !changed.is_empty() {
        tx.update_onboardings(&changed).await?;
    }
    stuck(&mut tx, &writes).await?;
    left.receipts.extend(journal(&mut tx, writes.rows, &writes.adopted, copies).await?);
    let born = Born::of(engine, now, writes.effects, &writes.follow_ups);
    let ended: BTreeSet<OnboardingId> = writes.ended.into_keys().collect();
    let written = match effects(&mut tx, &born.rows, &writes.follow_ups, &writes.parked, &ended).await {
        Ok(()) => secrets(&mut tx, &writes.secrets, now).await,
        Err(error) => Err(error),
    };
    let committed = match written {
        Ok(()) => tx.commit().await,
        Err(error) => Err(error),
    };
    match committed {
        Ok(()) => born.hand_over(engine),
        Err(error) => {
            born.give_back(engine);
            return Err(error);
        }
    }
    wakes.into_iter().for_each(|at| engine.alarm.set(at));
    for (id, flow) in left.circles.drain(..) {
        tracing::warn!(onboarding = %id, flow, "it went in a circle and was stopped; a person is asked");
        metrics::counter!("gangway_circles_total", "flow" => flow).increment(1);
    }
    Ok(left)
}

/// Marks onboardings that cannot be stepped here, and unmarks those that have nothing kept any more. Also ends what
/// operators ended where only the columns can be read.
async fn stuck(tx: &mut Tx, writes: &Writes) -> Result<(), StoreError> {
    for kept in [true, false] {
        let marks = writes.marks.iter().filter(|(_, mark)| **mark == kept);
        tx.mark_kept(&marks.map(|(id, _)| *id).collect::<Vec<_>>(), kept).await?;
    }
    tx.end_shut(&writes.ended.values().collect::<Vec<_>>()).await
}

/// Writes new rows, adopted rows and copies; returns an answer for every arrival. New rows are added first, in order of
/// their keys, then existing ones are locked, in order of their numbers: so two batches never wait in a ring. Not the
/// other way round: an added row waits for any transaction that changes the row that took its key meanwhile.
async fn journal(
    tx: &mut Tx,
    rows: Vec<Row>,
    adopted: &[Adopted],
    copies: &[(i64, u32)],
) -> Result<Vec<(usize, Receipt)>, StoreError> {
    let (folds, rows) = polls::part(tx, rows, adopted).await?;
    let (events, callers): (Vec<NewEvent>, Vec<Vec<usize>>) =
        rows.into_iter().map(|row| (row.event, row.callers)).unzip();
    let mut numbers = if events.is_empty() { HashMap::new() } else { tx.insert_events(&events).await? };
    if numbers.len() != events.len() {
        return Err(StoreError::Passing("another process took one of the batch's events".into()));
    }
    if !adopted.is_empty() || !folds.is_empty() {
        let moved = adopted.iter().map(|row| row.seq);
        let shared = folds.iter().flat_map(|(fold, _)| [fold.timer, fold.answer, fold.gone]);
        let changed = moved.chain(shared).chain(copies.iter().map(|(seq, _)| *seq));
        tx.lock_events(&changed.collect::<Vec<_>>()).await?;
        tx.adopt(adopted).await?;
    }
    if !copies.is_empty() {
        tx.add_copies(copies).await?;
    }
    let (folds, callers_of_folds): (Vec<Fold>, Vec<Vec<usize>>) = folds.into_iter().unzip();
    tx.fold(&folds).await?;
    numbers.extend(folds.iter().map(|fold| (fold.new.dedupe, fold.answer)));
    let folded = folds.into_iter().map(|fold| fold.new).zip(callers_of_folds);
    let mut receipts = Vec::new();
    for (event, callers) in events.into_iter().zip(callers).chain(folded) {
        let receipt = Receipt {
            seq: numbers.get(&event.dedupe).copied(),
            verdict: event.verdict,
            copy: false,
            onboarding: event.owner.as_ref().and_then(|owner: &EventOwner| owner.onboarding),
            detail: event.detail,
        };
        metrics::counter!("gangway_events_total", "verdict" => receipt.verdict.word()).increment(1);
        for (nth, caller) in callers.into_iter().enumerate() {
            receipts.push((caller, Receipt { copy: nth > 0, ..receipt.clone() }));
        }
    }
    Ok(receipts)
}

async fn effects(
    tx: &mut Tx,
    new: &[NewEffect],
    follow_ups: &[EffectFollowUp],
    parked: &[(EffectId, u32)],
    ended: &BTreeSet<OnboardingId>,
) -> Result<(), StoreError> {
    if !new.is_empty() {
        tx.insert_effects(new).await?;
    }
    if !follow_ups.is_empty() {
        tx.follow_up(follow_ups).await?;
    }
    tx.park(parked).await?;
    tx.cancel_effects(ended).await
}

/// What secrets came, and which went, last of all tables.
async fn secrets(tx: &mut Tx, writes: &SecretWrites, now: Timestamp) -> Result<(), StoreError> {
    for (dedupe, secrets) in &writes.held {
        tx.hold_secrets(dedupe, secrets, now).await?;
    }
    tx.put_secrets(&writes.new, now).await?;
    tx.erase_secrets(&writes.gone).await?;
    for id in &writes.emptied {
        tx.erase_all_secrets(*id).await?;
    }
    Ok(())
}

/// The round's new effects: as many born leased as there are free slots, the rest born due.
struct Born {
    rows: Vec<NewEffect>,
    /// Before the leases began.
    at: Moment,
    leased: Vec<LeasedEffect>,
    wakes: Vec<Timestamp>,
}

impl Born {
    fn of(engine: &Engine, now: Timestamp, effects: Vec<NewEffect>, follow_ups: &[EffectFollowUp]) -> Self {
        let settled: HashSet<EffectId> = follow_ups
            .iter()
            .map(|follow| {
                let (FollowUp::Settled { n, .. } | FollowUp::Due { n, .. }) = &follow.what;
                EffectId { onboarding: follow.onboarding, n: *n }
            })
            .collect();
        let at = Moment::now(&*engine.clock);
        let mut born = Self { rows: Vec::new(), at, leased: Vec::new(), wakes: Vec::new() };
        for mut row in effects {
            let effect = &row.effect;
            let at_once = effect.due_at <= now && !settled.contains(&effect.id);
            if at_once && engine.performer.reserve(&effect.request) {
                let token = engine.chance.id(now);
                row.lease = Some(Lease { token, length: engine.options.lease });
                born.leased.push(LeasedEffect {
                    id: effect.id,
                    request: effect.request.clone(),
                    attempt: 1,
                    mode: Mode::Do,
                    uncertain_since: None,
                    asked_at: effect.due_at,
                    token,
                });
            } else {
                born.wakes.push(effect.due_at);
            }
            born.rows.push(row);
        }
        born.wakes.extend(follow_ups.iter().filter_map(|follow| match follow.what {
            FollowUp::Due { at, .. } => Some(at),
            FollowUp::Settled { .. } => None,
        }));
        born
    }

    fn hand_over(self, engine: &Engine) {
        if let Some(first) = self.wakes.into_iter().min() {
            engine.performer.wake(first);
        }
        if !self.leased.is_empty() {
            engine.performer.perform(self.leased, self.at);
        }
    }

    fn give_back(&self, engine: &Engine) {
        for effect in &self.leased {
            engine.performer.give_back(effect.request.slot());
        }
    }
}
