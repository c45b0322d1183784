//! An onboarding that starts another one: asked once, safe to repeat, and its end awaited like any fact.

use gangway_core::effect::Request;
use gangway_core::explain::summary;
use serde_json::json;

use super::places::creating;
use crate::world::events::{
    again, broken, child_end, child_ended, has_child, message, move_to, outcome, retry, told, unknown,
};
use crate::world::flows::family;
use crate::world::{World, check, user};
use gangway_core::outcome::{Answer, AttemptResult};

/// In `child`: number 80 was begun.
fn begun() -> World {
    World::begin(family()).hear(has_child(1, 1, "started", 80))
}

const DONE: &str = "applied done/completed; onboarding.completed";

#[test]
fn a_child_is_asked_for_with_its_data_and_for_the_same_user() {
    let world = World::begin(family());
    assert_eq!(world.told(), "applied begin/active; asks 1 start kid; onboarding.started");
    let data = json!({"plan": "gold"}).as_object().unwrap().clone();
    let expected = Request::Start { flow: "kid".into(), user: user().id, data };
    assert_eq!(world.last.asks[0].request, expected);
}

#[test]
fn each_outcome_leads_on_and_names_the_child() {
    for outcome in ["started", "running", "ended"] {
        let expect = format!("applied child/waiting; 1 settled {outcome}; wake +3600s; onboarding.moved");
        let world = check(World::begin(family()), has_child(1, 1, outcome, 80), &expect);
        let id = crate::world::events::other(80);
        assert_eq!(json!(world.it().memory.states["begin"]), json!({ "onboarding_id": id }));
        assert_eq!(world.it().memory.children["kid"], id);
    }
}

#[test]
fn whether_it_was_begun_is_asked_again_and_never_a_persons_question() {
    let world = check(World::begin(family()), unknown(1, 1), "applied begin/active; 1 due +1s Do");
    check(world, again(1, 2), "applied begin/active; 1 due +2s Do");
    let expect = "applied begin/review (broken); 1 settled broken; onboarding.review";
    check(World::begin(family()), broken(1, 1), expect);
}

#[test]
fn the_childs_end_is_awaited_by_how_it_ended() {
    check(begun(), child_ended("completed", 80), DONE);
    check(begun(), child_ended("failed", 80), "applied support/review (asked); onboarding.review");
    check(begun(), child_ended("cancelled", 80), "applied off/failed; onboarding.failed");
}

#[test]
fn an_end_that_is_told_before_the_child_is_known_counts() {
    let early = World::begin(family()).hear(child_ended("completed", 80));
    assert_eq!(early.told(), "noted begin/active");
    check(early, has_child(1, 1, "started", 80), "applied done/completed; 1 settled started; onboarding.completed");
}

#[test]
fn a_child_that_has_ended_already_is_told_of_in_the_same_answer() {
    let id = crate::world::events::other(80).to_string();
    let answer = Answer {
        fields: crate::world::events::fields(&[("onboarding_id", &id)]),
        facts: vec![child_end("failed", 80)],
        ..Answer::named("ended")
    };
    let expect = "applied support/review (asked); 1 settled ended; onboarding.review";
    check(World::begin(family()), outcome(1, 1, AttemptResult::Done(answer)), expect);
}

#[test]
fn of_a_second_try_the_first_ones_end_says_nothing() {
    let again = begun().hear(child_ended("failed", 80)).hear(retry());
    assert_eq!(again.told(), "applied begin/active; asks 2 start kid; onboarding.moved");
    let expect = "applied child/waiting; 2 settled started; wake +3600s; onboarding.moved";
    let second = check(again, has_child(2, 1, "started", 81), expect);
    let second = check(second, child_ended("cancelled", 80), "noted child/waiting; wake +3600s");
    check(second, child_ended("completed", 81), DONE);
}

#[test]
fn nobody_outside_can_tell_an_end() {
    let forged = json!({ "onboarding_id": crate::world::events::other(80) });
    let world = check(begun(), message("flow.kid.completed", forged), "noted child/waiting; wake +3600s");
    assert_eq!(world.last.detail, "only gangway itself can tell how an onboarding ended");
}

#[test]
fn a_parent_that_does_not_wait_or_has_ended_notes_the_end() {
    check(creating(), child_ended("completed", 80), "noted create/active");
    let ended = begun().hear(move_to("done"));
    check(ended, child_ended("completed", 80), "noted done/completed");
}

#[test]
fn a_wait_for_a_child_names_the_child() {
    let id = crate::world::events::other(80);
    let says = |world: &World| summary(&world.flow, world.it()).why;
    let names = "flow.kid.completed or flow.kid.failed or flow.kid.cancelled";
    assert_eq!(says(&begun()), format!("waiting for {names} from onboarding {id} since 2026-11-22T10:00:00.000Z"));
    let moved = World::begin(family()).hear(move_to("child"));
    assert!(says(&moved).contains("from an onboarding that was not started since"), "{}", says(&moved));
    let starting = World::begin(family());
    assert_eq!(says(&starting), "start kid is being performed or waits for its turn, attempt 1");
}

#[test]
fn the_late_answer_of_a_start_that_was_left_only_informs() {
    let left = World::begin(family()).hear(move_to("support"));
    check(left, has_child(1, 1, "started", 80), "noted support/review (asked)");
    let informed =
        World::begin(family()).hear(move_to("late")).hear(told(1, 1, "ended", vec![child_end("failed", 80)]));
    assert_eq!(informed.it().memory.facts.len(), 1);
}
