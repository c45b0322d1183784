//! What people do: retry, move, cancel, note; and what is refused.

use gangway_core::event::OperatorAct;

use super::places::{asking, creating, ended, first_of_two, mailing, waiting};
use crate::world::events::{
    again, broken, cancel, created, done, move_to, note, operator, retry, seen, stranded, timer, wallet_hint,
};
use crate::world::flows::{ask, call_of, failing, flow, wallet};
use crate::world::{World, check};

fn refused(given: World, when: gangway_core::event::Event, place: &str, why: &str) {
    let world = check(given, when, &format!("refused {place}"));
    assert_eq!(world.last.detail, why);
}

#[test]
fn a_retry_in_a_review_goes_on_with_the_same_effect_counted_anew() {
    let review = creating().hear(again(1, 1)).hear(again(1, 2)).hear(again(1, 3)).wait(9999);
    let world = check(review, retry(), "applied create/active; 1 due +0s Do");
    let world = check(world, again(1, 4), "applied create/active; 1 due +1s Do");
    check(world, created(1, 5), "applied wallet/waiting; 1 settled created; wake +5s; onboarding.moved");
    check(creating().hear(broken(1, 1)), retry(), "applied create/active; 1 due +0s Do");
}

#[test]
fn a_retry_in_a_review_without_an_effect_enters_the_state_again() {
    let review = creating().hear(done(1, 1, "vanished"));
    check(review, retry(), "applied create/active; asks 2 call original.create_user");
    let mut flow = wallet();
    call_of(&mut flow, "create").with.insert("x".into(), failing());
    let world = World::begin(flow).wait(1).hear(retry());
    assert_eq!(world.told(), "applied create/review (expression); onboarding.review", "the question is asked anew");
    check(world.with_flow(wallet()), retry(), "applied create/active; asks 1 call original.create_user");
}

#[test]
fn a_retry_answers_an_ask_state_that_offers_it() {
    check(asking(), retry(), "applied create/active; asks 2 call original.create_user; onboarding.moved");
    let only = World::begin(flow(&[], [("ask", ask(&[("give_up", "ask")]))]));
    refused(only, retry(), "ask/review (asked)", "support is asked; possible: give_up (move to ask)");
}

#[test]
fn a_retry_while_waiting_polls_now() {
    check(waiting(), retry(), "applied wallet/waiting; asks 2 call original.get_wallet; wake +3600s");
    let polled = waiting().wait(5).hear(timer()).hear(again(2, 1));
    check(polled, retry(), "applied wallet/waiting; 2 due +0s Do; wake +3595s");
    let confirmed = first_of_two().hear(wallet_hint(1));
    refused(
        confirmed,
        retry(),
        "first/waiting; wake +3600s",
        "nothing can be read while it waits; possible: move, cancel",
    );
}

#[test]
fn a_retry_makes_the_next_attempt_due_now_but_not_one_that_is_under_way() {
    check(creating().hear(again(1, 1)), retry(), "applied create/active; 1 due +0s Do");
    let why = "original.create_user is being performed; possible: move, cancel";
    refused(creating(), retry(), "create/active", why);
}

#[test]
fn a_move_settles_what_is_pending_and_enters_the_state() {
    let expect = "applied support/review (asked); 1 settled cancelled; onboarding.review";
    check(creating(), move_to("support"), expect);
    check(asking(), move_to("abandoned"), "applied abandoned/failed; onboarding.failed");
    check(creating().hear(broken(1, 1)), move_to("done"), "applied done/completed; onboarding.completed");
    check(mailing(), move_to("welcome"), "applied welcome/active; 2 settled cancelled; asks 3 mail welcome");
}

#[test]
fn a_move_to_where_it_is_asked_already_at_the_same_moment_changes_nothing() {
    let moved = asking().hear(move_to("support"));
    check(moved, move_to("support"), "noted support/review (asked)");
}

#[test]
fn a_move_to_a_state_that_the_flow_does_not_have_is_refused() {
    let why = "the flow has no such state; possible: create, wallet, welcome, tell, support, abandoned, done";
    refused(creating(), move_to("ada@example.org"), "create/active", why);
}

#[test]
fn a_cancel_ends_it_from_anywhere_and_keeps_the_state() {
    check(creating(), cancel(), "applied create/cancelled; 1 settled cancelled; onboarding.cancelled");
    check(waiting(), cancel(), "applied wallet/cancelled; onboarding.cancelled");
    check(asking(), cancel(), "applied support/cancelled; onboarding.cancelled");
    let lost = creating().with_flow(flow(&[], [("other", ask(&[]))]));
    check(lost, cancel(), "applied create/cancelled; 1 settled cancelled; onboarding.cancelled");
}

#[test]
fn what_has_ended_can_only_be_noted() {
    for act in [retry(), move_to("create"), cancel()] {
        refused(ended(), act, "done/completed", "it has ended (completed); possible: note");
    }
    check(ended(), note(), "noted done/completed");
}

#[test]
fn a_note_changes_nothing() {
    check(creating(), note(), "noted create/active");
    check(waiting(), note(), "noted wallet/waiting; wake +5s");
}

#[test]
fn a_retry_without_the_state_in_the_flow_is_refused_and_a_move_mends_it() {
    let lost = creating().hear(again(1, 1)).with_flow(flow(&[], [("other", ask(&[("retry", "other")]))]));
    let lost = lost.hear(timer());
    let why = "the flow has no such state as this one; possible: move, cancel";
    refused(lost.clone(), retry(), "create/review (flow)", why);
    check(lost, move_to("other"), "applied other/review (asked); onboarding.review");
}

#[test]
fn an_operator_who_saw_another_revision_is_refused_and_one_who_saw_this_is_not() {
    let why = "it is at revision 1 now; look again before deciding";
    refused(creating(), seen(move_to("done"), 2), "create/active", why);
    let expect = "applied done/completed; 1 settled cancelled; onboarding.completed";
    check(creating(), seen(move_to("done"), 1), expect);
    refused(creating(), seen(note(), 9), "create/active", why);
    check(creating(), seen(note(), 1), "noted create/active");
}

#[test]
fn an_operator_who_adopts_a_held_event_moves_nothing_by_that() {
    check(creating(), operator(OperatorAct::Adopt { event: 5 }), "noted create/active");
    check(ended(), operator(OperatorAct::Adopt { event: 5 }), "noted done/completed");
}

#[test]
fn what_the_sweep_finds_stranded_is_a_review_that_a_retry_mends() {
    let expect = "applied create/review (flow); onboarding.review";
    let world = check(creating(), stranded(), expect);
    check(world.clone(), stranded(), "noted create/review (flow)");
    check(world, retry(), "applied create/active; asks 2 call original.create_user");
    check(waiting(), stranded(), "applied wallet/review (flow); onboarding.review");
    check(ended(), stranded(), "noted done/completed");
}
