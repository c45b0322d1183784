//! How one event is decided, and the same over a whole journal: an onboarding is the fold of its events. Pure.

use gangway_core::decision::Decision;
use gangway_core::event::{Event, OnboardingId};
use gangway_core::flow::model::Flow;
use gangway_core::onboarding::{Onboarding, User};
use gangway_core::step;

/// Begins an onboarding at its start event's own time.
#[must_use]
pub fn begin(flow: &Flow, id: OnboardingId, user: &User, event: &Event) -> Decision {
    let mut decision = step::start(flow, id, user, event, event.received_at);
    decision.onboarding.memory.last_at = event.received_at;
    decision
}

/// Steps an onboarding at the event's own time, which for one onboarding never runs backwards: so a replay of the
/// journal in the order of revisions gives the same onboarding.
#[must_use]
pub fn decide(flow: &Flow, onboarding: &Onboarding, event: &Event) -> Decision {
    let now = event.received_at.max(onboarding.memory.last_at);
    let mut decision = step::step(flow, onboarding, event, now);
    if decision.onboarding.revision != onboarding.revision {
        decision.onboarding.memory.last_at = now;
    }
    decision
}

/// The onboarding that these events make, in the order of the revisions that the journal notes beside them (an event
/// without one changed nothing). `None` without a first event.
#[must_use]
pub fn replay<'e>(
    flow: &Flow,
    id: OnboardingId,
    user: &User,
    events: impl IntoIterator<Item = &'e Event>,
) -> Option<Onboarding> {
    let mut events = events.into_iter();
    let started = begin(flow, id, user, events.next()?).onboarding;
    Some(events.fold(started, |onboarding, event| decide(flow, &onboarding, event).onboarding))
}
