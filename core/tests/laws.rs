//! Laws of the machine, tried on histories by chance. Every decision is also held to `world::laws`: a live reason or
//! an end, one revision for each change, no effect forgotten, one line of detail without personal data.
//!
//! What rule 3 (any order, any number of copies) cannot promise: when two *different* facts of one wait lead to
//! different states and both come while it waits, the first one has left it before the second is there. Found
//! together (when the wait is entered, or in one report) the greatest decides, in any order.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that cannot go on stops")]

mod world;

use std::collections::{BTreeMap, HashMap};

use gangway_core::event::{Body, Event, FactReport, Trust};
use gangway_core::flow::model::{EndStatus, Flow, Verb};
use gangway_core::onboarding::{Memory, Onboarding, Purpose};
use gangway_core::outcome::AttemptResult;
use gangway_core::step::{start, step};
use proptest::prelude::*;
use proptest::sample::Index;
use world::World;
use world::events::*;
use world::flows::{call, flow, two_waits, wait, wallet};
use world::scripts::{any_fact, any_flow, any_world, happening};

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn every_event_in_every_state_is_answered(world in any_world(30), next in happening()) {
        next.to(world);
    }

    #[test]
    fn every_event_is_answered_even_when_the_flow_is_another_one(
        world in any_world(12), other in prop_oneof![any_flow(), Just(flow(&[], []))], next in prop::collection::vec(happening(), 1..6),
    ) {
        next.iter().fold(world.with_flow(other), |world, next| next.to(world));
    }

    #[test]
    fn the_onboarding_is_the_fold_of_its_journal(world in any_world(30)) {
        prop_assert_eq!(&fold(&world.flow, &world.journal), world.it());
    }

    #[test]
    fn a_second_copy_of_an_event_changes_nothing(world in any_world(30)) {
        let (event, at) = world.journal.last().cloned().unwrap();
        // A timer looks at the clock, so one that rings later is no copy; an operator who repeats a wish means it.
        let copy = match event.body {
            Body::Operator { .. } => false,
            Body::Timer { .. } => at == world.now,
            _ => true,
        };
        if copy {
            let before = world.it().clone();
            let world = world.hear(event);
            prop_assert_eq!(world.it(), &before);
        }
    }

    #[test]
    fn an_answer_that_comes_late_equals_one_in_time(
        flow in prop::sample::select(vec![wallet(), two_waits()]),
        trouble in prop::collection::vec(0_usize..4, 0..8),
        answered in any::<Index>(),
    ) {
        let in_time = World::begin(flow.clone()).hear(created(1, 1));
        let mut world = World::begin(flow);
        for (attempt, what) in (1..).zip(&trouble) {
            world = world.hear(match what {
                0 => again(1, attempt),
                1 => unspent(1, attempt, None),
                2 => unknown(1, attempt),
                _ => broken(1, attempt),
            });
        }
        let attempt = 1 + answered.index(trouble.len() + 1) as u32;
        prop_assert_eq!(uncounted(world.hear(created(1, attempt)).it()), uncounted(in_time.it()));
    }

    #[test]
    fn facts_that_came_before_their_wait_end_the_same_in_any_order_and_number(
        (facts, others) in prop::collection::vec(any_fact(), 0..8).prop_flat_map(shuffled_with_copies),
    ) {
        for flow in [two_waits(), wallet()] {
            let told = |facts: &[FactReport]| {
                let each = |world: World, fact: &FactReport| world.hear(report(vec![fact.clone()]));
                facts.iter().fold(World::begin(flow.clone()), each).hear(created(1, 1))
            };
            let (one, other) = (told(&facts), told(&others));
            prop_assert_eq!(uncounted(one.it()), uncounted(other.it()));
            prop_assert_eq!(&one.last.asks, &other.last.asks);
            let at_once = World::begin(flow.clone()).hear(report(others.clone())).hear(created(1, 1));
            prop_assert_eq!(uncounted(one.it()), uncounted(at_once.it()));
        }
    }

    #[test]
    fn facts_of_more_resources_than_are_kept_end_the_same_in_any_order_and_number(
        (facts, others) in prop::collection::vec((any_fact(), 0_u32..6), 0..16)
            .prop_map(|facts| facts.into_iter().map(|(fact, n)| FactReport { resource: n.to_string(), ..fact }).collect())
            .prop_flat_map(shuffled_with_copies),
    ) {
        for mut flow in [two_waits(), wallet()] {
            flow.limits.facts = 2;
            let told = |facts: &[FactReport]| {
                let each = |world: World, fact: &FactReport| world.hear(report(vec![fact.clone()]));
                facts.iter().fold(World::begin(flow.clone()), each)
            };
            let (one, other) = (told(&facts), told(&others));
            prop_assert_eq!(uncounted(one.it()), uncounted(other.it()));
            let most = one.it().memory.facts.chunk_by(|a, b| a.report.name == b.report.name).map(<[_]>::len).max();
            prop_assert!(most.unwrap_or(0) <= 2);
            prop_assert_eq!(uncounted(one.hear(created(1, 1)).it()), uncounted(other.hear(created(1, 1)).it()));
        }
    }

    #[test]
    fn provider_facts_between_the_same_decisions_end_the_same_in_any_order_and_number(
        segments in prop::collection::vec(prop::collection::vec(staged_fact(), 0..5).prop_flat_map(shuffled_with_copies), 6),
        decisions in prop::collection::vec(0_usize..4, 6),
    ) {
        let run = |pick: fn(&Orders) -> &Vec<FactReport>| {
            let mut asked = Vec::new();
            let mut world = World::begin(stages());
            asked.extend(world.last.asks.clone());
            for (segment, decision) in segments.iter().zip(&decisions) {
                for fact in pick(segment) {
                    world = world.hear(report(vec![fact.clone()]));
                    asked.extend(world.last.asks.clone());
                }
                world = decide(world.wait(1), *decision);
                asked.extend(world.last.asks.clone());
            }
            (uncounted(world.it()), asked)
        };
        prop_assert_eq!(run(|segment| &segment.0), run(|segment| &segment.1));
    }
}

