//! What the service asks of a database in which years have left their rows: by which plans, and how often when nothing
//! happens. The plans are PostgreSQL's own, of the very statements, told by its module `auto_explain`.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use parking_lot::{Mutex, MutexGuard};
use sea_orm::sqlx::postgres::PgConnection;
use sea_orm::sqlx::{AssertSqlSafe, Connection, Executor};
use serde_json::Value;
use tracing::field::{Field, Visit};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::{Context, SubscriberExt};

use crate::db::TestDb;
use crate::wait::{throughout, until};
use crate::world::{Setup, quick_flow};

/// Tables that grow with every person or event.
const LARGE: [&str; 7] = ["users", "onboardings", "events", "identifiers", "effects", "held", "secrets"];
/// Rows of such a table that a statement may read for nothing.
const IN_VAIN: f64 = 200.0;
/// Rows that a statement may look at at all: a batch, or a page of a sweep.
const AT_ALL: f64 = 2_000.0;

/// What years leave: three of four onboardings have ended, and the fourth waits for what comes in weeks.
const YEARS: &str = "
INSERT INTO users SELECT gen_random_uuid(), '\\x00', '\\x00', n FROM generate_series(1, 20000) n;
INSERT INTO onboardings SELECT gen_random_uuid(), id, 'original-wallet', 1, 'done', 'completed', 1, NULL, 9, 1, 2, '\\x00'
    FROM users;
INSERT INTO onboardings SELECT gen_random_uuid(), id, 'another', 1, 'wallet', 'waiting', 1,
    4000000000000 + created_at, 5, 1, NULL, '\\x00' FROM users ORDER BY id LIMIT 5000;
INSERT INTO events (dedupe, digest, source, kind, received_at, onboarding_id, user_id, verdict, from_state, to_state,
    revision, copies, detail, sealed)
    SELECT sha256((id || '/' || n)::bytea), '\\x00', 'timer', 'timer', 1, id, user_id, 'applied', 'a', 'b', n, 1, 'as said',
    '\\x00' FROM onboardings, generate_series(1, 4) n;
INSERT INTO identifiers SELECT sha256(id::text::bytea), 'original.user_uid', id, NULL, 1 FROM onboardings;
INSERT INTO effects (onboarding_id, n, kind, target, slot, request, attempt, mode, asked_at, due_at, outcome, settled_at)
    SELECT id, n, 'call', 'original.get_user', 'original', '\\x00', 1, 'do', 1, 1, 'done', 2
    FROM onboardings, generate_series(1, 2) n;
INSERT INTO effects (onboarding_id, n, kind, target, slot, request, attempt, mode, asked_at, due_at)
    SELECT id, 3, 'call', 'original.get_user', 'original', '\\x00', 1, 'do', 1, 4000000000000 FROM onboardings
    WHERE status = 'waiting';
INSERT INTO events (dedupe, digest, source, kind, received_at, verdict, copies, detail, sealed, own_key)
    SELECT sha256(n::text::bytea), '\\x00', 'webhook:original', 'original.wallet_created', 3000000000000, 'held', 1,
    'its identifier has no owner yet', '\\x00', '\\x00' FROM generate_series(1, 5000) n;
INSERT INTO held SELECT dedupe, seq, 0 FROM events WHERE verdict = 'held';
INSERT INTO identifiers SELECT blind, 'original.user_uid', NULL, NULL, 1 FROM held;
INSERT INTO secrets SELECT gen_random_uuid(), 'password', '\\x00', '\\x00', 3000000000000 FROM generate_series(1, 5000) n;
INSERT INTO secrets SELECT id, 'password', '\\x00', NULL, 1 FROM onboardings WHERE status = 'waiting';
";

static SEEN: Mutex<Vec<Value>> = Mutex::new(Vec::new());

/// Takes the plans out of what PostgreSQL says beside its answers.
struct Plans;

impl<S: tracing::Subscriber> Layer<S> for Plans {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        struct Said(String);
        impl Visit for Said {
            fn record_debug(&mut self, _: &Field, value: &dyn std::fmt::Debug) {
                self.0 = format!("{value:?}");
            }
            fn record_str(&mut self, _: &Field, value: &str) {
                value.clone_into(&mut self.0);
            }
        }
        let mut said = Said(String::new());
        event.record(&mut said);
        if let Some((_, plan)) = said.0.split_once("plan:\n") {
            let plan = serde_json::from_str(plan).expect("a plan is JSON");
            seen().push(plan);
        }
    }
}

fn seen() -> MutexGuard<'static, Vec<Value>> {
    SEEN.lock()
}

/// The statement of a plan.
fn text(plan: &Value) -> &str {
    plan["Query Text"].as_str().unwrap()
}

/// One test at a time hears what is said.
async fn alone() -> tokio::sync::MutexGuard<'static, ()> {
    static LISTENER: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
    let alone = LISTENER.lock().await;
    seen().clear();
    let plans = Plans.with_filter(filter_fn(|metadata| metadata.target() == "sqlx::postgres::notice"));
    // The second test finds the first one's.
    drop(tracing::subscriber::set_global_default(tracing_subscriber::registry().with(plans)));
    alone
}

