//! Events, onboardings, identifiers and effects, together or not at all; then the effects that were born leased are
//! handed over. Rows are locked in one fixed order: users, onboardings, identifiers,
//! events, effects; of each table in the order of its keys.

use std::collections::{BTreeMap, HashMap, HashSet};

use gangway_core::decision::FollowUp;
use gangway_core::effect::{EffectId, Mode};
use gangway_core::event::{Body, OnboardingId};
use gangway_core::secret::Secrets;
use gangway_core::time::Timestamp;

use crate::clock::Moment;
use crate::store::polls::Fold;
use crate::store::types::{EventOwner, Lease, LeasedEffect, Loaded, NewEffect, NewEvent, Owner};
use crate::store::{Blind, StoreError, Tx};

use super::accept::{Done, Engine};
use super::door::{Arrival, Receipt};
use super::polls;
use super::round::{Round, Row};

/// Writes a round and commits it.
pub(super) async fn write(mut tx: Tx, mut round: Round<'_>, copies: &[(i64, u32)]) -> Result<Done, StoreError> {
    round.put_back();
    begin(&mut tx, &mut round).await?;
    identifiers(&mut tx, &mut round).await?;
    let changed: Vec<Loaded> =
        round.works.values().filter(|work| work.changed).map(|work| work.loaded.clone()).collect();
    if !changed.is_empty() {
        tx.update_onboardings(&changed).await?;
    }
    stuck(&mut tx, &round).await?;
    let receipts = journal(&mut tx, &mut round, copies).await?;
    let born = Born::of(&mut round);
    let written = effects(&mut tx, &round, &born).await;
    let written = match written {
        Ok(()) => secrets(&mut tx, &round).await,
        Err(error) => Err(error),
    };
    let committed = match written {
        Ok(()) => tx.commit().await,
        Err(error) => Err(error),
    };
    match committed {
        Ok(()) => born.hand_over(round.engine),
        Err(error) => {
            born.give_back(round.engine);
            return Err(error);
        }
    }
    for work in round.works.values().filter(|work| work.changed) {
        if let Some(at) = work.loaded.onboarding.wake_at {
            round.engine.alarm.set(at);
        }
    }
    for (id, flow) in round.circles {
        tracing::warn!(onboarding = %id, flow, "it went in a circle and was stopped; a person is asked");
        metrics::counter!("gangway_circles_total", "flow" => flow).increment(1);
    }
    Ok(Done { receipts, deferred: round.deferred, unmet: round.unmet, own: round.own })
}

/// Who cannot be stepped here is marked, who has nothing kept any more is not; and what operators ended of which only
/// the columns can be read.
async fn stuck(tx: &mut Tx, round: &Round<'_>) -> Result<(), StoreError> {
    let marks = &round.stuck.marks;
    for kept in [true, false] {
        let ids: Vec<OnboardingId> = marks.iter().filter(|(_, mark)| **mark == kept).map(|(id, _)| *id).collect();
        tx.mark_kept(&ids, kept).await?;
    }
    let ended = round.stuck.ended.iter().filter_map(|id| round.stuck.shut.get(id));
    tx.end_shut(&ended.collect::<Vec<_>>()).await
}

/// New onboardings. One that another process added meanwhile makes the whole batch run again. Those that ended in this
/// round are written before them: a user may begin again in the same batch, and of one flow only one may be running.
async fn begin(tx: &mut Tx, round: &mut Round<'_>) -> Result<(), StoreError> {
    let fresh: Vec<Loaded> = round.works.values().filter(|work| work.fresh).map(|work| work.loaded.clone()).collect();
    if fresh.is_empty() {
        return Ok(());
    }
    let ended =
        round.works.values_mut().filter(|work| work.changed && !work.fresh && work.loaded.onboarding.status.ended());
    let ended: Vec<Loaded> = ended.map(|work| (work.changed = false, work.loaded.clone()).1).collect();
    tx.update_onboardings(&ended).await?;
    let added = tx.insert_onboardings(&fresh).await?;
    if added.len() != fresh.len() {
        return Err(StoreError::Passing("another process began the same onboarding".into()));
    }
    for work in round.works.values_mut().filter(|work| work.fresh) {
        work.changed = false;
    }
    Ok(())
}

