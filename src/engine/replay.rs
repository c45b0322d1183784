//! Decides one event, or a whole journal: the proof that a stored onboarding is what its events made of it. Pure.

use gangway_core::decision::Decision;
use gangway_core::event::{Body, Event, OnboardingId};
use gangway_core::flow::model::Flow;
use gangway_core::onboarding::{Onboarding, User};
use gangway_core::step;
use gangway_core::time::Timestamp;

use crate::store::search::JournalEntry;

/// Begins an onboarding at its start event's own time.
#[must_use]
pub fn begin(flow: &Flow, id: OnboardingId, user: &User, event: &Event) -> Decision {
    let mut decision = step::start(flow, id, user, event, event.received_at);
    decision.onboarding.memory.last_at = event.received_at;
    decision
}

/// When an event is decided, if not when it was received: it comes after one that was received later (it was held, or
/// another process was faster). What was remembered decides the order and never the time: a clock that was wrong once
/// is not believed again.
#[must_use]
pub fn decided_at(onboarding: &Onboarding, event: &Event, now: Timestamp) -> Option<Timestamp> {
    (event.received_at < onboarding.memory.last_at).then_some(now)
}

/// Steps an onboarding at this time.
#[must_use]
pub fn decide(flow: &Flow, onboarding: &Onboarding, event: &Event, now: Timestamp) -> Decision {
    let mut decision = step::step(flow, onboarding, event, now);
    if decision.onboarding.revision != onboarding.revision {
        decision.onboarding.memory.last_at = now.max(onboarding.memory.last_at);
    }
    decision
}

/// Like [`decide`], without the flow; `None` when only the flow can tell.
#[must_use]
pub fn decide_without_flow(onboarding: &Onboarding, event: &Event, now: Timestamp) -> Option<Decision> {
    let mut decision = step::without_flow(onboarding, event, now)?;
    if decision.onboarding.revision != onboarding.revision {
        decision.onboarding.memory.last_at = now.max(onboarding.memory.last_at);
    }
    Some(decision)
}

/// The onboarding that this history makes, in the order of revisions: a held event was received before it was applied,
/// so its number in the journal is not its turn. `None` when the history does not begin with a start, or a revision is
/// missing or does not come out as the journal says.
#[must_use]
pub fn replay(flow: &Flow, user: &User, history: &[(JournalEntry, Event)]) -> Option<Onboarding> {
    let mut steps: Vec<(u64, &JournalEntry, &Event)> =
        history.iter().filter_map(|(entry, event)| Some((entry.revision?, entry, event))).collect();
    steps.sort_by_key(|(revision, ..)| *revision);
    let mut steps = steps.into_iter().peekable();
    let (first, entry, event) = steps.next()?;
    let mut onboarding = begin(flow, entry.onboarding?, user, event).onboarding;
    if onboarding.revision != first {
        return None;
    }
    while let Some((revision, entry, event)) = steps.next() {
        if let (Body::Timer { .. }, Some((_, _, answer))) = (&event.body, steps.peek()) {
            for _ in 1..entry.times {
                onboarding = poll(flow, &onboarding, event, answer)?;
            }
        }
        // Versions that did not write when an event was decided stepped it no earlier than the one before.
        let now = entry.decided_at.unwrap_or_else(|| event.received_at.max(onboarding.memory.last_at));
        onboarding = decide(flow, &onboarding, event, now).onboarding;
        if onboarding.revision != revision {
            return None;
        }
    }
    Some(onboarding)
}

/// A poll whose rows tell of a later one that said the same: it was made no earlier than its due time, and leaves only
/// that, besides counters.
fn poll(flow: &Flow, onboarding: &Onboarding, timer: &Event, answer: &Event) -> Option<Onboarding> {
    let at = onboarding.memory.next_poll?;
    let timer = Event { received_at: at, ..timer.clone() };
    let asked = decide(flow, onboarding, &timer, at.max(onboarding.memory.last_at)).onboarding;
    let Body::Outcome { result, attempt, taken, unspent, .. } = answer.body.clone() else { return None };
    let effect = asked.memory.pending.as_ref()?.n;
    let body = Body::Outcome { effect, attempt, sent_at: at, result, taken, unspent };
    let answer = Event { received_at: at, body, ..answer.clone() };
    Some(decide(flow, &asked, &answer, at.max(asked.memory.last_at)).onboarding)
}
