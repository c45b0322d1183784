//! A database that is locked, silent or read-only, or that loses an answer: all others go on, nothing is counted twice.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gangway::engine::{Arrival, NotAccepted, writer};
use gangway::store::types::{Claim, Lease};
use gangway::store::{Limits, Store, StoreOptions};
use gangway::telemetry::Beat;
use gangway_core::decision::Verdict;
use gangway_core::event::{Identifier, Trust};
use gangway_core::time::{Millis, Timestamp};
use sea_orm::sqlx::{PgPool, query};
use serde_json::json;
use url::Url;
use xtask::proxy::Proxy;

use crate::db::TestDb;
use crate::wait::until;
use crate::world::World;

const SHORT: Limits = Limits {
    transaction: Millis(3_000),
    statement: Millis(1_000),
    lock: Millis(1_000),
    lock_again: Millis(100),
    locked_for: Millis(30_000),
    idle_in_transaction: Millis(60_000),
    ping: Millis(300),
};

pub fn tight(db: &TestDb) -> StoreOptions {
    StoreOptions { limits: SHORT, acquire: Millis::secs(3), ..db.options() }
}

/// Locks are not waited for for long; everything else takes its time, on whatever machine.
fn patient(db: &TestDb) -> StoreOptions {
    let limits = Limits {
        transaction: Millis::secs(60),
        statement: Millis::secs(30),
        lock: Millis::secs(8),
        lock_again: Millis(100),
        ping: Millis::secs(10),
        ..SHORT
    };
    StoreOptions { limits, acquire: Millis::secs(30), ..db.options() }
}

