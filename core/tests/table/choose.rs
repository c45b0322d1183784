//! Choices: the first guard that is true decides, and nothing is guessed.

use gangway_core::flow::model::{EndStatus, Verb};
use serde_json::json;

use crate::world::events::{created, message, retry};
use crate::world::flows::{choose, flow, guided};
use crate::world::{World, check};

fn signed_up(data: serde_json::Value) -> World {
    World::begin_with(guided(), message("user.signed_up", data))
}

#[test]
fn the_first_guard_that_is_true_decides_and_the_state_is_left_at_once() {
    let gold = signed_up(json!({"plan": "gold"}));
    let world = check(gold, created(1, 1), "applied rest/waiting; 1 settled created; wake +60s; onboarding.moved");
    assert!(world.last.detail.contains("in sort; sort ended gold; in rest"), "{}", world.last.detail);
    let known = signed_up(json!({"plan": "none"}));
    check(known, created(1, 1), "applied done/completed; 1 settled created; onboarding.completed");
}

#[test]
fn when_no_guard_is_true_it_is_otherwise() {
    let other = signed_up(json!({"plan": "none"}));
    let answer = crate::world::events::done(1, 1, "exists");
    check(other, answer, "applied support/review (asked); 1 settled exists; onboarding.review");
}

#[test]
fn a_guard_that_fails_asks_a_person_and_decides_nothing() {
    let expect = "applied sort/review (expression); 1 settled created; onboarding.review";
    let world = check(signed_up(json!({})), created(1, 1), expect);
    let review = world.it().memory.review.clone().unwrap();
    assert!(review.detail.contains("data.plan == 'gold'"), "{}", review.detail);
    let world = check(world, retry(), "applied sort/review (expression)");
    check(world, retry(), "noted sort/review (expression)");
}

#[test]
fn a_guard_that_is_neither_true_nor_false_asks_a_person() {
    for data in [json!({"age": 17}), json!({"age": "yes"}), json!({"age": null}), json!({})] {
        let guards = choose(&[("young", "data.age")], &[("young", "done"), ("otherwise", "done")]);
        let flow = flow(&["data.age"], [("sort", guards), ("done", Verb::End(EndStatus::Completed.into()))]);
        let world = World::begin_with(flow, message("user.signed_up", data));
        assert_eq!(world.told(), "applied sort/review (expression); onboarding.started; onboarding.review");
        let detail = &world.last.detail;
        assert!(detail.contains("the guard young must be true or false") && !detail.contains("17"), "{detail}");
    }
}

#[test]
fn choices_that_lead_to_each_other_without_an_end_are_a_review() {
    let to = |state| [("yes", state), ("otherwise", state)];
    let one = choose(&[("yes", "data.plan == 'gold'")], &to("other"));
    let other = choose(&[("yes", "data.plan == 'gold'")], &to("one"));
    let world = World::begin(flow(&["data.plan"], [("one", one), ("other", other)]));
    assert!(world.told().contains("review (circle)"), "{}", world.told());
}

#[test]
fn a_guard_that_would_take_too_long_is_a_persons_question_and_never_begun() {
    let guards = choose(&[("all", "data.items.all(x, x in data.allowed)")], &[("all", "done"), ("otherwise", "done")]);
    let flow =
        flow(&["data.items", "data.allowed"], [("sort", guards), ("done", Verb::End(EndStatus::Completed.into()))]);
    let items: Vec<u32> = (0..10_000).collect();
    let world = World::begin_with(flow, message("user.signed_up", json!({"items": items, "allowed": items})));
    assert_eq!(world.told(), "applied sort/review (expression); onboarding.started; onboarding.review");
    assert!(world.last.detail.contains("more than 4000000 steps"), "{}", world.last.detail);
}
