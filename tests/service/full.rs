//! When it cannot be stored now: the queue is full, the database is busy or away. No sender is told that it is on disk
//! before it is, and everything that was turned away comes again and lands once.

use std::pin::pin;

use futures_util::future::join_all;
use gangway::engine::Arrival;
use gangway_core::decision::Verdict;
use gangway_core::event::Body;
use sea_orm::sqlx::postgres::PgConnection;
use sea_orm::sqlx::sqlite::SqliteConnection;
use sea_orm::sqlx::{AssertSqlSafe, Connection, Executor};
use serde_json::{Value, json};

use crate::db::TestDb;
use crate::http::Answer;
use crate::intake::{is_problem, wallet_created};
use crate::on_both_databases;
use crate::wait::until;
use crate::world::{Setup, World, sign_up};

on_both_databases!(
    a_full_queue_is_429_with_retry_after_and_readiness_names_it,
    a_commit_that_takes_too_long_is_503_and_the_event_lands_once,
    a_database_that_is_away_is_503_and_named_and_everything_goes_on_after_it,
    many_collectors_take_one_connection_of_a_database_that_does_not_answer_them,
);

/// Another connection that keeps the writer from committing, until it is let go.
enum Hold {
    Postgres(PgConnection),
    Sqlite(SqliteConnection),
}

impl Hold {
    async fn take(db: &TestDb) -> Self {
        if db.is_postgres() {
            let mut connection = PgConnection::connect(&db.url).await.unwrap();
            connection.execute("BEGIN").await.unwrap();
            connection.execute("LOCK TABLE events IN EXCLUSIVE MODE").await.unwrap();
            return Self::Postgres(connection);
        }
        let mut connection = SqliteConnection::connect(&db.url).await.unwrap();
        connection.execute("PRAGMA busy_timeout = 20000").await.unwrap();
        connection.execute("BEGIN IMMEDIATE").await.unwrap();
        Self::Sqlite(connection)
    }

    async fn let_go(self) {
        match self {
            Self::Postgres(mut connection) => drop(connection.execute("ROLLBACK").await.unwrap()),
            Self::Sqlite(mut connection) => drop(connection.execute("ROLLBACK").await.unwrap()),
        }
    }
}

#[track_caller]
fn comes_again(answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{}", answer.text);
    is_problem(answer);
    let after: u64 = answer.header("retry-after").and_then(|after| after.parse().ok()).expect("it has Retry-After");
    assert!((1..=60).contains(&after), "{after}");
}

async fn held(world: &World) -> Vec<Value> {
    world.get("/v1/events?verdict=held&limit=500").await["items"].as_array().unwrap().clone()
}

/// A message about no user, as an internal system sends it.
fn said(world: &World, key: &str) -> Arrival {
    let body = Body::Message { subject: None, data: json!({}) };
    Arrival::own("/test", key, "user.touched", world.running.engine.clock.now(), None, body)
}

async fn a_full_queue_is_429_with_retry_after_and_readiness_names_it(db: &TestDb) {
    let setup = Setup::default().unhooked().set("engine.queue", 2).set("engine.batch", 1);
    let world = setup.set("database.acquire", "5m").set("server.late", "5m").start(db).await;
    let (door, store) = (world.running.door.clone(), world.running.engine.store.clone());
    // The writer's connection: what it has in hand waits for it, and the queue behind it.
    let hold = store.begin().await.unwrap();
    let mut in_hand = pin!(door.accept(said(&world, "in hand")));
    tokio::select! {
        biased;
        answer = &mut in_hand => panic!("{answer:?} without a connection"),
        () = std::future::ready(()) => {}
    }
    until("the writer to take it", async || door.depth(), |depth| *depth == 0).await;
    let hook = |nth: usize| {
        let world = &world;
        async move { world.webhook(&format!("w-{nth}"), wallet_created(&format!("7{nth}"))).await }
    };
    let early = join_all((0..2).map(hook));
    let late = async {
        until("a full queue", async || door.depth(), |depth| *depth == 2).await;
        for nth in 2..5 {
            comes_again(&hook(nth).await, 429);
        }
        comes_again(&world.publish(&sign_up("ann", "ann@example.com", "en")).await, 429);
        let ready = world.ask("GET", "/readyz").send().await.is(503).json();
        assert_eq!(ready["missing"], json!(["queue"]), "{ready}");
        assert!(world.metrics().await.contains("gangway_queue_depth 2"));
        drop(hold);
    };
    let (first, early, ()) = tokio::join!(in_hand, early, late);
    assert_eq!(first.unwrap().verdict, Verdict::Noted);
    assert!(early.iter().all(|answer| answer.status == 200), "{early:?}");
    for nth in 2..5 {
        assert_eq!(hook(nth).await.is(200).json()["copy"], false);
    }
    assert_eq!(held(&world).await.len(), 5);
    world.ask("GET", "/readyz").send().await.is(200);
    world.stop().await;
}

