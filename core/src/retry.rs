//! When to try again, and when to stop. Pure: jitter comes from the effect's name and attempt, not from chance.

use crate::effect::EffectId;
use crate::time::{Millis, Timestamp};

/// How an effect is retried and how an unknown outcome is settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Attempts that count, at most.
    pub attempts: u32,
    /// Wait after the first failure; doubles with each.
    pub first: Millis,
    /// Longest wait.
    pub max: Millis,
    /// No attempt begins later than this after the effect was asked.
    pub deadline: Millis,
    /// First look-up this long after an unknown outcome; doubles with each "not done".
    pub settle: Millis,
    /// "Not done" answers that are needed before the work is repeated.
    pub look_ups: u32,
    /// Without a look-up: repeat the same bytes once (mail), instead of a review.
    pub resend_unknown: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            attempts: 8,
            first: Millis::secs(1),
            max: Millis::secs(300),
            deadline: Millis::secs(86_400),
            settle: Millis::secs(2),
            look_ups: 3,
            resend_unknown: false,
        }
    }
}

/// What follows a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Try again at this time.
    At(Timestamp),
    /// Attempts or time are used up.
    Exhausted,
}

/// When to try again after `attempts` counted failures: exponential with upward jitter (up to a quarter more),
/// never before the far end's `retry_after` (also jittered upward), never after the deadline.
#[must_use]
pub fn next(
    _policy: &Policy,
    _effect: EffectId,
    _attempts: u32,
    _asked_at: Timestamp,
    _retry_after: Option<Millis>,
    _now: Timestamp,
) -> Next {
    todo!()
}
