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
    policy: &Policy,
    effect: EffectId,
    attempts: u32,
    asked_at: Timestamp,
    retry_after: Option<Millis>,
    now: Timestamp,
) -> Next {
    if attempts >= policy.attempts {
        return Next::Exhausted;
    }
    within(policy, asked_at, now.plus(wait(policy, effect, attempts, retry_after)))
}

/// When to try again after an attempt that does not count (`attempt` is its number): after the far end's
/// `retry_after`, or the policy's first wait, jittered upward. The deadline still counts.
#[must_use]
pub fn unspent(
    policy: &Policy,
    effect: EffectId,
    attempt: u32,
    asked_at: Timestamp,
    retry_after: Option<Millis>,
    now: Timestamp,
) -> Next {
    within(policy, asked_at, now.plus(jittered(retry_after.unwrap_or(policy.first), effect, attempt)))
}

/// The wait after `attempts` failures, however many are allowed.
#[must_use]
pub fn wait(policy: &Policy, effect: EffectId, attempts: u32, retry_after: Option<Millis>) -> Millis {
    let doubled = policy.first.0.saturating_mul(1_u64 << attempts.saturating_sub(1).min(32));
    jittered(Millis(doubled).min(policy.max).max(retry_after.unwrap_or_default()), effect, attempts)
}

/// Whether no attempt may begin any more.
#[must_use]
pub fn over(policy: &Policy, asked_at: Timestamp, at: Timestamp) -> bool {
    at > asked_at.plus(policy.deadline)
}

fn within(policy: &Policy, asked_at: Timestamp, at: Timestamp) -> Next {
    if over(policy, asked_at, at) { Next::Exhausted } else { Next::At(at) }
}

/// Up to a quarter longer, by a hash (FNV-1a, 64 bit) of the effect's name and the attempt: many effects that failed
/// at the same moment come back spread out, and every replay computes the same times.
fn jittered(wait: Millis, effect: EffectId, attempt: u32) -> Millis {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;
    let id = effect.onboarding.0.as_bytes().iter();
    let rest = effect.n.to_be_bytes().into_iter().chain(attempt.to_be_bytes());
    let hash = id.copied().chain(rest).fold(OFFSET, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME));
    let part = u128::from(hash ^ (hash >> 32)) & 0xffff_ffff;
    let more = (u128::from(wait.0 / 4) * part) >> 32;
    Millis(wait.0.saturating_add(u64::try_from(more).unwrap_or(0)))
}
