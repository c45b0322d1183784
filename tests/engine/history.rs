//! Random histories: what was received is counted, the journal replayed gives what is stored, no onboarding is
//! stranded.
//!
//! `GANGWAY_TEST_SEED` repeats one history; the seed is in the name of every failure.

use std::collections::HashMap;

use gangway::engine::replay::replay;
use gangway::engine::{Arrival, child, sweep, timers, writer};
use gangway::store::types::LeasedEffect;
use gangway_core::effect::Request;
use gangway_core::event::{OnboardingId, OperatorAct, Trust};
use gangway_core::outcome::{Answer, AttemptResult};
use gangway_core::time::Millis;
use serde_json::json;

use crate::db::TestDb;
use crate::dice::{one_in, seed};
use crate::on_both_databases;
use crate::say::{again, good};
use crate::world::World;
use fastrand::Rng;

on_both_databases!(a_random_history_is_counted_whole_and_replays_to_what_is_stored);

const BATCHES: usize = 120;
const PEOPLE: usize = 6;
const HOW: sweep::Sweeping = sweep::Sweeping { every: Millis::secs(60), hold: Millis::secs(3 * 3600), limit: 1000 };

/// A run of chance.
struct Run<'a> {
    world: &'a World,
    dice: Rng,
    /// Everything said so far, for copies.
    said: Vec<Arrival>,
    /// Effects that were handed over, answered or not.
    effects: Vec<LeasedEffect>,
    onboardings: HashMap<OnboardingId, String>,
    count: usize,
}

impl Run<'_> {
    fn name(&mut self) -> String {
        format!("p{}", self.dice.usize(..PEOPLE))
    }

    /// Something that anyone might say now.
    fn arrival(&mut self) -> Arrival {
        self.count += 1;
        let (say, name, key) = (self.world.say(), self.name(), format!("k{}", self.count));
        let old = self.dice.choice(&self.said).cloned();
        match (self.dice.usize(..10), old) {
            (0, _) => say.start(&key, "user.signed_up", &name),
            (1, _) => {
                let kinds = ["user.visited", "user.house", "user.hotel", "user.guest"];
                say.start(&key, kinds[self.dice.usize(..kinds.len())], &name)
            }
            (2, _) => say.message(&key, "user.confirmed", &name, json!({ "n": self.count, "f": 0.1 + 0.2 })),
            (3, _) => say.message(&key, "poison", &name, json!({})),
            (4, _) => say.wallet(&key, &name, Trust::Hint),
            (5, _) if one_in(&mut self.dice, 6) => say.wallet(&key, &name, Trust::Fact),
            (6, Some(old)) => old,
            // Other content under a key that is known.
            (7, Some(old)) => say.start(&old.event.key, &old.event.kind, &name),
            (8, _) => self.click(&key),
            _ => self.outcome(),
        }
    }

    fn outcome(&mut self) -> Arrival {
        let say = self.world.say();
        let Some(effect) = self.dice.choice(&self.effects).cloned() else {
            let name = self.name();
            return say.sign_up(&name);
        };
        match &effect.request {
            // Handed in, and its answer told, in any order and any number of times.
            Request::Start { flow, user, data } if !one_in(&mut self.dice, 3) => {
                return child::begins(effect.id, flow, *user, data, say.0);
            }
            Request::Tell { parent, fact } if !one_in(&mut self.dice, 3) => {
                return child::ended(effect.id, *parent, fact, say.0);
            }
            _ => {}
        }
        let name = self.onboardings.get(&effect.id.onboarding).cloned().unwrap_or_default();
        let result = match self.dice.usize(..8) {
            0 => again("busy"),
            1 => AttemptResult::Unknown { cause: "time-out".into() },
            2 => AttemptResult::NotDone,
            3 if one_in(&mut self.dice, 3) => AttemptResult::Broken { cause: "odd".into() },
            4 if one_in(&mut self.dice, 3) => AttemptResult::Done(Answer::named("refused")),
            5 | 6 if effect.request.target().1 == "original.get_user" => {
                AttemptResult::Done(Answer::named("no_wallet"))
            }
            _ => good(&effect, &name),
        };
        say.outcome(&effect, result)
    }

    fn click(&mut self, key: &str) -> Arrival {
        let say = self.world.say();
        let mut ids: Vec<OnboardingId> = self.onboardings.keys().copied().collect();
        ids.sort_unstable();
        let Some(id) = self.dice.choice(&ids).copied() else { return say.sign_up(key) };
        let act = match self.dice.usize(..8) {
            0 => OperatorAct::Cancel,
            1 => OperatorAct::Note,
            2 => OperatorAct::Move { state: "create_user".into() },
            3 => OperatorAct::Adopt { event: self.dice.i64(0..200) },
            _ => OperatorAct::Retry,
        };
        say.act(key, id, act, one_in(&mut self.dice, 3).then_some(2))
    }
}

async fn a_random_history_is_counted_whole_and_replays_to_what_is_stored(db: &TestDb) {
    let seed = seed();
    eprintln!("GANGWAY_TEST_SEED={seed}");
    let world = World::with(db, seed, |options| options.adopt = 3).await;
    world.refuse_inserts("events", "kind = 'poison'").await;
    let (door, queue) = writer::door(1024);
    drop(writer::start(&world.engine, &queue, 1));
    let (dice, said, effects) = (Rng::with_seed(seed), Vec::new(), Vec::new());
    let mut run = Run { world: &world, dice, said, effects, onboardings: HashMap::new(), count: 0 };
    let mut accepted = 0;
    for _ in 0..BATCHES {
        let batch: Vec<Arrival> = (0..=run.dice.usize(..6)).map(|_| run.arrival()).collect();
        for receipt in world.accept(&batch).await {
            accepted += 1;
            if let Some(id) = receipt.onboarding {
                run.onboardings.insert(id, world.onboarding(id).await.user.external_id);
            }
        }
        run.said.extend(batch);
        run.effects.extend(world.due().await);
        if one_in(&mut run.dice, 4) {
            world.clock.advance(Millis(run.dice.u64(..1_000_000)));
            timers::tick(&world.engine, &door, world.say().0).await.unwrap();
            let swept = sweep::tick(&world.engine, &door, world.say().0, HOW).await.unwrap();
            assert_eq!((swept.stranded, swept.adopted), (0, 0), "seed {seed}");
            run.effects.extend(world.due().await);
        }
    }
    let own = "SELECT coalesce(sum(copies), 0) FROM events WHERE source IN ('timer', 'engine') \
               AND kind NOT LIKE 'flow.%'";
    let aside = world.quarantined().await.len();
    let received = world.received().await - world.number(own).await + i64::try_from(aside).unwrap();
    assert_eq!(received, accepted, "seed {seed}");
    let kept = world.store().figures(world.say().0).await.unwrap();
    world.store().recount().await.unwrap();
    assert_eq!(world.store().figures(world.say().0).await.unwrap(), kept, "seed {seed}: counted");
    for id in run.onboardings.keys() {
        assert_replays(&world, *id, seed).await;
    }
}

pub async fn assert_replays(world: &World, id: OnboardingId, seed: u64) {
    let stored = world.onboarding(id).await;
    let history = world.store().history(id).await.unwrap();
    let flow = world.engine.flows.get(&stored.flow).unwrap();
    assert_eq!(replay(&flow, &stored.user, &history), Some(stored), "seed {seed}");
}
