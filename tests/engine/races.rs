//! Two engines on one PostgreSQL at the same moment: what one writer never sees.

use gangway_core::event::Trust;
use gangway_core::onboarding::Status;
use sea_orm::sqlx::{Connection, PgConnection, PgPool, query, query_scalar};
use serde_json::json;

use crate::db::TestDb;
use crate::say::uid;
use crate::wait::until;
use crate::world::World;

pub async fn two(db: &TestDb) -> (World, World) {
    (World::new(db).await, World::with(db, 2, |_| {}).await)
}

/// Waits until this many connections wait for another one's lock.
pub async fn waiting(watch: &PgPool, wanted: i64) {
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
               AND wait_event_type = 'Lock' AND backend_type = 'client backend'";
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
    for (round, (outcome_first, table)) in
        [(true, "effects"), (false, "events")].into_iter().cycle().take(12).enumerate()
    {
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
        one.hands.take();
        other.hands.take();
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batches_that_start_the_user_of_the_others_early_message_do_not_wait_in_a_ring() {
    let db = TestDb::postgres().await;
    let (one, other) = two(&db).await;
    for round in 0..60 {
        let say = one.say();
        let (ann, ben) = (format!("ann{round}"), format!("ben{round}"));
        let said = |name: &str| say.message(&format!("c-{name}"), "user.confirmed", name, json!({}));
        let start = |name: &str| say.start(&format!("v-{name}"), "user.visited", name);
        let (here, there) = ([start(&ann), said(&ben)], [start(&ben), said(&ann)]);
        tokio::join!(one.accept(&here), other.accept(&there));
        assert!(one.of_verdict("held").await.is_empty(), "round {round}");
    }
    assert_eq!(deadlocks(&db, [one, other]).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batches_that_adopt_what_the_other_has_a_copy_of_do_not_wait_in_a_ring() {
    let db = TestDb::postgres().await;
    let (one, other) = two(&db).await;
    for round in 0..60 {
        let say = one.say();
        let names = [format!("ann{round}"), format!("ben{round}")];
        let webhooks = names.clone().map(|name| say.wallet(&name, &name, Trust::Fact));
        one.accept(&webhooks).await;
        let mut outcomes = Vec::new();
        for name in &names {
            one.sign_up(name).await;
            outcomes.push(say.good(&one.hands.take().remove(0), name));
        }
        // New to both, and in the middle of both.
        let both = say.wallet(&format!("both{round}"), "nobody", Trust::Fact);
        let here = [outcomes[0].clone(), webhooks[1].clone(), both.clone()];
        let there = [both, outcomes[1].clone(), webhooks[0].clone()];
        tokio::join!(one.accept(&here), other.accept(&there));
        assert_eq!(one.of_verdict("held").await.len(), round + 1, "only nobody's");
        one.hands.take();
        other.hands.take();
    }
    assert_eq!(one.received().await, 60 * 10);
    assert_eq!(deadlocks(&db, [one, other]).await, 0);
}

/// Every row of the journal takes its time, so that two statements surely meet in the middle.
const SLOW: [&str; 2] = [
    "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN FOR i IN 1..20000 LOOP END LOOP; RETURN NEW; END'",
    "CREATE TRIGGER slow BEFORE INSERT OR UPDATE ON events FOR EACH ROW EXECUTE FUNCTION slow()",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_that_brings_anew_what_another_counts_as_a_copy_does_not_wait_in_a_ring() {
    let db = TestDb::postgres().await;
    let (one, other) = two(&db).await;
    let watch = PgPool::connect(&db.url).await.unwrap();
    for sql in SLOW {
        one.run(sql).await;
    }
    let say = one.say();
    for round in 0..12 {
        // A webhook of its own for each, with an identifier that the test locks: a batch waits there, after it has
        // looked up what is known and before it writes.
        let mut stops = Vec::new();
        let mut batches = Vec::new();
        for name in [format!("ann{round}"), format!("ben{round}")] {
            one.one(say.wallet(&format!("first-{name}"), &name, Trust::Fact)).await;
            let blind = hex::encode(one.store().keys().blind(&uid(&name)).0);
            let mut stop = watch.begin().await.unwrap();
            let row = format!("SELECT 1 FROM identifiers WHERE blind = '\\x{blind}' FOR UPDATE");
            query(sea_orm::sqlx::AssertSqlSafe(row)).execute(&mut *stop).await.unwrap();
            stops.push(stop);
            batches.push(vec![say.wallet(&name, &name, Trust::Fact)]);
        }
        let nobodys = |what: &str| {
            let said = (0..4).map(|n| say.message(&format!("{what}{round}-{n}"), "user.touched", "", json!({})));
            said.collect::<Vec<_>>()
        };
        let (early, late) = (nobodys("early"), nobodys("late"));
        batches.iter_mut().for_each(|batch| batch.extend([&early[..], &late[..]].concat()));
        let meanwhile = async {
            waiting(&watch, 1).await;
            other.accept(&early).await;
            let released = async {
                waiting(&watch, 2).await;
                for stop in stops {
                    stop.rollback().await.unwrap();
                }
            };
            tokio::join!(other.accept(&batches[1]), released);
        };
        tokio::join!(one.accept(&batches[0]), meanwhile);
    }
    assert_eq!(one.received().await, 12 * (2 + 2 * 9 + 4));
    watch.close().await;
    assert_eq!(deadlocks(&db, [one, other]).await, 0);
}

/// Deadlocks that the server saw in this database while these engines worked on it. A connection tells what it saw
/// when it ends.
pub async fn deadlocks(db: &TestDb, engines: [World; 2]) -> i64 {
    for engine in engines {
        engine.close().await;
    }
    // One connection and no pool: a pool opens another one whenever the first is not back in time, and that one would
    // be waited for as if it were an engine's.
    let mut watch = PgConnection::connect(&db.url).await.unwrap();
    // The server's own workers come and go.
    let others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                  AND backend_type = 'client backend' AND pid <> pg_backend_pid()";
    until("the engines' connections end", async || {
        let left: i64 = query_scalar(others).fetch_one(&mut watch).await.unwrap();
        (left == 0).then_some(())
    })
    .await;
    let sql = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    query_scalar(sql).fetch_one(&mut watch).await.unwrap()
}
