//! Polls with equal answers share rows of the journal: a wait of weeks leaves two rows and one effect, not thousands.
//!
//! The last rows of an onboarding's journal are the timer that woke it and what the poll answered, and here comes the
//! next answer: when it is the same one, and nothing else happened between, the new pair is added to the old. The rows
//! then hold the first time and the last event; nothing else differs between one pair and the next but counters,
//! which a replay repeats (`replay`). Rows in, what may be added out; nothing is written here.

use std::collections::HashMap;

use gangway_core::decision::Decision;
use gangway_core::effect::EffectId;
use gangway_core::event::{Body, Event, OnboardingId};
use gangway_core::onboarding::{Onboarding, Purpose, Status};
use gangway_core::outcome::{Answer, AttemptResult};

use crate::store::polls::{Fold, Tail};
use crate::store::types::{Adopted, NewEvent};
use crate::store::{StoreError, Tx};

use super::writes::Row;

/// Whether this event is the answer of a poll that keeps the wait as it was: nothing is asked, told or learnt, and what
/// is known differs in nothing but the time of the next poll.
pub(super) fn keeps(before: &Onboarding, event: &Event, decision: &Decision) -> bool {
    let after = &decision.onboarding;
    let polled = before.memory.pending.as_ref().is_some_and(|pending| pending.purpose == Purpose::Poll);
    if answer(event).is_none() || !polled || before.status != Status::Waiting || after.status != Status::Waiting {
        return false;
    }
    let silent = decision.asks.is_empty() && decision.tells.is_empty() && decision.identifiers.is_empty();
    let mut memory = before.memory.clone();
    memory.pending = None;
    memory.next_poll = after.memory.next_poll;
    memory.last_at = after.memory.last_at;
    silent && before.state == after.state && memory.next_poll.is_some() && memory == after.memory
}

/// Parts a round's rows into answers that are added to rows that are there, each with its callers, and all others.
pub(super) async fn part(
    tx: &mut Tx,
    rows: Vec<Row>,
    adopted: &[Adopted],
) -> Result<(Vec<(Fold, Vec<usize>)>, Vec<Row>), StoreError> {
    // An onboarding to which anything else happens in this round gets rows of its own.
    let mut happens: HashMap<OnboardingId, u32> = HashMap::new();
    let adopted = adopted.iter().filter_map(|row| row.owner.onboarding);
    for id in rows.iter().filter_map(|row| row.event.owner.as_ref()?.onboarding).chain(adopted) {
        *happens.entry(id).or_default() += 1;
    }
    let alone = |row: &Row| {
        let owner = row.event.owner.as_ref().filter(|_| row.keeps)?;
        let id = owner.onboarding.filter(|id| happens.get(id) == Some(&1))?;
        Some((id, owner.key.clone()?))
    };
    let tails = tx.tails(&rows.iter().filter_map(alone).collect::<Vec<_>>()).await?;
    let (mut folds, mut others) = (Vec::new(), Vec::new());
    for row in rows {
        let tail = alone(&row).and_then(|(id, _)| tails.get(&id));
        match tail.and_then(|tail| fold(&row.event, tail)) {
            Some(fold) => folds.push((fold, row.callers)),
            None => others.push(row),
        }
    }
    Ok((folds, others))
}

/// How this answer is added to existing rows, if they are of the same poll and it said the same.
fn fold(new: &NewEvent, tail: &[Tail]) -> Option<Fold> {
    let [timer, last, first] = tail else { return None };
    let effect = match &last.event.body {
        Body::Outcome { effect, .. } => *effect,
        _ => return None,
    };
    let timers = [timer, first].iter().all(|row| matches!(row.event.body, Body::Timer { .. }));
    let here = |row: &Tail| row.from == new.from && row.to == new.to;
    let follows = |later: Option<u64>, row: &Tail| later.is_some() && later == row.revision.map(|before| before + 1);
    let unbroken = follows(new.revision, timer) && follows(timer.revision, last) && follows(last.revision, first);
    let same = answer(&last.event) == answer(&new.event) && first.times == last.times && timer.times == 1;
    let fits = timers && unbroken && same && new.from == new.to && [timer, last, first].into_iter().all(here);
    let onboarding = new.owner.as_ref()?.onboarding?;
    fits.then(|| Fold {
        timer: first.seq,
        answer: last.seq,
        gone: timer.seq,
        effect: EffectId { onboarding, n: effect },
        new: new.clone(),
    })
}

/// What a far end answered, if it did and the answer is this onboarding's own.
fn answer(event: &Event) -> Option<&Answer> {
    match &event.body {
        Body::Outcome { result: AttemptResult::Done(answer), taken: None, .. } => Some(answer),
        _ => None,
    }
}
