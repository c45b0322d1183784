//! Two engines on one PostgreSQL at the same moment: what one writer never sees.

use std::collections::BTreeMap;

use gangway::engine::Arrival;
use gangway_core::event::Trust;
use gangway_core::onboarding::Status;
use sea_orm::sqlx::{PgPool, query, query_scalar};
use serde_json::json;

use crate::db::TestDb;
use crate::dice::{Dice, seed};
use crate::wait::until;
use crate::world::World;

async fn two(db: &TestDb) -> (World, World) {
    (World::new(db).await, World::with(db, 2, |_| {}).await)
}

/// Waits until so many connections wait for another one's lock.
async fn waiting(watch: &PgPool, wanted: i64) {
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    until("somebody waits for a lock", async || {
        let found: i64 = query_scalar(sql).fetch_one(watch).await.unwrap();
        (found >= wanted).then_some(())
    })
    .await;
}

/// Everything that a webhook in one engine and the outcome that writes its identifier in another can leave: the fact
/// is known to its onboarding and nothing is held.
async fn assert_found(world: &World, name: &str) {
    assert!(world.of_verdict("held").await.is_empty(), "{name}'s webhook is held for ever");
    let onboardings = world.onboardings_of(name).await;
    assert_eq!(onboardings[0].memory.facts.len(), 1, "{name}'s fact is lost");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_that_races_with_the_outcome_that_writes_its_identifier_finds_its_owner() {
    let db = TestDb::postgres().await;
    let (one, other) = two(&db).await;
    for round in 0..60 {
        let name = format!("ann{round}");
        one.sign_up(&name).await;
        let effect = one.hands.take().remove(0);
        let (outcome, webhook) = (one.say().good(&effect, &name), one.say().wallet(&name, &name, Trust::Fact));
        tokio::join!(one.one(outcome), other.one(webhook));
        assert_found(&one, &name).await;
        one.hands.take();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whichever_of_the_two_comes_to_the_identifier_first_the_webhook_finds_its_owner() {
    let db = TestDb::postgres().await;
    let (one, other) = two(&db).await;
    let watch = PgPool::connect(&db.url).await.unwrap();
    // Inserts into the locked table wait: events are written after identifiers were claimed, effects after events.
    for (round, (outcome_first, table)) in [(true, "effects"), (false, "events")].into_iter().cycle().take(12).enumerate() {
        let name = format!("ann{round}");
        one.sign_up(&name).await;
        let effect = one.hands.take().remove(0);
        let (outcome, webhook) = (one.say().good(&effect, &name), one.say().wallet(&name, &name, Trust::Fact));
        let mut stop = watch.begin().await.unwrap();
        let lock = format!("LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE");
        query(sea_orm::sqlx::AssertSqlSafe(lock)).execute(&mut *stop).await.unwrap();
        let (first, second) = if outcome_first { (outcome, webhook) } else { (webhook, outcome) };
        let second = async {
            waiting(&watch, 1).await;
            let released = async {
                waiting(&watch, 2).await;
                stop.rollback().await.unwrap();
            };
            tokio::join!(other.one(second), released);
        };
        tokio::join!(one.one(first), second);
        assert_found(&one, &name).await;
        (one.hands.take(), other.hands.take());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_starts_of_one_new_user_in_two_engines_are_one_onboarding() {
    let db = TestDb::postgres().await;
    let (one, other) = two(&db).await;
    for round in 0..40 {
        let name = format!("ann{round}");
        let (here, there) = (one.say().start(&format!("a{round}"), "user.signed_up", &name), one.say().sign_up(&name));
        let (here, there) = tokio::join!(one.one(here), other.one(there));
        assert_eq!(here.onboarding, there.onboarding);
        assert_eq!(one.onboardings_of(&name).await.len(), 1);
    }
    assert_eq!(one.number("SELECT count(*) FROM users").await, 40);
    assert_eq!(one.hands.take().len() + other.hands.take().len(), 40);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_early_message_that_races_with_its_sign_up_is_not_left_held() {
    let db = TestDb::postgres().await;
    let (one, other) = two(&db).await;
    for round in 0..40 {
        let name = format!("ann{round}");
        let start = one.say().start(&format!("v{round}"), "user.visited", &name);
        let said = one.say().message(&format!("c{round}"), "user.confirmed", &name, json!({}));
        tokio::join!(one.one(start), other.one(said));
        assert!(one.of_verdict("held").await.is_empty(), "round {round}");
        let effect = one.hands.take().remove(0);
        one.one(one.say().good(&effect, &name)).await;
        assert_eq!(one.onboardings_of(&name).await[0].status, Status::Completed, "round {round}");
    }
}

const ROUNDS: usize = 220;

/// What two people of a round say, in one run of the whole story; answers to effects come in the next round.
struct Story {
    /// Names by onboarding, for the answers.
    people: usize,
    said: Vec<Arrival>,
}

impl Story {
    /// The round's arrivals: new people, early and late webhooks and messages, answers, and old events again.
    fn round(&mut self, world: &World, dice: &mut Dice, answers: Vec<Arrival>) -> Vec<Arrival> {
        let say = world.say();
        let mut now = answers;
        let n = self.people;
        self.people += 2;
        let (ann, ben) = (format!("ann{n}"), format!("ben{n}"));
        // Early for the next round's people, late for those of a round before.
        for who in [n, n + 2, n.saturating_sub(2)] {
            now.push(say.wallet(&format!("w{who}-{n}"), &format!("ann{who}"), Trust::Fact));
            let name = format!("ben{who}");
            now.push(say.message(&format!("c{who}-{n}"), "user.confirmed", &name, json!({ "n": n })));
        }
        now.push(say.sign_up(&ann));
        now.push(say.start(&format!("again-{n}"), "user.signed_up", &ann));
        now.push(say.start(&format!("visit-{n}"), "user.visited", &ben));
        self.said.extend(now.iter().cloned());
        let again = (0..4).map(|_| self.said[dice.below(self.said.len())].clone()).collect::<Vec<_>>();
        now.extend(again);
        now
    }
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
    let states = all.into_iter().map(|one| {
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
    let mut dice = Dice::new(seed);
    let mut story = Story { people: 0, said: Vec::new() };
    let mut asked = Vec::new();
    let mut received = 0;
    for _ in 0..ROUNDS {
        let batch = story.round(&alone, &mut dice, asked);
        received += batch.len();
        alone.accept(&dice.shuffled(&batch)).await;
        asked = answers(&[&alone]).await;
    }
    alone.accept(&asked).await;
    received += asked.len();

    let (one, other) = two(&db).await;
    let mut dice = Dice::new(seed);
    let mut story = Story { people: 0, said: Vec::new() };
    let mut asked = Vec::new();
    for _ in 0..ROUNDS {
        let batch = story.round(&one, &mut dice, asked);
        let (here, there) = (dice.shuffled(&batch), dice.shuffled(&batch));
        tokio::join!(one.accept(&here), other.accept(&there));
        asked = answers(&[&one, &other]).await;
    }
    tokio::join!(one.accept(&asked), other.accept(&asked));

    assert_eq!(everyone(&one).await, everyone(&alone).await, "seed {seed}");
    let twice = i64::try_from(received * 2).unwrap();
    assert_eq!(one.received().await, twice, "seed {seed}: each engine received all");
    assert_eq!(one.of_verdict("held").await.len(), alone.of_verdict("held").await.len(), "seed {seed}");
    drop((one, other));
    assert_eq!(deadlocks(&db).await, 0, "seed {seed}");
}

/// Deadlocks that the server saw in this database, once its other connections have ended and told.
async fn deadlocks(db: &TestDb) -> i64 {
    let watch = PgPool::connect(&db.url).await.unwrap();
    let others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    until("the engines' connections end", async || {
        let left: i64 = query_scalar(others).fetch_one(&watch).await.unwrap();
        (left == 0).then_some(())
    })
    .await;
    let sql = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    query_scalar(sql).fetch_one(&watch).await.unwrap()
}
