//! One long story told to one engine, and to two at once on one PostgreSQL: the same end, and no transactions wait in a
//! ring.

use std::collections::BTreeMap;

use gangway::engine::Arrival;
use gangway_core::event::{Identifier, Trust};
use gangway_core::onboarding::Status;
use serde_json::json;

use crate::db::TestDb;
use crate::dice::{seed, shuffled};
use crate::races::{deadlocks, two};
use crate::say::{uid, wallet_fact};
use crate::world::World;
use fastrand::Rng;

const ROUNDS: usize = 220;

/// What the people of each round say; answers to effects come in the next round.
#[derive(Default)]
struct Story {
    people: usize,
    said: Vec<Arrival>,
}

impl Story {
    /// The round's arrivals: new people, early and late webhooks and messages, answers, and old events again.
    fn round(&mut self, world: &World, dice: &mut Rng, answers: Vec<Arrival>) -> Vec<Arrival> {
        let say = world.say();
        let mut now = answers;
        let n = self.people;
        self.people += 1;
        let (ann, ben) = (format!("ann{n}"), format!("ben{n}"));
        // Early for the next round's people, late for those of a round before.
        for who in [n, n + 1, n.saturating_sub(1)] {
            let ann = format!("ann{who}");
            // Each names two, in either order, of which the second is written a round later, or never.
            let mut names = vec![uid(&ann), Identifier::new("original.asset_uid", format!("asset-{ann}"))];
            names.rotate_left(n % 2);
            now.push(say.report(&format!("w{who}-{n}"), names, vec![wallet_fact(&ann, Trust::Fact)]));
            let name = format!("ben{who}");
            now.push(say.message(&format!("c{who}-{n}"), "user.confirmed", &name, json!({ "n": n })));
        }
        now.push(say.sign_up(&ann));
        now.push(say.start(&format!("again-{n}"), "user.signed_up", &ann));
        now.push(say.start(&format!("visit-{n}"), "user.visited", &ben));
        self.said.extend(now.iter().cloned());
        let again = (0..4).map(|_| dice.choice(&self.said).unwrap().clone()).collect::<Vec<_>>();
        now.extend(again);
        now
    }
}

/// Every arrival goes to one engine or to both, each with an order of its own.
fn dealt(dice: &mut Rng, batch: &[Arrival]) -> (Vec<Arrival>, Vec<Arrival>) {
    let (mut here, mut there) = (Vec::new(), Vec::new());
    for arrival in batch {
        let to = dice.u8(..3);
        here.extend((to != 0).then(|| arrival.clone()));
        there.extend((to != 1).then(|| arrival.clone()));
    }
    (shuffled(dice, &here), shuffled(dice, &there))
}

/// The good answers to all that was handed over.
async fn answers(worlds: &[&World]) -> Vec<Arrival> {
    let mut answers = Vec::new();
    for world in worlds {
        for effect in world.hands.take() {
            let name = world.onboarding(effect.id.onboarding).await.user.external_id;
            answers.push(world.say().good(&effect, &name));
        }
    }
    answers
}

/// Everyone's state by name, with how many effects were asked and facts are known.
async fn everyone(world: &World) -> BTreeMap<String, (String, Status, i64, usize)> {
    let filter = gangway::store::search::Filter { limit: 100_000, ..Default::default() };
    let all = world.store().onboardings(&filter).await.unwrap();
    let states = all.into_iter().map(Result::unwrap).map(|one| {
        let found = (one.state, one.status, one.memory.asked, one.memory.facts.len());
        (one.user.external_id, found)
    });
    states.collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_engines_with_shuffled_batches_never_deadlock_and_end_as_one_engine_does() {
    let seed = seed();
    let (db, alone) = (TestDb::postgres().await, TestDb::sqlite().await);
    let alone = World::new(&alone).await;
    let mut dice = Rng::with_seed(seed);
    let mut story = Story::default();
    let mut asked = Vec::new();
    for _ in 0..ROUNDS {
        let batch = story.round(&alone, &mut dice, asked);
        alone.accept(&shuffled(&mut dice, &batch)).await;
        asked = answers(&[&alone]).await;
    }
    alone.accept(&asked).await;

    let (one, other) = two(&db).await;
    let mut dice = Rng::with_seed(seed);
    let mut story = Story::default();
    let (mut asked, mut received) = (Vec::new(), 0);
    for _ in 0..ROUNDS {
        let batch = story.round(&one, &mut dice, asked);
        let (here, there) = dealt(&mut dice, &batch);
        received += i64::try_from(here.len() + there.len()).unwrap();
        tokio::join!(one.accept(&here), other.accept(&there));
        asked = answers(&[&one, &other]).await;
    }
    one.accept(&asked).await;
    received += i64::try_from(asked.len()).unwrap();

    assert_eq!(everyone(&one).await, everyone(&alone).await, "seed {seed}");
    assert_eq!(one.received().await, received, "seed {seed}");
    assert_eq!(one.of_verdict("held").await.len(), alone.of_verdict("held").await.len(), "seed {seed}");
    assert_eq!(deadlocks(&db, [one, other]).await, 0, "seed {seed}");
}
