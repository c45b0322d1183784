//! Letting time pass: nothing but the time, or a person, ends it.

use gangway_core::explain::{LiveReason, live_reason, summary};

use crate::world::events::{created, retry, timer, wallet_fact};
use crate::world::flows::guided;
use crate::world::{World, check};

const OVER: &str = "applied welcome/active; asks 2 mail welcome; onboarding.moved";

/// In `rest`, for a minute.
fn resting() -> World {
    World::begin(guided()).hear(created(1, 1))
}

#[test]
fn the_time_ends_it_and_not_before() {
    check(resting().wait(59), timer(), "noted rest/waiting; wake +1s");
    check(resting().wait(60), timer(), OVER);
    check(resting().wait(9999), timer(), OVER);
}

#[test]
fn no_fact_ends_it() {
    check(resting(), wallet_fact(), "noted rest/waiting; wake +60s");
}

#[test]
fn a_retry_by_an_operator_ends_it_at_once() {
    let world = check(resting(), retry(), OVER);
    assert!(world.last.detail.starts_with("the wait is ended by an operator"), "{}", world.last.detail);
    assert_eq!((world.it().memory.deadline, world.it().wake_at), (None, None));
}

#[test]
fn it_says_until_when_and_what_follows() {
    let world = resting();
    let said = summary(&world.flow, world.it());
    assert_eq!(said.why, "waiting until 2026-11-22T10:01:00.000Z since 2026-11-22T10:00:00.000Z");
    let next = said.next.unwrap();
    assert_eq!((next.what.as_str(), next.at), ("the wait is over, in welcome", world.it().wake_at));
    assert_eq!(live_reason(world.it()), Some(LiveReason::Awaited { until: world.it().wake_at.unwrap() }));
}
