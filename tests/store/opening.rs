//! Opening and migrating: what fits is opened, what does not is refused in words.

use std::sync::Arc;

use gangway::clock::SystemChance;
use gangway::store::types::StoreError;
use gangway::store::{Keyring, Limits, Store, StoreOptions};
use gangway_core::time::Millis;
use sea_orm::sqlx::{Connection, PgConnection, SqliteConnection, query};

use crate::db::{MASTER_KEY, TestDb};
use crate::fixtures::{at, call, insert_effects, lease, message, row, settled_person};
use crate::on_both_databases;

on_both_databases!(
    another_master_key_is_refused_at_the_start,
    migrating_twice_changes_nothing,
    a_schema_of_a_later_version_is_refused,
    an_exhausted_intake_pool_is_named,
    a_batch_with_a_bad_row_fails_and_the_next_one_does_not,
);

const OTHER_KEY: &str = "0000000000000000000000000000000000000000000000000000000000000001";

async fn another_master_key_is_refused_at_the_start(db: &TestDb) {
    let error = db.open_with(OTHER_KEY).await.unwrap_err();
    assert!(matches!(&error, StoreError::Setup(text) if text.contains("GANGWAY_MASTER_KEY")), "{error}");
    assert!(db.open_with(MASTER_KEY).await.is_ok());
}

async fn migrating_twice_changes_nothing(db: &TestDb) {
    let store = db.open().await;
    let ann = settled_person(&store, "ann").await;
    store.migrate().await.unwrap();
    assert_eq!(store.onboarding(ann.onboarding.id).await.unwrap().unwrap(), ann.onboarding);
}

async fn a_schema_of_a_later_version_is_refused(db: &TestDb) {
    let sql = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m29991231_000001_later', 0)";
    if db.is_postgres() {
        let mut connection = PgConnection::connect(&db.url).await.unwrap();
        query(sql).execute(&mut connection).await.unwrap();
    } else {
        let mut connection = SqliteConnection::connect(&db.url).await.unwrap();
        query(sql).execute(&mut connection).await.unwrap();
    }
    let error = db.open_with(MASTER_KEY).await.unwrap_err();
    assert!(matches!(&error, StoreError::Setup(text) if text.contains("m29991231_000001_later")), "{error}");
}

async fn an_exhausted_intake_pool_is_named(db: &TestDb) {
    let keys = Keyring::new(&MASTER_KEY.to_owned().into()).unwrap();
    let options = StoreOptions { intake: 1, acquire: Millis::secs(5), ..db.options() };
    let store = Store::open(&options, keys, Arc::new(SystemChance)).await.unwrap();
    let held = store.begin().await.unwrap();
    let error = store.begin().await.unwrap_err();
    assert!(error.passing() && error.to_string().contains("`intake`"), "{error}");
    store.ping().await.unwrap();
    drop(held);
    store.begin().await.unwrap();
}

/// PostgreSQL refuses U+0000 in text; on both a row without its onboarding cannot be changed.
async fn a_batch_with_a_bad_row_fails_and_the_next_one_does_not(db: &TestDb) {
    let store = db.open().await;
    let ann = settled_person(&store, "ann").await;
    let mut event = message("one", "secret words");
    event.kind = "user.\0touched".into();
    let mut tx = store.begin().await.unwrap();
    let failed = tx.insert_events(&[row(&store, message("two", "x"), None), row(&store, event, None)]).await;
    if db.is_postgres() {
        let error = failed.unwrap_err();
        assert!(matches!(error, StoreError::Poison(_)) && !error.to_string().contains("touched"), "{error}");
        assert!(tx.commit().await.is_err(), "PostgreSQL would say yes and keep nothing");
    } else {
        drop(tx);
    }
    let mut tx = store.begin().await.unwrap();
    let mut nobody = ann.clone();
    nobody.onboarding.id.0 = crate::fixtures::id();
    assert!(matches!(tx.update_onboardings(&[nobody]).await, Err(StoreError::Poison(_))));
    drop(tx);
    let mut tx = store.begin().await.unwrap();
    assert_eq!(tx.insert_events(&[row(&store, message("two", "x"), None)]).await.unwrap().len(), 1);
    tx.commit().await.unwrap();
}