/// A world that reaches the database through this proxy.
async fn through_proxy(db: &TestDb) -> (World, Proxy) {
    let mut url: Url = db.url.parse().unwrap();
    let server = url.socket_addrs(|| Some(5432)).unwrap()[0];
    let proxy = Proxy::to(server).unwrap();
    url.set_host(Some("127.0.0.1")).unwrap();
    url.set_port(Some(proxy.address().port())).unwrap();
    let options = StoreOptions { url: url.into(), ..tight(db) };
    (World::over(&options, &db.url, 1, |_| {}).await, proxy)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_whose_row_somebody_holds_delays_only_that_persons_events() {
    let db = TestDb::postgres().await;
    let world = World::over(&patient(&db), &db.url, 1, |options| options.patience = Millis::secs(60)).await;
    let ann = world.waiting("ann").await;
    let admin = PgPool::connect(&db.url).await.unwrap();
    // As long as this machine takes for this many batches without a wait.
    let began = Instant::now();
    for round in 0..30 {
        let say = world.say();
        let batch = ["x", "y", "z"].map(|name| say.sign_up(&format!("{name}{round}")));
        assert!(world.engine.accept(&batch).await.iter().all(Result::is_ok));
    }
    let free = began.elapsed();
    for table in ["onboardings", "users"] {
        let mut holder = admin.begin().await.unwrap();
        let sql = if table == "users" {
            "SELECT 1 FROM users u JOIN onboardings o ON o.user_id = u.id WHERE o.id = $1 FOR UPDATE OF u"
        } else {
            "SELECT 1 FROM onboardings WHERE id = $1 FOR UPDATE"
        };
        query(sql).bind(ann.0).execute(&mut *holder).await.unwrap();
        let began = Instant::now();
        for round in 0..30 {
            let say = world.say();
            let key = format!("{table}{round}");
            let (wallet, again) = (say.wallet(&key, "ann", Trust::Hint), say.start(&key, "user.signed_up", "ann"));
            let of_ann = if table == "users" { again } else { wallet };
            let batch = [say.sign_up(&format!("a{key}")), of_ann, say.sign_up(&format!("b{key}"))];
            let answers = world.engine.accept(&batch).await;
            assert!(answers[0].is_ok() && answers[2].is_ok(), "{table}: {answers:?}");
            assert!(matches!(answers[1], Err(NotAccepted::Later(_))), "{table}: {:?}", answers[1]);
        }
        // Thirty batches that each waited for the lock would have taken four minutes longer.
        let limit = free * 4 + Duration::from_secs(120);
        assert!(began.elapsed() < limit, "each batch waits anew: {:?}, without waiting {free:?}", began.elapsed());
        holder.rollback().await.unwrap();
    }
    let late = world.say().wallet("late", "ann", Trust::Fact);
    let late =
        until("ann's events are taken", async || world.engine.accept(std::slice::from_ref(&late)).await.remove(0).ok());
    assert_eq!(late.await.verdict, Verdict::Applied);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_that_somebody_holds_makes_the_writer_say_so_and_a_persons_row_does_not() {
    let db = TestDb::postgres().await;
    let world = World::over(&patient(&db), &db.url, 1, |options| options.come_again = Millis(100)).await;
    let ann = world.waiting("ann").await;
    let admin = PgPool::connect(&db.url).await.unwrap();
    let (door, queue) = writer::door(64);
    let beat = Beat::new("writer");
    let (engine, of_writer) = (Arc::clone(&world.engine), beat.clone());
    tokio::spawn(async move { writer::run(&engine, &queue, &of_writer).await });
    let mut holder = admin.begin().await.unwrap();
    query("SELECT 1 FROM onboardings WHERE id = $1 FOR UPDATE").bind(ann.0).execute(&mut *holder).await.unwrap();
    let of_ann = world.say().wallet("ann", "ann", Trust::Fact);
    assert!(matches!(door.accept(of_ann).await, Err(NotAccepted::Later(_))));
    let well = async || (beat.now().busy.is_none() && !beat.failed()).then_some(());
    until("the writer to say that all other events can be written", well).await;
    holder.rollback().await.unwrap();
    for table in ["users", "onboardings", "identifiers", "events", "effects"] {
        let mut holder = admin.begin().await.unwrap();
        let sql = format!("LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE");
        query(sea_orm::sqlx::AssertSqlSafe(sql)).execute(&mut *holder).await.unwrap();
        let refused = door.accept(world.say().sign_up(table)).await;
        assert!(refused.is_err(), "{table}: {refused:?}");
        until("the writer to say so", async || beat.failed().then_some(())).await;
        holder.rollback().await.unwrap();
        until("the writer to be well again", async || (!beat.failed()).then_some(())).await;
        door.accept(world.say().sign_up(table)).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_that_stands_still_inside_its_transaction_delays_only_what_it_holds_and_is_ended() {
    let db = TestDb::postgres().await;
    let world = World::over(&tight(&db), &db.url, 1, |options| options.patience = Millis::secs(60)).await;
    // It has written an identifier, and then its process was stopped.
    let say = world.say();
    let contended = say.sign_up("ann");
    let mut limited = tight(&db);
    limited.limits.idle_in_transaction = Millis::secs(15);
    let peer = World::over(&limited, &db.url, 2, |_| {}).await;
    let mut tx = peer.store().begin().await.unwrap();
    let claim = Claim {
        blind: peer.store().keys().blind(&Identifier::new(Identifier::EXTERNAL_ID, "ann")),
        kind: "user.external_id".into(),
        owner: None,
        since: say.0,
    };
    tx.claim(&[claim]).await.unwrap();
    let mut batch: Vec<Arrival> = (0..40).map(|n| say.sign_up(&format!("p{n}"))).collect();
    batch.insert(17, contended.clone());
    let answers = world.engine.accept(&batch).await;
    assert!(matches!(answers[17], Err(NotAccepted::Later(_))), "{:?}", answers[17]);
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 40, "{answers:?}");
    // The server ends what stands still; nothing here lets go of it.
    let taken =
        until("ann is taken", async || world.engine.accept(std::slice::from_ref(&contended)).await.remove(0).ok())
            .await;
    assert_eq!(taken.verdict, Verdict::Applied);
    assert!(tx.commit().await.is_err(), "what stood still is over");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_fell_silent_stop_nobody_and_are_not_used_again() {
    let db = TestDb::postgres().await;
    let (world, proxy) = through_proxy(&db).await;
    world.waiting("ann").await;
    for round in 0..2 {
        // All that are idle are known to the pools as good a moment ago.
        world.sign_up(&format!("before{round}")).await;
        everything_answers(world.store(), "before").await;
        proxy.silence_existing();
        let one = world.say().sign_up(&format!("after{round}"));
        let taken =
            until("events are taken", async || world.engine.accept(std::slice::from_ref(&one)).await.remove(0).ok())
                .await;
        assert_eq!(taken.verdict, Verdict::Applied);
        everything_answers(world.store(), "after").await;
    }
    // A caller that stops waiting for an answer leaves no connection behind that is waited for.
    proxy.silence_existing();
    for _ in 0..20 {
        drop(tokio::time::timeout(Duration::from_millis(20), world.store().ping()).await);
    }
    everything_answers(world.store(), "after callers went away").await;
    assert_eq!(world.received().await, world.number("SELECT count(*) FROM events").await, "counted once");
    // Silent for all connections, also at the end: closing does not wait.
    proxy.silence_all(true);
    assert!(world.store().ping().await.is_err());
    let closing = tokio::time::timeout(Duration::from_secs(30), world.store().close());
    closing.await.expect("closing waits for a silent database");
}

/// Leases, timers, sweep and screens.
pub async fn everything_answers(store: &Store, when: &str) {
    let lease = Lease { token: uuid::Uuid::nil(), length: Millis::secs(1) };
    let slots = [("nothing".to_owned(), 1)];
    until(&format!("{when}: leases"), async || store.lease_due(&slots, lease).await.ok()).await;
    until(&format!("{when}: expired leases"), async || store.expired_leases(5).await.ok()).await;
    until(&format!("{when}: timers"), async || store.next_wake().await.ok()).await;
    until(&format!("{when}: sweep"), async || store.without_reason(5).await.ok()).await;
    until(&format!("{when}: holds"), async || store.expire_held(Timestamp(0), 5).await.ok()).await;
    until(&format!("{when}: screens"), async || store.ping().await.ok()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_are_read_only_are_replaced_by_some_that_are_not() {
    let db = TestDb::postgres().await;
    let admin = PgPool::connect(&db.url).await.unwrap();
    let name = db.url.rsplit('/').next().unwrap().to_owned();
    let set = async |to: &str| {
        let sql = format!("ALTER DATABASE {name} SET default_transaction_read_only = {to}");
        query(sea_orm::sqlx::AssertSqlSafe(sql)).execute(&admin).await.unwrap();
    };
    set("on").await;
    let world = World::over(&tight(&db), &db.url, 1, |_| {}).await;
    let one = world.say().sign_up("ann");
    let refused = world.engine.accept(std::slice::from_ref(&one)).await;
    assert!(matches!(refused[0], Err(NotAccepted::Away(_))), "{refused:?}");
    set("off").await;
    let taken =
        until("events are taken", async || world.engine.accept(std::slice::from_ref(&one)).await.remove(0).ok()).await;
    assert_eq!(taken.verdict, Verdict::Applied);
    let lease = Lease { token: uuid::Uuid::nil(), length: Millis::secs(1) };
    let slots = [("nothing".to_owned(), 1)];
    until("leases are made", async || world.store().lease_due(&slots, lease).await.ok()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_the_answer_to_a_commit_is_lost_nothing_is_counted_twice_and_effects_are_handed_over() {
    let db = TestDb::postgres().await;
    let (world, proxy) = through_proxy(&db).await;
    let say = world.say();
    let odd = say.message("odd", "odd.news", "ann", json!({ "n": 1 }));
    for round in 0..3 {
        proxy.lose_answer_to(b"COMMIT");
        let batch = [say.sign_up(&format!("p{round}")), odd.clone()];
        let answers = world.accept(&batch).await;
        assert_eq!((answers[0].verdict, answers[0].copy), (Verdict::Applied, false));
        assert_eq!(proxy.lost(), 2 * round + 1);
        assert_eq!(world.hands.take().len(), 1, "the effect that was born leased is handed over");
        // A batch of copies only writes no row of its own.
        proxy.lose_answer_to(b"COMMIT");
        assert!(world.one(odd.clone()).await.copy);
        assert_eq!(proxy.lost(), 2 * round + 2);
    }
    assert_eq!(world.received().await, 9, "three sign-ups, and six times the same news");
}
