//! Waits: look back, deadline, polls and their back-off.

use super::places::{creating, first_of_two, waiting, waiting_without_poll};
use crate::world::events::{
    again, broken, created, done, fact, move_to, outcome, report, retry, timer, told, unknown, wallet_fact,
};
use crate::world::flows::{two_waits, wait_of, wallet};
use crate::world::{World, check};
use gangway_core::outcome::{Answer, AttemptResult};
use serde_json::json;

#[test]
fn a_wait_is_woken_at_its_first_poll_or_at_its_deadline() {
    check(creating(), created(1, 1), "applied wallet/waiting; 1 settled created; wake +5s; onboarding.moved");
    let world = first_of_two();
    assert_eq!(world.told(), "applied first/waiting; 1 settled created; wake +3600s; onboarding.moved");
    assert_eq!(world.it().memory.deadline, world.it().wake_at);
}

#[test]
fn a_fact_that_came_before_its_wait_is_found_when_the_wait_is_entered() {
    let early = creating().hear(wallet_fact());
    assert_eq!(early.told(), "noted create/active");
    check(early, created(1, 1), "applied welcome/active; 1 settled created; asks 2 mail welcome; onboarding.moved");
}

#[test]
fn a_fact_that_the_creating_answer_itself_carries_is_found_too() {
    let answer = told(1, 1, "exists", vec![fact("original.wallet_created", 1, "0xa")]);
    check(creating(), answer, "applied welcome/active; 1 settled exists; asks 2 mail welcome; onboarding.moved");
}

#[test]
fn of_several_known_facts_the_greatest_decides_the_outcome() {
    let early = |second, failed| {
        let facts = vec![fact("ibm.first", 9, "f"), fact("ibm.second", second, "x"), fact("ibm.failed", failed, "x")];
        World::begin(two_waits()).hear(report(facts))
    };
    check(
        early(1, 2),
        created(1, 1),
        "applied broken/active; 1 settled created; asks 2 call ibm.mend; onboarding.moved",
    );
    check(
        early(2, 1),
        created(1, 1),
        "applied issue/active; 1 settled created; asks 2 call ibm.issue; onboarding.moved",
    );
}

#[test]
fn an_awaited_fact_leaves_the_wait_with_its_fields() {
    let world = check(waiting(), wallet_fact(), "applied welcome/active; asks 2 mail welcome; onboarding.moved");
    assert_eq!(json!(world.it().memory.states["wallet"]), json!({"address": "0xa"}));
    assert_eq!((world.it().memory.deadline, world.it().wake_at), (None, None));
}

#[test]
fn a_fact_of_another_state_is_remembered_and_moves_nothing() {
    check(first_of_two(), report(vec![fact("ibm.second", 1, "x")]), "noted first/waiting; wake +3600s");
}

#[test]
fn a_timer_before_its_time_changes_nothing() {
    check(waiting().wait(4), timer(), "noted wallet/waiting; wake +1s");
    check(creating().wait(9999), timer(), "noted create/active");
}

#[test]
fn a_poll_that_is_due_is_asked_once() {
    let polled =
        check(waiting().wait(5), timer(), "applied wallet/waiting; asks 2 call original.get_wallet; wake +3595s");
    check(polled.wait(100), timer(), "noted wallet/waiting; wake +3495s");
}

#[test]
fn a_poll_that_keeps_waiting_comes_again_at_doubling_intervals_up_to_the_longest() {
    let mut world = waiting().wait(5).hear(timer());
    for (poll, wait) in [2, 4, 8, 8].into_iter().enumerate() {
        let n = 2 + poll as i64;
        let expect = format!("applied wallet/waiting; {n} settled no_wallet; wake +{wait}s");
        world = check(world, done(n, 1, "no_wallet"), &expect).wait(wait).hear(timer());
    }
}

