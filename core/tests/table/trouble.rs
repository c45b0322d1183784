//! Attempts that did not succeed: again, unknown, looked up, broken, exhausted.

use gangway_core::decision::FollowUp;

use super::places::{creating, mailing, publishing};
use crate::world::events::{again, broken, created, expired, not_done, retry, unknown, unspent};
use crate::world::flows::{call_of, wallet};
use crate::world::{World, check};

/// Effect 1 as a read, as work that cannot be looked up, or as a mail that may be sent twice.
fn creating_as(change: impl FnOnce(&mut gangway_core::flow::model::Call)) -> World {
    let mut flow = wallet();
    change(call_of(&mut flow, "create"));
    World::begin(flow)
}

#[test]
fn a_passing_failure_is_tried_again_later_and_later_and_then_a_review() {
    let world = check(creating(), again(1, 1), "applied create/active; 1 due +1s Do");
    assert!(
        world.last.detail.starts_with("attempt 1 of original.create_user: 503 from the provider; next attempt in 1s")
    );
    let world = check(world, again(1, 2), "applied create/active; 1 due +2s Do");
    let expect = "applied create/review (exhausted); 1 settled exhausted; onboarding.review";
    let world = check(world, again(1, 3), expect);
    assert_eq!(world.it().memory.pending.as_ref().unwrap().n, 1, "the same effect can go on");
}

#[test]
fn the_last_cause_is_kept_for_the_explanation() {
    let pending = creating().hear(again(1, 1)).it().memory.pending.clone().unwrap();
    assert_eq!(pending.trouble.as_deref(), Some("503 from the provider"));
}

#[test]
fn what_does_not_count_is_tried_again_as_often_as_it_takes() {
    let mut world = creating();
    for attempt in 1..20 {
        world = check(world, unspent(1, attempt, None), "applied create/active; 1 due +1s Do");
    }
    assert_eq!(world.it().memory.pending.as_ref().unwrap().attempts, 0);
}

#[test]
fn a_far_end_that_asks_to_wait_is_waited_for() {
    let world = creating().hear(unspent(1, 1, Some(100)));
    let FollowUp::Due { at, .. } = world.last.follow_ups[0] else { panic!() };
    let wait = at.since(world.now).0;
    assert!((100_000..=125_000).contains(&wait), "{wait}");
}

#[test]
fn no_attempt_begins_after_the_deadline_counted_or_not() {
    let expect = "applied create/review (exhausted); 1 settled exhausted; onboarding.review";
    check(creating().wait(3600), unspent(1, 1, None), expect);
    check(creating().wait(3600), again(1, 1), expect);
}

#[test]
fn a_wait_longer_than_the_deadline_is_cut_to_it_and_asks_nobody() {
    let world = check(creating(), unspent(1, 1, Some(4000)), "applied create/active; 1 due +3600s Do");
    let world = world.wait(3600).hear(unspent(1, 2, None));
    let detail = &world.it().memory.review.as_ref().unwrap().detail;
    assert!(detail.starts_with("original.create_user was not done within 1h: "), "{detail}");
}

#[test]
fn deaths_of_gangway_spend_no_attempt_and_end_with_the_deadline() {
    let mut world = creating();
    for attempt in 0..20 {
        let first = 1 + attempt * 4;
        world = check(world, expired(1, first), "applied create/active; 1 due +2s LookUp uncertain");
        world = world.wait(2).hear(expired(1, first + 1)).wait(1).hear(not_done(1, first + 2)).wait(4);
        world = check(world, not_done(1, first + 3), "applied create/active; 1 due +1s Do uncertain");
        assert_eq!(world.it().memory.pending.as_ref().unwrap().attempts, 0);
    }
    assert_eq!(world.it().status, gangway_core::onboarding::Status::Active);
    let world = world.wait(3600).hear(expired(1, 90)).hear(expired(1, 91));
    assert_eq!(world.told(), "applied create/review (unknown); 1 settled unknown; onboarding.review");
}