/// Replays a journal.
fn fold(flow: &Flow, journal: &[(Event, gangway_core::time::Timestamp)]) -> Onboarding {
    let ((first, at), rest) = journal.split_first().unwrap();
    let begun = start(flow, world::onboarding_id(), &world::user(), first, *at).onboarding;
    rest.iter().fold(begun, |onboarding, (event, at)| step(flow, &onboarding, event, *at).onboarding)
}

/// The onboarding without the count of its changes, and of its rounds since the last of them that was news: what is
/// news depends on the order, and only an onboarding that goes in a circle ever feels it.
fn uncounted(onboarding: &Onboarding) -> Onboarding {
    let memory = Memory { rounds: BTreeMap::new(), ..onboarding.memory.clone() };
    Onboarding { revision: 0, memory, ..onboarding.clone() }
}

/// Facts in one order, and in another.
type Orders = (Vec<FactReport>, Vec<FactReport>);

/// The facts as they are, and again in another order with some of them twice.
fn shuffled_with_copies(facts: Vec<FactReport>) -> impl Strategy<Value = Orders> {
    let copies = prop::collection::vec(1_usize..3, facts.len());
    (Just(facts), copies).prop_flat_map(|(facts, copies)| {
        let copied: Vec<FactReport> = facts.iter().zip(copies).flat_map(|(fact, n)| vec![fact.clone(); n]).collect();
        (Just(facts), Just(copied).prop_shuffle())
    })
}

/// Three waits in a row: a fact, a hint that must be confirmed, a fact.
fn stages() -> Flow {
    flow(
        &["states.one.v", "states.two.v", "states.three.v"],
        [
            ("create", call("original.create_user", &[("created", "one")])),
            ("one", wait(&[("came", "ibm.one", "two")])),
            ("two", wait(&[("came", "original.two", "pause")])),
            ("pause", call("ibm.pause", &[("created", "three")])),
            ("three", wait(&[("came", "ibm.three", "issue")])),
            ("issue", call("ibm.issue", &[("created", "done")])),
            ("late", Verb::End(EndStatus::Failed.into())),
            ("done", Verb::End(EndStatus::Completed.into())),
        ],
    )
}

/// Versions of what the three waits are for. Original only hints; IBM's are facts.
fn staged_fact() -> impl Strategy<Value = FactReport> {
    let names = prop::sample::select(vec!["ibm.one", "original.two", "ibm.three"]);
    (names, 1_u64..4, prop::sample::select(vec!["a", "b"]), 0_u32..2).prop_map(|(name, at, value, rank)| {
        let trust = if name.starts_with("original") { Trust::Hint } else { Trust::Fact };
        FactReport { rank, trust, ..fact(name, at, value) }
    })
}

/// What happens between two segments: an answer to what is pending, or the time passes.
fn decide(world: World, decision: usize) -> World {
    let Some(pending) = world.it().memory.pending.clone() else {
        let ahead = world.it().wake_at.filter(|_| decision == 0).map_or(0, |at| at.since(world.now).0.div_ceil(1000));
        return world.wait(ahead).hear(timer());
    };
    let attempt = pending.tried + 1;
    let read = pending.purpose != Purpose::Work;
    world.hear(match decision {
        0 => outcome(pending.n, attempt, AttemptResult::Unknown { cause: "cut".into() }),
        1 if read => done(pending.n, attempt, "not_yet"),
        _ if read => told(pending.n, attempt, "found", vec![fact("original.two", 9, "r")]),
        _ => created(pending.n, attempt),
    })
}

#[test]
fn a_report_of_both_facts_of_a_wait_is_decided_by_the_greatest_whatever_stands_first() {
    let both = [fact("ibm.second", 1, "x"), fact("ibm.failed", 2, "x")];
    let states: HashMap<String, usize> = [[0, 1], [1, 0]]
        .map(|order| {
            let world = World::begin(two_waits()).hear(created(1, 1)).hear(report(vec![fact("ibm.first", 1, "x")]));
            world.hear(report(order.map(|i| both[i].clone()).to_vec())).it().state.clone()
        })
        .into_iter()
        .fold(HashMap::new(), |mut states, state| {
            *states.entry(state).or_default() += 1;
            states
        });
    assert_eq!(states, HashMap::from([("broken".to_owned(), 2)]));
}
