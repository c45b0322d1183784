//! When to try again.

use gangway_core::effect::EffectId;
use gangway_core::retry::{self, Next, Policy, next, unspent};
use gangway_core::time::{Millis, Timestamp};
use proptest::prelude::*;

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
fn the_waits_of_many_attempts_double_from_the_first_to_the_longest_and_are_at_most_a_quarter_longer() {
    let policy = Policy { attempts: 1000, max: Millis::secs(300), ..Policy::default() };
    for (attempts, base) in [(1, 1), (2, 2), (3, 4), (8, 128), (9, 256), (10, 300), (99, 300)] {
        let wait = wait(&policy, 1, attempts, None);
        assert!((base * 1000..=base * 1250).contains(&wait), "{attempts}: {wait}");
    }
}

#[test]
fn the_usual_attempts_begin_within_seconds_and_last_most_of_the_deadline() {
    let policy = Policy::default();
    let waits: Vec<u64> = (1..policy.attempts).map(|attempts| wait(&policy, 1, attempts, None) / 1000).collect();
    assert!(waits[0] <= 1 && waits[..3].iter().sum::<u64>() < 60, "{waits:?}");
    let all: u64 = waits.iter().sum();
    assert!((86_400 * 4 / 5 - 1..=86_400).contains(&(all + 15)), "{all} s: {waits:?}");
    assert!(waits.iter().all(|wait| *wait <= 7_200 * 5 / 4), "{waits:?}");
}

proptest! {
    #[test]
    fn the_attempts_of_any_policy_last_four_fifths_of_its_deadline_where_its_longest_wait_allows(
        attempts in 2_u32..40, first in 1_u64..10_000, longest in 1_u64..10_000, deadline in 1_u64..200_000_000,
    ) {
        let max = Millis(first * longest);
        let policy = Policy { attempts, first: Millis(first), max, deadline: Millis(deadline), ..policy() };
        let waits: Vec<u64> = (1..attempts).map(|attempts| retry::wait(&policy, effect(1), attempts, None).0).collect();
        prop_assert!(waits[0] <= first + first / 4);
        prop_assert!(waits.iter().all(|wait| *wait <= max.0 + max.0 / 4));
        let all: u64 = waits.iter().sum();
        // As far as waits that are eight times as long each time can take them, where they can at all.
        let times: u64 = if max.0 * u64::from(attempts - 1) < deadline * 4 / 5 { 2 } else { 8 };
        let most: u64 = (0..attempts - 1).map(|n| first.saturating_mul(times.saturating_pow(n)).min(max.0)).sum();
        prop_assert!(all >= most.min(deadline * 4 / 5), "{all} of {deadline}: {waits:?}");
    }

    #[test]
    fn no_attempt_is_planned_after_the_deadline_and_one_is_planned_before_it(
        attempts in 1_u32..15, waited in 0_u64..90_000_000, asked in proptest::option::of(0_u64..200_000_000),
    ) {
        let policy = Policy::default();
        let (now, end) = (BEGIN.plus(Millis(waited)), BEGIN.plus(policy.deadline));
        let counted = next(&policy, effect(1), attempts, BEGIN, asked.map(Millis), now);
        for next in [counted, unspent(&policy, effect(1), attempts, BEGIN, asked.map(Millis), now)] {
            match next {
                Next::At(at) => prop_assert!(now < end && now <= at && at <= end),
                Next::Exhausted => prop_assert!(now >= end),
            }
        }
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
    let now = Timestamp(i64::MAX - 1);
    assert_eq!(next(&policy, effect(i64::MIN), u32::MAX - 1, end, Some(Millis(u64::MAX)), now), Next::At(end));
}