/// Claims identifiers, all by one statement: new users' own, those that outcomes wrote, and placeholders. Then takes
/// held events to the onboardings that own theirs now. Held events are reports and messages: they write none.
async fn identifiers(tx: &mut Tx, round: &mut Round<'_>) -> Result<(), StoreError> {
    round.new_users.sort_by_key(|user| user.user.id);
    let mut claims = tx.user_claims(&round.new_users);
    claims.extend(std::mem::take(&mut round.claims).into_values());
    let owners = tx.claim(&claims).await?;
    if round.outrun(&claims, &owners) {
        return Err(StoreError::Passing("another process wrote the same identifier".into()));
    }
    if tx.insert_owning_users(&round.new_users, &owners).await?.len() != round.new_users.len() {
        return Err(StoreError::Passing("another process met the same new user".into()));
    }
    defer_found(round, &owners);
    let mut adopting: BTreeMap<Blind, OnboardingId> = std::mem::take(&mut round.adopting);
    adopting.retain(|blind, id| owners.get(blind).is_none_or(|owner| round.belongs(*id, *owner)));
    given_away(tx, round).await?;
    if adopting.is_empty() {
        return Ok(());
    }
    let blinds: Vec<Blind> = adopting.keys().copied().collect();
    let most = round.engine.options.adopt.max(1);
    let held = tx.held_on(&blinds, most).await?;
    let full = u32::try_from(held.len()).unwrap_or(u32::MAX) >= most;
    for held in held {
        let (seq, found_by) =
            held.as_ref().map_or_else(|shut| (shut.seq, shut.found_by), |held| (held.seq, held.found_by));
        let Some(id) = adopting.get(&found_by).copied() else { continue };
        let opened = match held {
            Ok(held) if round.engine.flows.secret_fields(&held.event.kind).is_some() => {
                tx.take_held_secrets(&held.dedupe).await?.map(|secrets| (held, secrets))
            }
            Ok(held) => Ok((held, Secrets::default())),
            Err(unopened) => Err(unopened.why),
        };
        match opened {
            Ok((held, secrets)) => round.adopt(id, held, secrets),
            Err(why) => round.adopt_unopened(id, seq, &why),
        }
    }
    if full {
        let follow_ups = adopting.iter().map(|(blind, id)| adopt_rest(round.engine, round.now, *blind, *id));
        round.own.extend(follow_ups.collect::<Vec<_>>());
    }
    Ok(())
}

/// What operators give away must still be held now that its identifiers are locked: else another owner came first,
/// the batch runs again, and the operator is told.
async fn given_away(tx: &mut Tx, round: &Round<'_>) -> Result<(), StoreError> {
    let seqs: Vec<i64> = round.held.keys().copied().collect();
    if tx.held_by_seq(&seqs).await?.len() == seqs.len() {
        return Ok(());
    }
    Err(StoreError::Passing("a held event found its owner while it was given to another".into()))
}

/// An event that was to be held, but one of whose identifiers found its owner meanwhile, goes into another round.
fn defer_found(round: &mut Round<'_>, owners: &HashMap<Blind, Option<Owner>>) {
    let found = |row: &Row| row.event.held_on.iter().any(|blind| owners.get(blind).is_some_and(Option::is_some));
    let (deferred, kept): (Vec<Row>, Vec<Row>) = std::mem::take(&mut round.rows).into_iter().partition(found);
    round.rows = kept;
    round.held_secrets.retain(|(dedupe, _)| deferred.iter().all(|row| row.event.dedupe != *dedupe));
    round.deferred.extend(deferred.into_iter().flat_map(|row| row.callers));
}

