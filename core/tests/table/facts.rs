//! Merging what is said: newer, older, the same; reports and messages.

use gangway_core::event::{Event, FactReport};
use gangway_core::onboarding::Status;
use serde_json::json;

use super::places::{asking, creating, ended, mailing, waiting};
use crate::world::World;
use crate::world::check;
use crate::world::events::{adopt, done, fact, hint, message, message_at, read_of, report, wallet_fact};
use crate::world::flows::{call, flow, wait};

const WALLET: &str = "original.wallet_created";

fn known(world: &World) -> Vec<FactReport> {
    world.it().memory.facts.iter().map(|known| known.report.clone()).collect()
}

/// The wallet's fact of this resource, at this time.
fn of(resource: &str, at: u64) -> FactReport {
    FactReport { resource: resource.into(), ..fact(WALLET, at, "x") }
}

#[test]
fn a_fact_that_can_still_be_awaited_is_remembered_wherever_it_comes() {
    check(creating(), wallet_fact(), "noted create/active");
    check(asking(), wallet_fact(), "noted support/review (asked)");
    let world = check(mailing(), report(vec![of("other", 9)]), "noted welcome/active");
    assert_eq!(known(&world).len(), 2, "what was awaited and is read may still become newer");
}

#[test]
fn a_report_without_facts_is_noted() {
    check(waiting(), report(vec![]), "noted wallet/waiting; wake +5s");
}

#[test]
fn the_same_fact_again_changes_nothing() {
    let world = creating().hear(wallet_fact());
    let revision = world.it().revision;
    let world = check(world, wallet_fact(), "noted create/active");
    assert_eq!(world.it().revision, revision);
}

#[test]
fn an_older_fact_is_superseded() {
    let world = creating().hear(report(vec![fact(WALLET, 5, "new")]));
    let world = check(world, report(vec![fact(WALLET, 4, "old")]), "superseded create/active");
    assert_eq!(known(&world), [read_of(fact(WALLET, 5, "new"))]);
    check(ended(), report(vec![fact(WALLET, 0, "old")]), "noted done/completed");
}

#[test]
fn of_two_facts_of_one_time_the_greater_rank_wins_and_then_the_greater_content() {
    let ranked = |rank, value| FactReport { rank, ..fact(WALLET, 5, value) };
    let world = creating().hear(report(vec![ranked(2, "a")]));
    check(world.clone(), report(vec![ranked(1, "z")]), "superseded create/active");
    let world = check(world, report(vec![ranked(2, "b")]), "noted create/active");
    assert_eq!(known(&world), [read_of(ranked(2, "b"))]);
}

#[test]
fn a_fact_with_a_time_is_greater_than_one_without() {
    let timeless = FactReport { time: None, ..fact(WALLET, 0, "z") };
    let world = creating().hear(report(vec![fact(WALLET, 1, "a")]));
    check(world, report(vec![timeless]), "superseded create/active");
}

#[test]
fn facts_of_two_resources_stand_side_by_side() {
    let world = creating().hear(report(vec![of("b", 1), of("a", 2), of("b", 3)]));
    assert_eq!(known(&world), [of("a", 2), of("b", 3)].map(read_of));
}

#[test]
fn a_report_with_news_and_old_facts_is_noted() {
    let world = creating().hear(report(vec![fact(WALLET, 5, "new")]));
    check(world, report(vec![fact(WALLET, 4, "old"), of("other", 1)]), "noted create/active");
}

#[test]
fn a_newer_version_of_the_fact_that_left_a_wait_is_what_later_states_read() {
    let world = check(mailing(), report(vec![fact(WALLET, 9, "0xnew")]), "noted welcome/active");
    assert_eq!(json!(world.it().memory.states["wallet"]), json!({"address": "0xnew"}));
}

#[test]
fn a_start_event_for_a_running_onboarding_is_noted() {
    let world = check(waiting(), message("user.signed_up", json!({})), "noted wallet/waiting; wake +5s");
    assert_eq!(world.last.detail, "already running");
}

fn terms() -> World {
    let terms = wait(&[("accepted", "user.terms_accepted", "make")]);
    World::begin(flow(
        &["states.terms.at"],
        [("before", call("a.b", &[("ok", "terms")])), ("terms", terms), ("make", call("a.c", &[]))],
    ))
}

#[test]
fn a_message_leaves_the_wait_for_its_type_with_what_the_flow_reads_of_it() {
    let world = terms().hear(done(1, 1, "ok"));
    let said = message("user.terms_accepted", json!({"at": "noon", "ip": "192.0.2.1"}));
    let world = check(world, said, "applied make/active; asks 2 call a.c; onboarding.moved");
    assert_eq!(json!(world.it().memory.states["terms"]), json!({"at": "noon"}));
    assert!(known(&world).is_empty(), "it is used up");
}