async fn a_commit_that_takes_too_long_is_503_and_the_event_lands_once(db: &TestDb) {
    let world = Setup::default().unhooked().set("intake.answer_within", "300ms").start(db).await;
    let hold = Hold::take(db).await;
    let hook = || world.webhook("w-1", wallet_created("77"));
    comes_again(&hook().await, 503);
    comes_again(&world.publish(&sign_up("ann", "ann@example.com", "en")).await, 503);
    hold.let_go().await;
    let answer = until("the webhook is taken", hook, |answer| answer.status == 200).await;
    assert_eq!(answer.json()["verdict"], "held");
    assert_eq!(held(&world).await.len(), 1);
    let sign = async || world.publish(&sign_up("ann", "ann@example.com", "en")).await;
    until("the sign-up is taken", sign, |answer| answer.status == 202).await;
    assert_eq!(world.get("/v1/onboardings").await["items"].as_array().unwrap().len(), 1);
    world.stop().await;
}

async fn a_database_that_is_away_is_503_and_named_and_everything_goes_on_after_it(db: &TestDb) {
    if !db.is_postgres() {
        // A file does not go away; what comes nearest to it is a locked one, as above.
        return;
    }
    let world = Setup::default().set("intake.answer_within", "1s").start(db).await;
    let mut admin = PgConnection::connect(&crate::db::postgres_url()).await.unwrap();
    let name = url::Url::parse(&db.url).unwrap().path().trim_start_matches('/').to_owned();
    let mut say = async |sql: String| {
        admin.execute(AssertSqlSafe(sql)).await.unwrap();
    };
    say(format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false")).await;
    say(format!("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '{name}'")).await;
    let ready = async || world.ask("GET", "/readyz").send().await;
    let seen = until("not ready", ready, |answer| answer.status == 503).await.json();
    assert_eq!(seen["missing"], json!(["database"]), "{seen}");
    world.ask("GET", "/healthz").send().await.is(200);
    let figures = world.metrics().await;
    assert!(figures.contains("gangway_database_up 0") || figures.contains("gangway_database_up 1"), "{figures}");
    comes_again(&world.webhook("w-1", wallet_created("77")).await, 503);
    let asked = world.publish(&sign_up("ann", "ann@example.com", "en")).await;
    comes_again(&asked, 503);
    assert!(!asked.text.contains(&name) && !asked.text.contains("postgres"), "{}", asked.text);
    say(format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true")).await;
    let sign = async || world.publish(&sign_up("ann", "ann@example.com", "en")).await;
    let taken = until("the sign-up is taken", sign, |answer| answer.status == 202).await.json();
    world.comes_to(taken["onboarding_id"].as_str().unwrap(), "completed").await;
    until("ready", ready, |answer| answer.status == 200).await;
    world.stop().await;
}

async fn many_collectors_take_one_connection_of_a_database_that_does_not_answer_them(db: &TestDb) {
    if !db.is_postgres() {
        // Readers of a file wait for no lock.
        return;
    }
    let world = Setup::default().start(db).await;
    let mut other = PgConnection::connect(&db.url).await.unwrap();
    other.execute("BEGIN; LOCK TABLE figures, onboardings IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let collectors: Vec<_> = (0..12).map(|_| world.ask("GET", "/metrics").send()).collect();
    let collectors = tokio::spawn(join_all(collectors));
    let mut admin = PgConnection::connect(&db.url).await.unwrap();
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                   AND wait_event_type = 'Lock' AND application_name = 'gangway screens'";
    let mut look = async || sea_orm::sqlx::query_scalar::<_, i64>(waiting).fetch_one(&mut admin).await.unwrap();
    until("a collector waits", &mut look, |waiting| *waiting > 0).await;
    // Callers with a token, and those that ask for readiness, are answered beside them.
    for nth in 0..4 {
        assert!(look().await < 2, "each collector takes a connection");
        world.ask("GET", "/readyz").send().await.is(200);
        let fresh = world.token_for(&format!("collector-{nth}"), &["read"]).await;
        world.ask("GET", "/v1/events?verdict=held").bearer(&fresh).send().await.is(200);
    }
    for answer in collectors.await.unwrap() {
        assert!(answer.is(200).text.contains("gangway_database_up 0"));
    }
    assert!(look().await < 2, "each collector takes a connection");
    other.execute("ROLLBACK").await.unwrap();
    until("figures", async || world.metrics().await, |text| text.contains("gangway_database_up 1")).await;
    world.stop().await;
}
