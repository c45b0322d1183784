//! The heart: one event in, one decision out. Total: every event in every state is answered; never an error, never
//! a panic. Pure: same input, same answer, on every machine and at every replay.

use crate::decision::Decision;
use crate::event::{Event, OnboardingId};
use crate::flow::model::Flow;
use crate::onboarding::{Onboarding, User};
use crate::time::Timestamp;

/// Begins an onboarding with its start event: revision 1, in the flow's first state or wherever that leads at once.
#[must_use]
pub fn start(_flow: &Flow, _id: OnboardingId, _user: &User, _event: &Event, _now: Timestamp) -> Decision {
    todo!()
}

/// Answers one event.
#[must_use]
pub fn step(_flow: &Flow, _onboarding: &Onboarding, _event: &Event, _now: Timestamp) -> Decision {
    todo!()
}