#[test]
fn a_state_that_is_entered_again_waits_for_a_new_message_and_not_for_a_new_fact() {
    let again = |awaited: &str| {
        World::begin(flow(&[], [("w", wait(&[("got", awaited, "make")])), ("make", call("a.b", &[("again", "w")]))]))
    };
    let said = |key: u64| message_at("user.terms_accepted", key, json!({}));
    let world = check(again("user.terms_accepted"), said(1), "applied make/active; asks 1 call a.b; onboarding.moved");
    let world = world.hear(done(1, 1, "again"));
    assert_eq!(world.it().state, "w", "the first message does not count twice");
    let world = world.hear(said(2));
    assert_eq!(world.it().state, "make");
    let world = again(WALLET).hear(report(vec![fact(WALLET, 1, "0x")])).hear(done(1, 1, "again"));
    assert_eq!(world.it().state, "make", "what a provider said is true stays true");
}

#[test]
fn a_message_that_comes_before_its_wait_is_found_later_and_an_older_version_of_it_is_superseded() {
    let said = |at, value: &str| message_at("user.terms_accepted", at, json!({"at": value}));
    let world = check(terms(), said(2, "new"), "noted before/active");
    let world = check(world, said(1, "old"), "superseded before/active");
    let expect = "applied make/active; 1 settled ok; asks 2 call a.c; onboarding.moved";
    let world = check(world, done(1, 1, "ok"), expect);
    assert_eq!(json!(world.it().memory.states["terms"]), json!({"at": "new"}));
}

/// Two waits for one type, one after the other.
fn papers() -> World {
    let paper = |next: &str| wait(&[("arrived", "user.paper_came", next)]);
    World::begin(flow(
        &["states.one.no", "states.two.no"],
        [
            ("before", call("a.b", &[("ok", "one")])),
            ("one", paper("two")),
            ("two", paper("make")),
            ("make", call("a.c", &[])),
        ],
    ))
}

fn paper(key: &str, at: u64) -> Event {
    Event { key: key.into(), ..message_at("user.paper_came", at, json!({ "no": key })) }
}

fn numbers(world: &World) -> Vec<serde_json::Value> {
    world.it().memory.states.values().filter_map(|fields| fields.get("no")).cloned().collect()
}

#[test]
fn of_early_messages_of_one_type_each_settles_a_wait_of_its_own_in_their_order() {
    for order in [[1, 2], [2, 1]] {
        let early = order.iter().fold(papers(), |world, n| world.hear(paper(&format!("p{n}"), *n)));
        assert_eq!(known(&early).len(), 2);
        let world = early.hear(done(1, 1, "ok"));
        assert_eq!((world.it().state.as_str(), numbers(&world)), ("make", vec![json!("p1"), json!("p2")]));
        assert!(known(&world).is_empty(), "both are used up");
    }
}

#[test]
fn an_early_message_and_one_in_time_end_as_two_in_time() {
    let early = papers().hear(paper("p1", 1)).hear(done(1, 1, "ok"));
    assert_eq!(early.it().state, "two");
    let in_time = papers().hear(done(1, 1, "ok")).hear(paper("p1", 1));
    for world in [early, in_time] {
        let world = world.hear(paper("p2", 2));
        assert_eq!((world.it().state.as_str(), numbers(&world)), ("make", vec![json!("p1"), json!("p2")]));
    }
}

#[test]
fn a_copy_of_an_early_message_does_not_settle_a_second_wait() {
    let world = papers().hear(paper("p1", 1)).hear(paper("p1", 1)).hear(done(1, 1, "ok"));
    assert_eq!(world.it().state, "two");
}

#[test]
fn more_early_messages_than_are_remembered_leave_the_earliest() {
    let mut world = papers();
    world.flow.limits.facts = 2;
    let world = [3, 1, 2].iter().fold(world, |world, n| world.hear(paper(&format!("p{n}"), *n)));
    assert_eq!(numbers(&world.hear(done(1, 1, "ok"))), [json!("p1"), json!("p2")]);
}

#[test]
fn early_messages_that_lead_round_and_round_are_no_circle() {
    let round = [("before", call("a.b", &[("ok", "w")])), ("w", wait(&[("got", "user.paper_came", "w")]))];
    let early = |n: u64| {
        (1..=n).fold(World::begin(flow(&[], round.clone())), |world, n| world.hear(paper(&format!("p{n}"), n)))
    };
    let world = early(9).hear(done(1, 1, "ok"));
    assert_eq!((world.it().status, known(&world).len()), (Status::Waiting, 0), "{}", world.last.detail);
}

#[test]
fn a_message_that_no_state_awaits_is_noted_and_not_remembered() {
    let world = check(waiting(), message("user.viewed_page", json!({"page": 1})), "noted wallet/waiting; wake +5s");
    assert!(known(&world).is_empty());
}

#[test]
fn adopting_is_the_engines_work_and_only_noted() {
    check(waiting(), adopt(), "noted wallet/waiting; wake +5s");
}

#[test]
fn the_journals_line_names_what_was_said_but_no_value() {
    let world = creating().hear(report(vec![hint(WALLET, 1, "0xa")]));
    assert_eq!(world.last.detail, "hint of original.wallet_created remembered");
    let world = world.hear(wallet_fact()).hear(report(vec![fact(WALLET, 0, "0xb")]));
    assert_eq!(world.last.detail, "original.wallet_created is older than what is known");
}
