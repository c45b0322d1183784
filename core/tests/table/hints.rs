//! Hints move nothing by themselves: they ask the read that makes them a fact.

use std::collections::BTreeMap;

use gangway_core::effect::Request;
use gangway_core::event::Identifier;
use gangway_core::flow::model::{EndStatus, Verb};
use serde_json::json;

use super::places::{creating, waiting, waiting_without_poll};
use crate::world::events::{
    again, created, done, fact, hint, read_of, report, sent, timer, told, wallet_fact, wallet_hint,
};
use crate::world::flows::{call, flow, wait, wait_of, wallet};
use crate::world::{BEGIN, World, check};
use gangway_core::outcome::{Answer, AttemptResult};
use gangway_core::time::Millis;

fn confirming() -> World {
    waiting_without_poll().hear(wallet_hint(1))
}

#[test]
fn an_awaited_hint_asks_the_confirming_read_with_the_onboardings_identifiers() {
    let expect = "applied wallet/waiting; asks 2 call original.get; wake +3600s";
    let world = check(waiting_without_poll(), wallet_hint(1), expect);
    let input = json!({"uid": "42"}).as_object().unwrap().clone();
    assert_eq!(
        world.last.asks[0].request,
        Request::Call { action: "original.get".into(), input, secrets: BTreeMap::new() }
    );
}

#[test]
fn the_confirming_reads_fact_leaves_the_wait() {
    let answer = told(2, 1, "found", vec![fact("original.wallet_created", 0, "0xa")]);
    check(confirming(), answer, "applied welcome/active; 2 settled found; asks 3 mail welcome; onboarding.moved");
}

#[test]
fn a_hint_that_came_before_its_wait_is_confirmed_when_the_wait_is_entered() {
    let early = creating().hear(wallet_hint(1));
    assert_eq!(early.told(), "noted create/active");
    let expect = "applied wallet/waiting; 1 settled created; asks 2 call original.get; wake +3600s; onboarding.moved";
    check(early, created(1, 1), expect);
}

#[test]
fn a_hint_without_a_confirming_read_runs_the_poll_at_once() {
    let mut flow = wallet();
    wait_of(&mut flow, "wallet").arrivals[0].confirm = None;
    let expect = "applied wallet/waiting; asks 2 call original.get_wallet; wake +3600s";
    check(World::begin(flow).hear(created(1, 1)), wallet_hint(1), expect);
}

#[test]
fn a_hint_that_nothing_can_confirm_is_remembered_and_the_deadline_remains() {
    let blind = || {
        let mut world = waiting_without_poll();
        world.last.onboarding.memory.identifiers.clear();
        world
    };
    check(blind(), wallet_hint(1), "noted wallet/waiting; wake +3600s");
    let mut flow = blind().flow;
    let confirm = wait_of(&mut flow, "wallet").arrivals[0].confirm.as_mut().unwrap();
    confirm.input = [("email".to_owned(), Identifier::EMAIL.to_owned())].into();
    let world = blind().with_flow(flow);
    check(world, wallet_hint(1), "applied wallet/waiting; asks 2 call original.get; wake +3600s");
}

#[test]
fn a_hint_while_a_read_is_under_way_asks_no_second_one() {
    check(confirming(), wallet_hint(2), "noted wallet/waiting; wake +3600s");
    check(waiting().wait(5).hear(timer()), wallet_hint(2), "noted wallet/waiting; wake +3595s");
}

#[test]
fn a_hint_that_came_after_the_read_was_sent_asks_one_more_after_its_negative_answer() {
    let world = confirming().wait(1);
    let before = world.now;
    let world = world.wait(1).hear(wallet_hint(2)).wait(1);
    let negative = |at| sent(2, 1, at, AttemptResult::Done(Answer::named("not_yet")));
    let expect = "applied wallet/waiting; 2 settled not_yet; asks 3 call original.get; wake +3597s";
    check(world.clone(), negative(before), expect);
    let after = world.now;
    check(world, negative(after), "applied wallet/waiting; 2 settled not_yet; wake +2s");
}

#[test]
fn a_hint_that_is_not_confirmed_is_read_six_times_and_then_dropped() {
    let mut world = confirming();
    for (read, wait) in [2, 4, 8, 16, 32].into_iter().enumerate() {
        world = world.hear(done(2 + read as i64, 1, "not_yet"));
        assert!(world.told().contains(&format!("wake +{wait}s")), "{}", world.told());
        world = world.wait(wait).hear(timer());
    }
    let world = check(world, done(7, 1, "not_yet"), "applied wallet/waiting; 7 settled not_yet; wake +3538s");
    assert!(world.it().memory.facts.is_empty());
    check(world, wallet_hint(1), "applied wallet/waiting; asks 8 call original.get; wake +3538s");
}

#[test]
fn an_unconfirmed_hint_beside_a_poll_leaves_the_rest_to_the_poll() {
    let world = waiting().hear(wallet_hint(1)).wait(1);
    let world = check(world, done(2, 1, "not_yet"), "applied wallet/waiting; 2 settled not_yet; wake +2s");
    check(world.wait(2), timer(), "applied wallet/waiting; asks 3 call original.get_wallet; wake +3597s");
}

#[test]
fn a_confirming_read_that_always_fails_is_given_up_until_the_next() {
    let world = confirming().hear(again(2, 1)).hear(again(2, 2));
    check(world, again(2, 3), "applied wallet/waiting; 2 settled exhausted; wake +2s");
}

#[test]
fn a_hint_that_came_meanwhile_waits_for_the_next_read_when_the_provider_fails() {
    let world = waiting().hear(wallet_hint(1)).hear(again(2, 1)).wait(1).hear(wallet_hint(2)).hear(again(2, 2));
    let before = BEGIN.plus(Millis::secs(1));
    let failed = sent(2, 3, before, AttemptResult::Again { cause: "503".into(), retry_after: None, spent: true });
    let world = check(world, failed, "applied wallet/waiting; 2 settled exhausted; wake +2s");
    check(world.wait(2), timer(), "applied wallet/waiting; asks 3 call original.get; wake +3597s");
}

#[test]
fn hints_of_several_facts_are_read_in_turn() {
    let either = wait(&[("one", "original.a", "done"), ("other", "ibm.b", "done")]);
    let end = Verb::End(EndStatus::Completed.into());
    let flow = flow(&[], [("create", call("a.b", &[("created", "either")])), ("either", either), ("done", end)]);
    let both = report(vec![hint("original.a", 1, "x"), hint("ibm.b", 1, "x")]);
    let world = World::begin(flow).hear(created(1, 1));
    let world = check(world, both, "applied either/waiting; asks 2 call ibm.get; wake +3600s");
    let world = world.hear(done(2, 1, "not_yet")).wait(2);
    check(world, timer(), "applied either/waiting; asks 3 call original.get; wake +3598s");
}

#[test]
fn a_hint_of_what_is_known_as_a_fact_is_noted_however_new_it_is() {
    let world = check(creating().hear(wallet_fact()), wallet_hint(99), "noted create/active");
    assert_eq!(world.it().memory.facts[0].report, read_of(fact("original.wallet_created", 1, "0xa")));
}

#[test]
fn a_fact_replaces_a_hint_however_old_it_is() {
    let world = creating().hear(wallet_hint(99)).hear(wallet_fact());
    assert_eq!(world.it().memory.facts[0].report, read_of(fact("original.wallet_created", 1, "0xa")));
}
