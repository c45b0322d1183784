//! Cut anywhere, resume, compare: nothing but the stored onboarding is needed to go on. A crash is played by writing
//! the onboarding as the store does and reading it back; a lost acknowledgement by delivering the last event again.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that cannot go on stops")]

mod world;

use gangway_core::effect::Mode;
use gangway_core::event::{Body, Event};
use gangway_core::onboarding::{Onboarding, Purpose, ReviewCause, Status};
use gangway_core::step::step;
use gangway_core::time::Timestamp;
use proptest::prelude::*;
use world::World;
use world::events::*;
use world::flows::{two_waits, wallet};
use world::scripts::any_world;

/// Whole histories: the straight way, and ways with every kind of trouble.
fn histories() -> Vec<World> {
    let begun = || World::begin(wallet());
    vec![
        begun().hear(created(1, 1)).hear(wallet_fact()).hear(done(2, 1, "sent")).hear(done(3, 1, "sent")),
        begun().hear(wallet_fact()).hear(unknown(1, 1)).wait(2).hear(not_done(1, 2)).wait(4).hear(created(1, 3)),
        begun()
            .hear(created(1, 1))
            .wait(5)
            .hear(timer())
            .hear(done(2, 1, "no_wallet"))
            .wait(2)
            .hear(timer())
            .hear(done(3, 1, "has_wallet"))
            .hear(unknown(4, 1))
            .hear(retry())
            .hear(done(4, 2, "sent")),
        begun()
            .hear(created(1, 1))
            .hear(wallet_hint(1))
            .hear(wallet_hint(2))
            .wait(1)
            .hear(done(2, 1, "not_yet"))
            .hear(wallet_hint(3))
            .hear(told(3, 1, "found", vec![fact("original.wallet_created", 4, "0xa")])),
        begun()
            .hear(again(1, 1))
            .hear(again(1, 2))
            .hear(again(1, 3))
            .hear(retry())
            .hear(broken(1, 4))
            .hear(move_to("support"))
            .hear(retry())
            .hear(done(2, 1, "refused"))
            .hear(move_to("abandoned")),
        World::begin(two_waits())
            .hear(report(vec![fact("ibm.second", 1, "x")]))
            .hear(created(1, 1))
            .hear(report(vec![fact("ibm.first", 1, "x")]))
            .hear(created(1, 1))
            .hear(done(2, 1, "issued")),
    ]
}

fn stored(onboarding: &Onboarding) -> Onboarding {
    serde_json::from_str(&serde_json::to_string(onboarding).unwrap()).unwrap()
}

/// Goes on from a stored onboarding with the rest of a journal.
fn resume(world: &World, from: &Onboarding, rest: &[(Event, Timestamp)]) -> Onboarding {
    let next =
        |it: Onboarding, (event, at): &(Event, Timestamp)| stored(&step(&world.flow, &it, event, *at).onboarding);
    rest.iter().fold(stored(from), next)
}

#[test]
fn every_prefix_of_a_history_resumes_to_the_same_end() {
    for world in histories() {
        assert_resumes(&world);
    }
}

#[test]
fn the_histories_end_where_they_say() {
    let ends: Vec<(String, &str)> =
        histories().iter().map(|world| (world.it().state.clone(), world.it().status.word())).collect();
    let expected = [
        ("done", "completed"),
        ("welcome", "active"),
        ("tell", "active"),
        ("welcome", "active"),
        ("abandoned", "failed"),
        ("done", "completed"),
    ];
    assert_eq!(ends, expected.map(|(state, status)| (state.to_owned(), status)));
}

fn assert_resumes(world: &World) {
    let mut prefix = World::begin(world.flow.clone()).last.onboarding;
    for cut in 1..world.journal.len() {
        let (event, at) = &world.journal[cut];
        assert_eq!(&resume(world, &prefix, &world.journal[cut..]), world.it(), "cut before event {cut}");
        prefix = step(&world.flow, &prefix, event, *at).onboarding;
        if matches!(event.body, Body::Operator { .. }) {
            continue;
        }
        let again = step(&world.flow, &stored(&prefix), event, *at);
        assert_eq!(again.onboarding, prefix, "event {cut} is delivered again: {}", again.detail);
        assert!(again.asks.is_empty(), "nothing is asked twice");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn every_prefix_of_any_history_resumes_to_the_same_end(world in any_world(16)) {
        assert_resumes(&world);
    }

    #[test]
    fn from_any_point_a_willing_world_leads_to_an_end(world in any_world(30)) {
        let mut world = World { last: gangway_core::decision::Decision { onboarding: stored(world.it()), ..world.last }, ..world };
        for _ in 0..60 {
            if world.it().status.ended() {
                return Ok(());
            }
            world = willing(world);
        }
        prop_assert!(false, "still {:?} in {}: {}", world.it().status, world.it().state, world.last.detail);
    }
}

/// A world where far ends answer well, timers ring and people decide.
fn willing(world: World) -> World {
    let (status, review) = (world.it().status, world.it().memory.review.as_ref().map(|review| review.cause));
    match (status, review, world.it().memory.pending.clone()) {
        (Status::Review, Some(ReviewCause::Asked | ReviewCause::Flow), _) => world.hear(move_to("done")),
        (Status::Review, ..) => world.hear(retry()),
        (_, _, Some(pending)) if pending.purpose != Purpose::Work => {
            let fact = fact("original.wallet_created", 5, "0xw");
            world.hear(told(pending.n, pending.tried + 1, "found", vec![fact]))
        }
        (_, _, Some(pending)) if pending.mode == Mode::LookUp => world.hear(not_done(pending.n, pending.tried + 1)),
        (_, _, Some(pending)) => {
            let answer = match pending.target.as_str() {
                "original.create_user" => "created",
                "ibm.issue" => "issued",
                "ibm.mend" => "mended",
                _ => "sent",
            };
            world.hear(done(pending.n, pending.tried + 1, answer))
        }
        _ => {
            let ahead = world.it().wake_at.map_or(0, |at| at.since(world.now).0.div_ceil(1000));
            world.wait(ahead).hear(timer())
        }
    }
}
