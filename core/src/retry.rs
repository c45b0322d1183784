//! When to try again, and when to stop. Pure: jitter comes from the effect's name and attempt, not from chance.
//!
//! The attempts are spread over the deadline where the longest wait allows it: the first waits are short, each later
//! one is longer by a factor that takes the last attempt into the last fifth of the time, so that an outage of hours
//! does not use all of them up in minutes.

use crate::effect::EffectId;
use crate::time::{Millis, Timestamp};

/// How an effect is retried and how an unknown outcome is settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Attempts that count, at most.
    pub attempts: u32,
    /// Wait after the first failure; each later one is 2 to 8 times as long.
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
            attempts: 16,
            first: Millis::secs(1),
            max: Millis::secs(7_200),
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

/// When to try again after `attempts` counted failures: later and later with upward jitter (up to a quarter more),
/// never before the far end's `retry_after` (also jittered upward). A wait that would end after the deadline ends with
/// it.
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
    within(policy, asked_at, now.plus(wait(policy, effect, attempts, retry_after)), now)
}

/// When to try again after an attempt that does not count (`attempt` is its number): after the far end's
/// `retry_after`, or the policy's first wait, jittered upward; at the deadline at the latest.
#[must_use]
pub fn unspent(
    policy: &Policy,
    effect: EffectId,
    attempt: u32,
    asked_at: Timestamp,
    retry_after: Option<Millis>,
    now: Timestamp,
) -> Next {
    within(policy, asked_at, now.plus(jittered(retry_after.unwrap_or(policy.first), effect, attempt)), now)
}

/// The wait after `attempts` failures, however many are allowed.
#[must_use]
pub fn wait(policy: &Policy, effect: EffectId, attempts: u32, retry_after: Option<Millis>) -> Millis {
    let longer = waits(policy, growth(policy)).nth(attempts.saturating_sub(1).min(STEPS) as usize);
    jittered(longer.unwrap_or(policy.max).max(retry_after.unwrap_or_default()), effect, attempts)
}

/// As this policy, but no wait is longer than this: of what is repeated until it succeeds.
#[must_use]
pub fn steady(policy: &Policy, longest: Millis) -> Policy {
    Policy { max: policy.max.min(longest.max(policy.first)), ..policy.clone() }
}

/// After this many steps every wait is the longest: 2 to the 64th is longer than any.
const STEPS: u32 = 64;
/// Parts of a factor.
const PARTS: u64 = 256;

/// The waits without jitter: each `by` / [`PARTS`] times as long as the one before, none longer than the longest.
fn waits(policy: &Policy, by: u64) -> impl Iterator<Item = Millis> {
    let (first, max) = (policy.first, policy.max);
    std::iter::successors(Some(first), move |wait| {
        let longer = u128::from(wait.0) * u128::from(by) / u128::from(PARTS);
        Some(Millis(u64::try_from(longer).unwrap_or(u64::MAX)))
    })
    .map(move |wait| wait.min(max))
}

/// The smallest growth, from 2 to 8 times, by which the waits together last four fifths of the deadline; jitter may
/// make that all of it. Where the longest wait is too short for that, they double.
fn growth(policy: &Policy) -> u64 {
    let enough = u128::from(policy.deadline.0) * 4 / 5;
    let count = policy.attempts.saturating_sub(1);
    if u128::from(policy.max.0) * u128::from(count) < enough {
        return 2 * PARTS;
    }
    let lasts = |by: u64| {
        let some: u128 = waits(policy, by).take(count.min(STEPS) as usize).map(|wait| u128::from(wait.0)).sum();
        some + u128::from(policy.max.0) * u128::from(count.saturating_sub(STEPS))
    };
    let (mut least, mut most) = (2 * PARTS, 8 * PARTS);
    while least < most {
        let middle = least.midpoint(most);
        if lasts(middle) < enough { least = middle + 1 } else { most = middle }
    }
    least
}

fn within(policy: &Policy, asked_at: Timestamp, at: Timestamp, now: Timestamp) -> Next {
    let end = asked_at.plus(policy.deadline);
    if now >= end { Next::Exhausted } else { Next::At(at.min(end)) }
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
