//! The audit, beside a process that serves: it finds nothing in what gangway wrote, and each fault that is made by
//! hand.

use gangway::app::audit::{Fault, Sums, audit};
use gangway::settings::Settings;
use sea_orm::sqlx::postgres::PgConnection;
use sea_orm::sqlx::sqlite::SqliteConnection;
use sea_orm::sqlx::{AssertSqlSafe, Connection, Executor};

use crate::db::TestDb;
use crate::intake::wallet_created;
use crate::on_both_databases;
use crate::world::{Setup, World};

on_both_databases!(
    the_audit_of_a_database_that_serves_finds_no_fault_and_adds_up_what_was_received,
    the_audit_finds_each_fault_that_was_made_by_hand,
);

async fn run(db: &TestDb, sql: String) {
    if db.is_postgres() {
        PgConnection::connect(&db.url).await.unwrap().execute(AssertSqlSafe(sql)).await.unwrap();
    } else {
        let mut connection = SqliteConnection::connect(&db.url).await.unwrap();
        connection.execute("PRAGMA busy_timeout = 60000").await.unwrap();
        connection.execute(AssertSqlSafe(sql)).await.unwrap();
    }
}

/// An id as this database writes it.
fn literal(db: &TestDb, id: &str) -> String {
    if db.is_postgres() { format!("'{id}'") } else { format!("x'{}'", id.replace('-', "")) }
}

async fn audited(world: &World) -> (Vec<Fault>, Sums) {
    let settings = Settings::read(&world.input).unwrap();
    let mut faults = Vec::new();
    let store = &world.running.engine.store;
    let sums = audit(&settings, store, |fault| faults.push(fault), |_| {}).await.unwrap();
    (faults, sums)
}

async fn the_audit_of_a_database_that_serves_finds_no_fault_and_adds_up_what_was_received(db: &TestDb) {
    let world = Setup::default().start(db).await;
    let done = world.sign_up("ann", "ann@example.com", "en").await;
    world.comes_to(&done, "completed").await;
    let waiting = world.sign_up("ben-nowallet", "ben@example.com", "en").await;
    world.comes_to(&waiting, "waiting").await;
    let review = world.sign_up("cid-refused", "cid@example.com", "en").await;
    world.comes_to(&review, "review").await;
    for _ in 0..3 {
        world.webhook("early", wallet_created("nobody-yet")).await.is(200);
    }
    let (faults, sums) = audited(&world).await;
    assert_eq!(faults, []);
    assert_eq!((sums.onboardings, sums.replayed, sums.faults), (3, 3, 0));
    assert_eq!(sums.verdicts["held"], (1, 3), "{sums:?}");
    let journals = [&done, &waiting, &review];
    let mut received = 3;
    for id in journals {
        received += world.journal(id).await.iter().map(|event| event["copies"].as_i64().unwrap()).sum::<i64>();
    }
    assert!(sums.received() <= received, "{sums:?}, and {received} a moment later");
    world.stop().await;
}

async fn the_audit_finds_each_fault_that_was_made_by_hand(db: &TestDb) {
    // Nothing mends it meanwhile.
    let world = Setup::default().set("engine.sweep", "1h").start(db).await;
    let mut ids = Vec::new();
    for user in ["ann", "ben", "cid", "dan"] {
        let id = world.sign_up(user, &format!("{user}@example.com"), "en").await;
        world.comes_to(&id, "completed").await;
        ids.push(id);
    }
    let [moved, gap, robbed, stuck] = [0, 1, 2, 3].map(|n| literal(db, &ids[n]));
    run(db, format!("UPDATE onboardings SET state = 'wallet' WHERE id = {moved}")).await;
    let second = format!("SELECT seq FROM events WHERE onboarding_id = {gap} AND revision = 2");
    run(db, format!("DELETE FROM events WHERE seq IN ({second})")).await;
    run(db, format!("DELETE FROM identifiers WHERE onboarding_id = {robbed} AND kind = 'original.user_uid'")).await;
    run(db, format!("UPDATE onboardings SET status = 'waiting', ended_at = NULL WHERE id = {stuck}")).await;
    let miscount =
        "INSERT INTO figures (name, flow, status, number) VALUES ('held', '', '', 7), ('onboardings', 'gone', 'x', 2)";
    run(db, miscount.to_owned()).await;
    let (faults, sums) = audited(&world).await;
    let counts: Vec<&str> = faults.iter().filter(|one| one.rule == "figures").map(|one| one.detail.as_str()).collect();
    assert!(counts[0].starts_with("held: 7 are kept, there are 0; gangway migrate --recount"), "{counts:?}");
    assert!(counts.iter().any(|one| one.starts_with("onboardings gone x: 2 are kept, there are 0;")), "{counts:?}");
    let of = |id: &String| {
        let own = faults.iter().filter(|fault| fault.onboarding.is_some_and(|one| one.to_string() == *id));
        own.map(|fault| fault.rule).collect::<Vec<_>>()
    };
    assert_eq!(ids.iter().map(of).collect::<Vec<_>>()[..3], [vec!["replay"], vec!["revisions"], vec!["identifiers"]]);
    assert!(of(&ids[3]).contains(&"reason"), "{faults:?}");
    assert_eq!((sums.onboardings, sums.faults), (4, faults.len() as u64));
    assert!(faults.iter().all(|fault| !fault.detail.contains("example.com")), "{faults:?}");
    world.running.engine.store.recount().await.unwrap();
    assert!(audited(&world).await.0.iter().all(|fault| fault.rule != "figures"), "the remedy that it names is one");
    world.stop().await;
}
