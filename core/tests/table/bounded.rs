//! What is remembered has a bound, however long the far ends talk.

use gangway_core::event::FactReport;
use serde_json::json;

use super::places::{creating, ended, mailing};
use crate::world::events::{cancel, created, fact, fields, report};
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