#[test]
fn a_wait_that_is_entered_again_begins_its_polls_and_its_deadline_anew() {
    let polled = |world: World, n| world.wait(8).hear(timer()).hear(done(n, 1, "no_wallet"));
    let world = polled(polled(polled(waiting(), 2), 3), 4);
    let world = check(world, move_to("wallet"), "applied wallet/waiting; wake +5s");
    assert_eq!(world.it().memory.deadline, Some(world.now.plus(gangway_core::time::Millis::secs(3600))));
    check(
        world.wait(5).hear(timer()),
        done(5, 1, "no_wallet"),
        "applied wallet/waiting; 5 settled no_wallet; wake +2s",
    );
}

#[test]
fn a_poll_outcome_that_settles_leaves_by_it_with_its_fields() {
    let polled = waiting().wait(5).hear(timer());
    let fields = crate::world::events::fields(&[("address", "0xb"), ("other", "x")]);
    let has = outcome(2, 1, AttemptResult::Done(Answer { fields, ..Answer::named("has_wallet") }));
    let expect = "applied welcome/active; 2 settled has_wallet; asks 3 mail welcome; onboarding.moved";
    let world = check(polled, has, expect);
    assert_eq!(json!(world.it().memory.states["wallet"]), json!({"address": "0xb"}));
}

#[test]
fn a_poll_outcome_that_the_flow_does_not_name_keeps_waiting() {
    let polled = waiting().wait(5).hear(timer());
    check(polled, done(2, 1, "odd"), "applied wallet/waiting; 2 settled odd; wake +2s");
}

#[test]
fn a_fact_in_a_polls_answer_leaves_by_its_arrival() {
    let polled = waiting().wait(5).hear(timer());
    let answer = told(2, 1, "no_wallet", vec![fact("original.wallet_created", 3, "0xc")]);
    check(polled, answer, "applied welcome/active; 2 settled no_wallet; asks 3 mail welcome; onboarding.moved");
}

#[test]
fn the_event_stops_a_poll_that_is_under_way_and_its_late_answer_only_informs() {
    let polled = waiting().wait(5).hear(timer());
    let expect = "applied welcome/active; 2 settled cancelled; asks 3 mail welcome; onboarding.moved";
    let arrived = check(polled, wallet_fact(), expect);
    check(arrived, done(2, 1, "has_wallet"), "noted welcome/active");
}

#[test]
fn a_failing_poll_is_retried_then_given_up_until_the_next_one_and_never_a_review() {
    let polled = waiting().wait(5).hear(timer());
    let world = check(polled, again(2, 1), "applied wallet/waiting; 2 due +1s Do; wake +3595s");
    let world = check(world, unknown(2, 2), "applied wallet/waiting; 2 due +2s Do; wake +3595s");
    check(world, again(2, 3), "applied wallet/waiting; 2 settled exhausted; wake +2s");
}

#[test]
fn a_broken_poll_is_a_review_but_the_fact_still_leaves_the_wait() {
    let polled = waiting().wait(5).hear(timer());
    let expect = "applied wallet/review (broken); 2 settled broken; onboarding.review";
    let world = check(polled, broken(2, 1), expect);
    check(world.clone().wait(9999), timer(), "noted wallet/review (broken)");
    check(world.clone(), retry(), "applied wallet/waiting; 2 due +0s Do; wake +3595s");
    check(world, wallet_fact(), "applied welcome/active; asks 3 mail welcome; onboarding.moved");
}

#[test]
fn a_deadline_that_passed_is_the_outcome_late() {
    let expect = "applied support/review (asked); onboarding.review";
    check(waiting_without_poll().wait(3600), timer(), expect);
    let expect = "applied support/review (asked); 2 settled cancelled; onboarding.review";
    check(waiting().wait(5).hear(timer()).wait(3595), timer(), expect);
}

#[test]
fn a_poll_later_than_the_deadline_wakes_at_the_deadline() {
    let mut flow = wallet();
    wait_of(&mut flow, "wallet").within = gangway_core::time::Millis::secs(3);
    check(World::begin(flow), created(1, 1), "applied wallet/waiting; 1 settled created; wake +3s; onboarding.moved");
}
