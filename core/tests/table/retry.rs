//! When to try again.

use gangway_core::effect::EffectId;
use gangway_core::retry::{Next, Policy, next, unspent};
use gangway_core::time::{Millis, Timestamp};

use crate::world::flows::policy;
use crate::world::{BEGIN, onboarding_id};

fn effect(n: i64) -> EffectId {
    EffectId { onboarding: onboarding_id(), n }
}

fn wait(policy: &Policy, n: i64, attempts: u32, retry_after: Option<Millis>) -> u64 {
    match next(policy, effect(n), attempts, BEGIN, retry_after, BEGIN) {
        Next::At(at) => at.since(BEGIN).0,
        Next::Exhausted => panic!("exhausted"),
    }
}

#[test]
fn waits_double_from_the_first_to_the_longest_and_are_at_most_a_quarter_longer() {
    let policy = Policy { attempts: 100, deadline: Millis(u64::MAX), ..Policy::default() };
    for (attempts, base) in [(1, 1), (2, 2), (3, 4), (8, 128), (9, 256), (10, 300), (99, 300)] {
        let wait = wait(&policy, 1, attempts, None);
        assert!((base * 1000..=base * 1250).contains(&wait), "{attempts}: {wait}");
    }
}

#[test]
fn a_wait_is_never_shorter_than_the_far_end_asks_even_beyond_the_longest() {
    let wait = wait(&policy(), 1, 1, Some(Millis::secs(100)));
    assert!((100_000..=125_000).contains(&wait), "{wait}");
}

#[test]
fn many_effects_that_failed_together_come_back_spread_out() {
    let waits: std::collections::BTreeSet<u64> =
        (0..100).map(|n| wait(&policy(), n, 1, Some(Millis::secs(100)))).collect();
    assert!(waits.len() > 90, "{} different waits", waits.len());
    let (least, most) = (waits.first().unwrap(), waits.last().unwrap());
    assert!(most - least > 20_000, "spread over {} ms", most - least);
}

#[test]
fn the_same_effect_and_attempt_always_wait_the_same() {
    assert_eq!(wait(&policy(), 3, 2, None), wait(&policy(), 3, 2, None));
}

#[test]
fn attempts_and_time_are_used_up() {
    let late = BEGIN.plus(Millis::secs(3600));
    assert_eq!(next(&policy(), effect(1), 3, BEGIN, None, BEGIN), Next::Exhausted);
    assert_eq!(next(&policy(), effect(1), 1, BEGIN, None, late), Next::Exhausted);
    assert_eq!(unspent(&policy(), effect(1), 1, BEGIN, None, late), Next::Exhausted);
}

#[test]
fn nothing_overflows() {
    let policy = Policy {
        attempts: u32::MAX,
        first: Millis(u64::MAX),
        max: Millis(u64::MAX),
        deadline: Millis(u64::MAX),
        ..policy()
    };
    let end = Timestamp(i64::MAX);
    assert_eq!(next(&policy, effect(i64::MIN), u32::MAX - 1, end, Some(Millis(u64::MAX)), end), Next::At(end));
}
