//! What is remembered has a bound, however long the far ends talk.

use gangway_core::event::{FactReport, Identifier};
use gangway_core::outcome::{Answer, AttemptResult};
use serde_json::json;

use super::places::{creating, ended, mailing, waiting};
use crate::world::events::{cancel, created, fact, fields, outcome, report, timer};
use crate::world::flows::{call, flow, two_waits, wait};
use crate::world::{World, check};

fn of(name: &str, resource: u64) -> FactReport {
    FactReport { resource: format!("{resource:06}"), ..fact(name, resource, "x") }
}

/// So many facts more, each of a resource of its own; how large the row is then. What a step costs is what it copies,
/// compares and writes: the row.
fn told(mut world: World, name: &str, count: u64) -> (World, usize) {
    for resource in 1..=count {
        world = world.hear(report(vec![of(name, resource)]));
        world.journal.clear();
    }
    let size = json!(world.it().memory).to_string().len();
    (world, size)
}

#[test]
fn twenty_thousand_facts_of_new_resources_leave_no_trace_on_what_has_ended() {
    let before = json!(ended().it().memory).to_string().len();
    let (world, size) = told(ended(), "original.wallet_created", 20_000);
    assert_eq!((world.it().revision, size), (ended().it().revision, before));
    assert!(world.it().memory.facts.is_empty());
    let cancelled = mailing().hear(cancel());
    assert!(cancelled.it().memory.facts.is_empty());
    check(cancelled, report(vec![of("original.wallet_created", 7)]), "noted welcome/cancelled");
}

#[test]
fn twenty_thousand_facts_of_new_resources_leave_a_running_one_as_small_as_a_few() {
    for (name, kept) in [("ibm.asset_minted", 0), ("ibm.second", 20)] {
        let world = || World::begin(two_waits()).hear(created(1, 1));
        let (_, few) = told(world(), name, 100);
        let (world, many) = told(world(), name, 20_000);
        assert_eq!((world.it().memory.facts.len(), many / 100), (kept, few / 100), "{name}");
        let greatest = world.it().memory.facts.last().map(|known| known.report.resource.clone());
        assert_eq!(greatest, (kept > 0).then(|| "020000".to_owned()));
    }
}

#[test]
fn a_fact_that_no_state_which_can_follow_awaits_is_not_remembered() {
    let world = check(creating(), report(vec![of("ibm.asset_minted", 1)]), "noted create/active");
    assert_eq!(world.last.detail, "no state that can follow awaits ibm.asset_minted");
    assert!(world.it().memory.facts.is_empty());
    assert_eq!(world.it().revision, creating().it().revision);
}

#[test]
fn only_what_the_flow_reads_of_a_fact_is_kept() {
    let said =
        FactReport { fields: fields(&[("address", "0xa"), ("picture", "large")]), ..of("original.wallet_created", 1) };
    let world = creating().hear(report(vec![said]));
    assert_eq!(json!(world.it().memory.facts[0].report.fields), json!({"address": "0xa"}));
}

#[test]
fn facts_that_no_state_can_reach_any_more_are_dropped_when_a_state_is_entered() {
    let flow = flow(
        &["states.second.v"],
        [
            ("first", wait(&[("came", "ibm.first", "second"), ("never", "ibm.never", "second")])),
            ("second", wait(&[("came", "ibm.second", "make")])),
            ("make", call("a.make", &[("made", "make")])),
        ],
    );
    let world =
        World::begin(flow).hear(report(vec![fact("ibm.second", 1, "x")])).hear(report(vec![fact("ibm.first", 1, "x")]));
    let names: Vec<&str> = world.it().memory.facts.iter().map(|known| known.report.name.as_str()).collect();
    assert_eq!(
        (world.it().state.as_str(), names),
        ("make", vec!["ibm.second"]),
        "and what is read stays, for a newer version"
    );
}

#[test]
fn a_row_that_grew_before_there_was_a_bound_shrinks_with_the_next_fact() {
    let mut world = World::begin(two_waits()).hear(created(1, 1));
    world.flow.limits.facts = u32::MAX;
    let (mut world, _) = told(world, "ibm.second", 500);
    assert_eq!(world.it().memory.facts.len(), 500);
    world.flow.limits.facts = 20;
    assert_eq!(world.hear(report(vec![of("ibm.second", 501)])).it().memory.facts.len(), 20);
}

/// A poll that answers with these assets, as the effect of this number.
fn polled(world: World, effect: i64, assets: std::ops::Range<u32>) -> World {
    let identifiers = assets.map(|asset| Identifier::new("original.asset", format!("{asset:06}"))).collect();
    let answer = Answer { identifiers, ..Answer::named("no_wallet") };
    world.wait(10).hear(timer()).hear(outcome(effect, 1, AttemptResult::Done(answer)))
}

#[test]
fn a_provider_that_answers_with_ever_new_identifiers_leaves_the_newest_of_each_kind() {
    let mut world = waiting();
    world.flow.limits.identifiers = 10;
    for poll in 0..200 {
        let effect = i64::from(poll) + 2;
        world = polled(world, effect, poll * 3..poll * 3 + 3);
    }
    let known = &world.it().memory.identifiers;
    let assets: Vec<&str> =
        known.iter().filter(|one| one.kind == "original.asset").map(|one| one.value.as_str()).collect();
    assert_eq!((assets.len(), assets.last().copied()), (10, Some("000599")));
    assert!(known.contains(&Identifier::new("original.uid", "42")), "another kind's stays: {known:?}");
    let told = "3 of original.asset not remembered: the newest 10 are (engine.identifiers)";
    assert!(world.last.detail.contains(told), "{}", world.last.detail);
}

#[test]
fn one_answer_with_more_identifiers_than_are_remembered_changes_nothing_when_it_comes_again() {
    let mut world = waiting();
    world.flow.limits.identifiers = 10;
    let world = polled(world, 2, 0..5_000);
    let known = world.it().memory.identifiers.clone();
    assert_eq!((known.len(), known.last().map(|one| one.value.as_str())), (12, Some("004999")));
    let again = polled(world, 3, 0..5_000);
    assert_eq!(again.it().memory.identifiers, known);
    assert!(again.last.identifiers.is_empty(), "nothing is claimed anew: {:?}", again.last.identifiers);
}