async fn run(url: &str, sql: &str) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    connection.execute(AssertSqlSafe(sql.to_owned())).await.unwrap();
    connection.close().await.unwrap();
}

fn name(db: &TestDb) -> String {
    url::Url::parse(&db.url).unwrap().path().trim_start_matches('/').to_owned()
}

/// Every connection of this database tells each of its statements' plans.
async fn tell_plans(db: &TestDb) {
    for setting in [
        "session_preload_libraries = 'auto_explain'",
        "auto_explain.log_min_duration = 0",
        "auto_explain.log_analyze = on",
        "auto_explain.log_timing = off",
        "auto_explain.log_format = json",
        "auto_explain.log_level = notice",
    ] {
        run(&db.url, &format!("LOAD 'auto_explain'; ALTER DATABASE {} SET {setting}", name(db))).await;
    }
}

fn number(node: &Value, key: &str) -> f64 {
    node[key].as_f64().unwrap_or_default()
}

/// What is wrong with a plan, node by node.
fn wrong(node: &Value, found: &mut Vec<String>) {
    let loops = number(node, "Actual Loops");
    let in_vain = (number(node, "Rows Removed by Filter") + number(node, "Rows Removed by Index Recheck")) * loops;
    let at_all = number(node, "Actual Rows") * loops + in_vain;
    let (table, how) = (node["Relation Name"].as_str().unwrap_or_default(), node["Node Type"].as_str().unwrap());
    if LARGE.contains(&table) && (in_vain > IN_VAIN || at_all > AT_ALL || (how == "Seq Scan" && at_all > IN_VAIN)) {
        found.push(format!("{how} of {table} looks at {at_all} rows, {in_vain} of them in vain"));
    }
    node["Plans"].as_array().into_iter().flatten().for_each(|part| wrong(part, found));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_statement_reads_a_large_table_when_years_have_filled_it() {
    let _alone = alone().await;
    let db = TestDb::postgres().await;
    run(&db.url, YEARS).await;
    run(&db.url, "VACUUM (ANALYZE)").await;
    tell_plans(&db).await;
    let setup = crate::custody::setup("200ms").another_flow(&quick_flow());
    let quick = [("engine.sweep", "1s"), ("server.figures", "1ms"), ("intake.read_back", "1s")];
    let setup = quick.iter().fold(setup, |setup, (key, value)| setup.set(key, *value));
    let world = setup.start_at_haven(&db).await;
    // People come and are served, so that every statement has something to do.
    let mut begun = Vec::new();
    for nth in 0..5 {
        let user = format!("p{nth}");
        begun.push(world.sign_up(&user, &format!("{user}@example.org"), "en").await);
    }
    for id in &begun {
        world.comes_to(id, "completed").await;
    }
    world.metrics().await;
    // Each of these runs by itself; what it says must have been heard, or nothing is proved.
    let own: [&[&str]; 10] = [
        &["onboardings", "wake_at", "LIMIT"],
        &["SET lease_until"],
        &["effects", "lease_until", "IS NOT NULL"],
        &["effects", "due_at", "LIMIT"],
        &["status = 'waiting' AND wake_at IS NULL"],
        &["status <= 'active'"],
        &["verdict = 'held'", "received_at"],
        &["FROM held WHERE seq >"],
        &["FROM figures"],
        &["webhooks"],
    ];
    let unheard = async || {
        let seen = seen();
        let heard = |parts: &[&str]| seen.iter().any(|plan| parts.iter().all(|part| text(plan).contains(part)));
        own.into_iter().filter(|parts| !heard(parts)).collect::<Vec<_>>()
    };
    until("every statement that runs by itself", unheard, Vec::is_empty).await;
    world.stop().await;
    let mut found = BTreeSet::new();
    for plan in seen().iter() {
        let mut bad = Vec::new();
        wrong(&plan["Plan"], &mut bad);
        found.extend(bad.into_iter().map(|what| format!("{what}\n    in {}", text(plan))));
    }
    assert!(found.is_empty(), "{}", found.into_iter().collect::<Vec<_>>().join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_service_asks_the_database_at_most_twice_a_second() {
    /// Long enough for a few looks for effects and leases of other processes, each of a few statements.
    const WHILE: Duration = Duration::from_secs(12);
    let _alone = alone().await;
    let db = TestDb::postgres().await;
    tell_plans(&db).await;
    let world = Setup::default().set("outbound.sweep", "5s").start(&db).await;
    // What a start costs comes first.
    let looks = async || seen().iter().filter(|plan| text(plan).contains("SET lease_until")).count();
    until("the first looks", looks, |looks| *looks > 1).await;
    seen().clear();
    let begin = Instant::now();
    let asked = async || (seen().len(), begin.elapsed().max(WHILE).as_secs_f64());
    throughout("statements in seconds", WHILE, asked, |(asked, took)| *asked as f64 <= 2.0 * took).await;
    world.stop().await;
}
