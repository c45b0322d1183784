//! Where is this person, why, and what happens next: in words, from what was decided. No guess, no second source.

use serde::{Deserialize, Serialize};

use crate::flow::model::Flow;
use crate::onboarding::Onboarding;
use crate::time::Timestamp;

/// Why an onboarding is where it is, and what happens next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    /// Names what is awaited, from whom, since when.
    pub why: String,
    /// What happens next; absent after an end.
    pub next: Option<Next>,
}

/// What happens next, and when at the latest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Next {
    /// What.
    pub what: String,
    /// When; absent when it depends on a person.
    pub at: Option<Timestamp>,
}

/// Explains an onboarding.
#[must_use]
pub fn explain(_flow: &Flow, _onboarding: &Onboarding) -> Explanation {
    todo!()
}
