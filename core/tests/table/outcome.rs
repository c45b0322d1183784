//! Answers: in time, late, twice, and of effects that no state waits for any more.

use gangway_core::event::{Identifier, Trust};
use gangway_core::outcome::{Answer, AttemptResult};
use serde_json::json;

use super::places::{asking, creating, ended, first_of_two, mailing, waiting};
use crate::world::events::{
    again, broken, created, done, fact, hint, move_to, not_done, outcome, retry, sent, taken, told, unknown,
};
use crate::world::{BEGIN, check};

#[test]
fn an_answers_identifiers_belong_to_the_onboarding_once() {
    let world = creating().hear(created(1, 1));
    let both = [Identifier::new("original.uid", "42"), Identifier::new("ibm.uid", "43")];
    assert_eq!((&world.last.identifiers[..], &world.it().memory.identifiers[..]), (&both[..], &both[..]));
    let world = check(world, created(1, 1), "noted wallet/waiting; wake +5s");
    assert!(world.last.identifiers.is_empty());
}

#[test]
fn an_answer_with_another_users_identifier_is_a_persons_question_and_leaves_nothing() {
    let expect = "applied create/review (broken); 1 settled broken; onboarding.review";
    let world = check(creating(), taken(1, 1), expect);
    let whose = "but its original.uid belongs to onboarding 00000000-0000-0000-0000-000000000009 of another user";
    assert!(world.last.detail.contains(whose), "{}", world.last.detail);
    assert!(world.last.identifiers.is_empty() && world.it().memory.identifiers.is_empty());
    assert_eq!(json!(world.it().memory.states), json!({}));
    let world = check(world, taken(1, 2), "noted create/review (broken)");
    check(world.hear(retry()), created(1, 3), "applied wallet/waiting; 1 settled created; wake +5s; onboarding.moved");
    check(waiting(), taken(1, 2), "noted wallet/waiting; wake +5s");
}

#[test]
fn an_answers_fact_without_a_time_ranks_by_when_its_request_was_sent_and_is_a_fact() {
    let mut read = hint("original.wallet_created", 0, "x");
    read.time = None;
    let answer = Answer { facts: vec![read], ..Answer::named("created") };
    let world = creating().wait(9).hear(sent(1, 1, BEGIN, AttemptResult::Done(answer)));
    let known = &world.it().memory.facts[0].report;
    assert_eq!((known.time, known.trust), (Some(BEGIN), Trust::Fact));
}

#[test]
fn an_answer_to_an_effect_that_an_operator_moved_on_from_only_informs() {
    let moved = creating().hear(move_to("wallet"));
    assert_eq!(moved.told(), "applied wallet/waiting; 1 settled cancelled; wake +5s; onboarding.moved");
    let world = check(moved, created(1, 1), "noted wallet/waiting; wake +5s");
    assert_eq!(world.it().memory.identifiers.len(), 2);
    assert_eq!(json!(world.it().memory.states), json!({}));
    let world = check(ended(), told(1, 2, "created", vec![fact("ibm.late", 1, "x")]), "noted done/completed");
    assert!(world.it().memory.facts.is_empty(), "what has ended remembers nothing");
}

#[test]
fn a_late_answers_fact_that_is_awaited_now_applies() {
    let late = told(1, 2, "created", vec![fact("ibm.first", 1, "x")]);
    check(first_of_two(), late, "applied second/waiting; wake +3600s; onboarding.moved");
}

#[test]
fn a_late_outcome_that_is_no_answer_says_nothing() {
    for result in [again(1, 1), unknown(1, 1), broken(1, 2), again(99, 1)] {
        check(waiting(), result, "noted wallet/waiting; wake +5s");
    }
}

#[test]
fn an_earlier_attempts_answer_that_comes_late_is_the_answer() {
    let tried = creating().hear(again(1, 1));
    check(tried, created(1, 1), "applied wallet/waiting; 1 settled created; wake +5s; onboarding.moved");
    let unknown = creating().hear(unknown(1, 1));
    check(unknown, created(1, 1), "applied wallet/waiting; 1 settled created; wake +5s; onboarding.moved");
}

#[test]
fn an_earlier_attempts_failure_that_comes_late_says_nothing() {
    let tried = creating().hear(unknown(1, 1));
    check(tried.clone(), again(1, 1), "noted create/active");
    check(tried, not_done(1, 1), "noted create/active");
}

#[test]
fn an_answer_that_comes_after_the_review_opened_closes_it() {
    let review = mailing().hear(unknown(2, 1));
    assert_eq!(review.told(), "applied welcome/review (unknown); 2 settled unknown; onboarding.review");
    check(review.clone(), again(2, 2), "noted welcome/review (unknown)");
    let expect = "applied tell/active; 2 settled sent; asks 3 publish user.onboarded; onboarding.moved";
    check(review, done(2, 1, "sent"), expect);
}

#[test]
fn a_lifecycle_publication_is_repeated_until_it_is_out_and_moves_nothing() {
    check(asking(), done(-1, 1, "sent"), "noted support/review (asked); -1 settled sent");
    check(asking(), again(-1, 1), "noted support/review (asked); -1 due +1s Do");
    check(
        ended(),
        outcome(-7, 2, AttemptResult::Unknown { cause: "cut".into() }),
        "noted done/completed; -7 due +2s Do",
    );
}

#[test]
fn the_journals_line_says_who_answered_what() {
    let world = creating().hear(created(1, 1));
    let line = "original.create_user answered created; create ended created; in wallet; \
                waiting for original.wallet_created; poll in 5s";
    assert_eq!(world.last.detail, line);
}