/// The event by which an onboarding takes over what is held on this identifier.
pub(super) fn adopt_rest(engine: &Engine, now: Timestamp, blind: Blind, id: OnboardingId) -> Arrival {
    let (key, body) = (format!("{id}/adopt/{}", engine.chance.id(now)), Body::Adopt { blind: hex::encode(blind.0) });
    Arrival::own("engine", key, "engine.adopt", now, Some(id), body)
}

/// New rows, adopted rows and copies; answers for everyone who brought an event. New rows are added first, in order of
/// their keys, then existing ones are locked, in order of their numbers: so two batches never wait in a ring. Not the
/// other way round: a row that is added waits for whoever changes the row that took its key meanwhile.
async fn journal(
    tx: &mut Tx,
    round: &mut Round<'_>,
    copies: &[(i64, u32)],
) -> Result<Vec<(usize, Receipt)>, StoreError> {
    let (folds, rows) = polls::part(tx, round).await?;
    let (events, callers): (Vec<NewEvent>, Vec<Vec<usize>>) =
        rows.into_iter().map(|row| (row.event, row.callers)).unzip();
    let mut numbers = if events.is_empty() { HashMap::new() } else { tx.insert_events(&events).await? };
    if numbers.len() != events.len() {
        return Err(StoreError::Passing("another process took one of the batch's events".into()));
    }
    if !round.adopted.is_empty() || !folds.is_empty() {
        let adopted = round.adopted.iter().map(|row| row.seq);
        let shared = folds.iter().flat_map(|(fold, _)| [fold.timer, fold.answer, fold.gone]);
        let changed = adopted.chain(shared).chain(copies.iter().map(|(seq, _)| *seq));
        tx.lock_events(&changed.collect::<Vec<_>>()).await?;
        tx.adopt(&round.adopted).await?;
    }
    if !copies.is_empty() {
        tx.add_copies(copies).await?;
    }
    let (folds, callers_of_folds): (Vec<Fold>, Vec<Vec<usize>>) = folds.into_iter().unzip();
    tx.fold(&folds).await?;
    numbers.extend(folds.iter().map(|fold| (fold.new.dedupe, fold.answer)));
    let folded = folds.into_iter().map(|fold| fold.new).zip(callers_of_folds);
    let mut receipts = std::mem::take(&mut round.stuck.answers);
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

async fn effects(tx: &mut Tx, round: &Round<'_>, born: &Born) -> Result<(), StoreError> {
    if !born.rows.is_empty() {
        tx.insert_effects(&born.rows).await?;
    }
    if !round.follow_ups.is_empty() {
        tx.follow_up(&round.follow_ups).await?;
    }
    tx.park(&round.stuck.parked).await?;
    tx.cancel_effects(&round.stuck.ended).await
}

/// What secrets came, and which went, last of all tables.
async fn secrets(tx: &mut Tx, round: &Round<'_>) -> Result<(), StoreError> {
    for (dedupe, secrets) in &round.held_secrets {
        tx.hold_secrets(dedupe, secrets, round.now).await?;
    }
    tx.put_secrets(&round.new_secrets, round.now).await?;
    tx.erase_secrets(&round.gone_secrets).await?;
    for id in &round.stuck.emptied {
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
    fn of(round: &mut Round<'_>) -> Self {
        let engine = round.engine;
        let settled: HashSet<EffectId> = round
            .follow_ups
            .iter()
            .map(|follow| {
                let (FollowUp::Settled { n, .. } | FollowUp::Due { n, .. }) = &follow.what;
                EffectId { onboarding: follow.onboarding, n: *n }
            })
            .collect();
        let at = Moment::now(&*engine.clock);
        let mut born = Self { rows: Vec::new(), at, leased: Vec::new(), wakes: Vec::new() };
        for mut row in std::mem::take(&mut round.effects) {
            let effect = &row.effect;
            let at_once = effect.due_at <= round.now && !settled.contains(&effect.id);
            if at_once && engine.performer.reserve(&effect.request) {
                let token = engine.chance.id(round.now);
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
        born.wakes.extend(round.follow_ups.iter().filter_map(|follow| match follow.what {
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