#[test]
fn unknown_work_is_looked_up_before_it_is_repeated() {
    let world = check(creating(), unknown(1, 1), "applied create/active; 1 due +2s LookUp uncertain");
    let world = check(world.wait(2), not_done(1, 2), "applied create/active; 1 due +4s LookUp uncertain");
    let world = check(world.wait(4), not_done(1, 3), "applied create/active; 1 due +1s Do uncertain");
    check(world, created(1, 4), "applied wallet/waiting; 1 settled created; wake +5s; onboarding.moved");
}

#[test]
fn a_look_up_that_finds_the_work_done_is_the_answer() {
    let world = creating().hear(unknown(1, 1));
    check(world, created(1, 2), "applied wallet/waiting; 1 settled created; wake +5s; onboarding.moved");
}

#[test]
fn work_that_is_unknown_a_second_time_is_looked_up_anew_and_uncertain_since_the_first() {
    let world = creating().hear(unknown(1, 1)).wait(2).hear(not_done(1, 2)).wait(4).hear(not_done(1, 3));
    let since = world.it().memory.pending.as_ref().unwrap().uncertain_since;
    let world = check(world, unknown(1, 4), "applied create/active; 1 due +2s LookUp uncertain");
    let pending = world.it().memory.pending.as_ref().unwrap();
    assert_eq!((pending.uncertain_since, pending.look_ups, pending.attempts), (since, 0, 2));
}

#[test]
fn repeats_of_unknown_work_count_and_end() {
    let mut world = creating();
    for attempt in [1, 4, 7] {
        world = world.hear(unknown(1, attempt)).hear(not_done(1, attempt + 1)).hear(not_done(1, attempt + 2));
    }
    assert_eq!(world.told(), "applied create/review (exhausted); 1 settled exhausted; onboarding.review");
}

#[test]
fn a_look_up_that_fails_is_looked_up_again_and_never_turns_into_the_work() {
    let world = creating().hear(unknown(1, 1));
    let world = check(world, again(1, 2), "applied create/active; 1 due +2s LookUp uncertain");
    let expect = "applied create/review (unknown); 1 settled unknown; onboarding.review";
    let world = check(world, unknown(1, 3), expect);
    check(world, retry(), "applied create/active; 1 due +0s LookUp uncertain");
}

#[test]
fn unknown_work_that_cannot_be_looked_up_is_a_review() {
    let expect = "applied create/review (unknown); 1 settled unknown; onboarding.review";
    let world = check(creating_as(|call| call.look_up = false), unknown(1, 1), expect);
    check(world, retry(), "applied create/active; 1 due +0s Do uncertain");
    check(mailing(), unknown(2, 1), "applied welcome/review (unknown); 2 settled unknown; onboarding.review");
}

#[test]
fn a_policy_may_resend_the_same_once_instead() {
    let resend =
        |call: &mut gangway_core::flow::model::Call| (call.look_up, call.policy.resend_unknown) = (false, true);
    let world = check(creating_as(resend), unknown(1, 1), "applied create/active; 1 due +0s Do uncertain");
    check(world, unknown(1, 2), "applied create/review (unknown); 1 settled unknown; onboarding.review");
}

#[test]
fn an_unknown_read_or_publication_is_simply_repeated() {
    check(creating_as(|call| call.effectful = false), unknown(1, 1), "applied create/active; 1 due +1s Do");
    check(publishing(), unknown(3, 1), "applied tell/active; 3 due +1s Do");
}

#[test]
fn what_can_never_succeed_is_a_review_at_once() {
    let expect = "applied create/review (broken); 1 settled broken; onboarding.review";
    let world = check(creating(), broken(1, 1), expect);
    let detail = &world.it().memory.review.as_ref().unwrap().detail;
    assert_eq!(detail, "original.create_user: validation failed; possible: retry, move");
}

#[test]
fn a_look_ups_answer_where_none_was_asked_counts_as_a_failure() {
    check(creating(), not_done(1, 1), "applied create/active; 1 due +1s Do");
}