async fn migrate_at_once(db: &TestDb) {
    let stores = futures_util::future::join_all((0..4).map(|_| db.open())).await;
    let all = futures_util::future::join_all(stores.iter().map(Store::migrate)).await;
    assert!(all.iter().all(Result::is_ok), "{all:?}");
    settled_person(&stores[0], "ann").await;
    assert!(db.open_with(OTHER_KEY).await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_processes_may_migrate_an_empty_postgres_at_once() {
    migrate_at_once(&TestDb::empty_postgres().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_processes_may_migrate_an_empty_sqlite_at_once() {
    migrate_at_once(&TestDb::empty_sqlite()).await;
}

async fn open(url: &str) -> StoreError {
    let keys = Keyring::new(&MASTER_KEY.to_owned().into()).unwrap();
    let options = StoreOptions {
        url: url.into(),
        intake: 1,
        work: 1,
        screens: 1,
        acquire: Millis(200),
        limits: Limits::default(),
    };
    Store::open(&options, keys, Arc::new(SystemChance)).await.unwrap_err()
}

#[tokio::test]
async fn a_folder_that_does_not_exist_is_named() {
    let error = open("sqlite:///no/such/folder/gangway.sqlite?mode=rwc").await;
    assert!(matches!(&error, StoreError::Setup(text) if text.contains("the folder /no/such/folder")), "{error}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unreachable_and_its_password_is_not_told() {
    let error = open("postgres://someone:secret@127.0.0.1:1/gangway").await;
    assert!(matches!(error, StoreError::Unreachable(_)), "{error}");
    let text = error.to_string();
    assert!(text.contains("127.0.0.1:1/gangway") && !text.contains("secret"), "{text}");
}

#[tokio::test]
async fn an_address_of_another_database_is_refused() {
    assert!(matches!(open("mysql://localhost/gangway").await, StoreError::Setup(_)));
}

#[tokio::test]
async fn a_database_in_memory_keeps_what_is_written() {
    let keys = Keyring::new(&MASTER_KEY.to_owned().into()).unwrap();
    let options = StoreOptions {
        url: "sqlite::memory:".into(),
        intake: 1,
        work: 1,
        screens: 4,
        acquire: Millis::secs(5),
        limits: Limits::default(),
    };
    let store = Store::open(&options, keys, Arc::new(SystemChance)).await.unwrap();
    store.migrate().await.unwrap();
    let ann = settled_person(&store, "ann").await;
    assert_eq!(store.user(ann.onboarding.user.id).await.unwrap(), Some(Ok(ann.onboarding.user)));
}

/// A process that dies leaves leases that will never be used; a second process beside it must not end them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_sqlite_leases_of_a_dead_process_run_out_at_the_next_start_and_those_of_a_living_one_do_not() {
    let db = TestDb::sqlite().await;
    let first = db.open().await;
    let ann = settled_person(&first, "ann").await;
    insert_effects(&first, &[call(&ann, 1, at(0), Some(lease(Millis::secs(600))))]).await;
    let beside = db.open().await;
    assert!(beside.expired_leases(5).await.unwrap().is_empty());
    first.close().await;
    beside.close().await;
    drop((first, beside));
    let next = db.open().await;
    assert_eq!(next.expired_leases(5).await.unwrap().len(), 1);
    assert!(next.lease_due(&[("original".into(), 5)], lease(Millis::secs(600))).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_sqlite_file_that_is_not_there_says_how_to_have_it_made() {
    let error = open("sqlite:no-such-file.db").await;
    let text = error.to_string();
    assert!(matches!(error, StoreError::Setup(_)) && text.contains("sqlite://no-such-file.db?mode=rwc"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn why_a_postgres_cannot_be_reached_is_told_with_what_to_do_and_without_its_password() {
    let db = TestDb::postgres().await;
    let mut connection = PgConnection::connect(&db.url).await.unwrap();
    let role = db.url.rsplit('/').next().unwrap().replace("gangway_test", "full");
    let made = format!("CREATE ROLE {role} LOGIN PASSWORD 'secret' CONNECTION LIMIT 0");
    query(sea_orm::sqlx::AssertSqlSafe(made)).execute(&mut connection).await.unwrap();
    let mut full: url::Url = db.url.parse().unwrap();
    full.set_username(&role).unwrap();
    full.set_password(Some("secret")).unwrap();
    let rows = [
        (full.to_string(), "max_connections"),
        (format!("{}?sslmode=require", db.url), "sslmode"),
        ("postgres://someone:secret@no-such-host.invalid/gangway".into(), "host"),
        ("postgres://someone:secret@127.0.0.1:1/gangway".into(), "nothing answers"),
        (format!("{}_missing", db.url), "does not exist"),
        (format!("{}?schema=crm", db.url), "search_path"),
    ];
    for (address, remedy) in rows {
        let text = open(&address).await.to_string();
        assert!(text.contains(remedy) && !text.contains("secret"), "{text}");
    }
    query(sea_orm::sqlx::AssertSqlSafe(format!("DROP ROLE {role}"))).execute(&mut connection).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schema_that_is_complete_waits_for_no_process_that_stands_still_while_it_migrates() {
    let db = TestDb::postgres().await;
    let mut frozen = PgConnection::connect(&db.url).await.unwrap();
    let mut holding = frozen.begin().await.unwrap();
    query("SELECT pg_advisory_xact_lock(x'67616e6777617901'::bigint)").execute(&mut *holding).await.unwrap();
    let store = db.open().await;
    let migrated = tokio::time::timeout(std::time::Duration::from_secs(30), store.migrate()).await;
    migrated.expect("it waits for one that stands still").unwrap();
}
