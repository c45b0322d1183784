//! Counts that are kept as they change.

use std::sync::Arc;

use gangway::clock::SystemChance;
use gangway::store::figures::Figures;
use gangway::store::types::{EffectFollowUp, Loaded};
use gangway::store::{Keyring, Store};
use gangway_core::decision::FollowUp;
use gangway_core::effect::Mode;
use gangway_core::event::Identifier;
use gangway_core::onboarding::Status;
use gangway_core::time::Millis;
use sea_orm::{ConnectionTrait, Database, Statement};

use crate::db::{MASTER_KEY, TestDb};
use crate::fixtures::{adopted, at, call, claim, held, held_on, insert_effects, settled_person};
use crate::on_both_databases;

on_both_databases!(
    figures_follow_every_change_and_are_what_a_count_finds,
    a_transaction_that_is_given_up_counts_nothing,
    the_table_of_figures_stays_short_however_many_transactions_there_were,
    processes_that_sum_up_and_recount_at_once_lose_nothing,
    a_database_that_was_there_before_gets_its_figures_by_migrating,
    a_recount_takes_as_long_as_it_takes,
);

async fn connection(db: &TestDb) -> sea_orm::DatabaseConnection {
    Database::connect(&db.url).await.unwrap()
}

async fn rows(db: &TestDb) -> i64 {
    let connection = connection(db).await;
    let statement = Statement::from_string(connection.get_database_backend(), "SELECT count(*) FROM figures");
    connection.query_one_raw(statement).await.unwrap().unwrap().try_get_by_index(0).unwrap()
}

async fn figures(store: &Store) -> Figures {
    store.figures(at(0)).await.unwrap()
}

/// Writes it as it is now, `times` times, from one status to the other.
async fn go(store: &Store, row: &Loaded, times: usize) {
    let mut row = row.clone();
    for nth in 0..times {
        row.onboarding.status = if nth % 2 == 0 { Status::Waiting } else { Status::Active };
        let mut tx = store.begin().await.unwrap();
        tx.lock(&[row.onboarding.id]).await.unwrap();
        tx.update_onboardings(std::slice::from_ref(&row)).await.unwrap();
        tx.commit().await.unwrap();
    }
}

async fn follow(store: &Store, of: &Loaded, what: Vec<FollowUp>) {
    let rows: Vec<_> = what.into_iter().map(|what| EffectFollowUp { onboarding: of.onboarding.id, what }).collect();
    let mut tx = store.begin().await.unwrap();
    tx.follow_up(&rows).await.unwrap();
    tx.commit().await.unwrap();
}

/// Two people, one of them waits; two effects of three are open, one of them again; one held event of three is left.
async fn fill(store: &Store) {
    let (ann, bob) = (settled_person(store, "ann").await, settled_person(store, "bob").await);
    go(store, &ann, 1).await;
    insert_effects(store, &[call(&ann, 1, at(0), None), call(&ann, 2, at(0), None), call(&bob, 1, at(9), None)]).await;
    // Inserting it again adds nothing.
    insert_effects(store, &[call(&ann, 1, at(0), None)]).await;
    let settled = |n, outcome: &str| FollowUp::Settled { n, outcome: outcome.into() };
    follow(store, &ann, vec![settled(1, "exhausted"), settled(2, "created")]).await;
    follow(store, &ann, vec![settled(2, "created")]).await;
    let due = |n| FollowUp::Due { n, at: at(0), mode: Mode::Do, uncertain_since: None };
    follow(store, &ann, vec![due(1), due(2)]).await;
    follow(store, &ann, vec![due(1)]).await;
    let names = ["1", "2", "3"].map(|uid| Identifier::new("original.user_uid", uid));
    let mut old = held(store, "old", &[&names[1]]);
    old.event.received_at = at(0);
    let mut rows = vec![held(store, "a", &[&names[0]]), old, held(store, "c", &[&names[2]])];
    (rows[0].event.received_at, rows[2].event.received_at) = (at(9), at(9));
    let mut tx = store.begin().await.unwrap();
    tx.claim(&names.each_ref().map(|name| claim(store, name, None))).await.unwrap();
    tx.insert_events(&rows).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = store.begin().await.unwrap();
    tx.claim(&[claim(store, &names[0], Some(&ann))]).await.unwrap();
    let found = held_on(&mut tx, &[store.keys().blind(&names[0])], 10).await;
    tx.adopt(&adopted(&ann, found)).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(store.expire_held(at(5), 10).await.unwrap(), 1);
}

fn expected() -> Figures {
    let of = |status: &str| ("wallet".to_owned(), status.to_owned(), 1);
    Figures {
        onboardings: vec![of("active"), of("waiting")],
        held: 1,
        oldest_wake: None,
        oldest_effect: Some(at(0)),
        open_effects: 2,
    }
}

async fn figures_follow_every_change_and_are_what_a_count_finds(db: &TestDb) {
    let store = db.open().await;
    assert_eq!(figures(&store).await, Figures::default());
    fill(&store).await;
    assert_eq!(figures(&store).await, expected());
    store.recount().await.unwrap();
    assert_eq!(figures(&store).await, expected());
}

async fn a_transaction_that_is_given_up_counts_nothing(db: &TestDb) {
    let store = db.open().await;
    let ann = settled_person(&store, "ann").await;
    let before = figures(&store).await;
    let mut tx = store.begin().await.unwrap();
    tx.insert_effects(&[call(&ann, 1, at(0), None)]).await.unwrap();
    tx.rollback().await.unwrap();
    assert_eq!(figures(&store).await, before);
}

async fn the_table_of_figures_stays_short_however_many_transactions_there_were(db: &TestDb) {
    let store = db.open().await;
    let ann = settled_person(&store, "ann").await;
    go(&store, &ann, 601).await;
    assert!(rows(db).await < 600, "{}", rows(db).await);
    assert_eq!(figures(&store).await.onboardings, [("wallet".to_owned(), "waiting".to_owned(), 1)]);
    // Processes that write little and end leave nothing behind either.
    for _ in 0..3 {
        go(&db.open().await, &ann, 2).await;
        assert!(rows(db).await < 10, "{}", rows(db).await);
    }
}

async fn processes_that_sum_up_and_recount_at_once_lose_nothing(db: &TestDb) {
    let (one, two) = (db.open().await, db.open().await);
    let (ann, bob) = (settled_person(&one, "ann").await, settled_person(&two, "bob").await);
    let recounts = async {
        for _ in 0..30 {
            one.recount().await.unwrap();
        }
    };
    tokio::join!(go(&one, &ann, 400), go(&two, &bob, 401), recounts);
    let of = |status: &str| ("wallet".to_owned(), status.to_owned(), 1);
    assert_eq!(figures(&one).await.onboardings, [of("active"), of("waiting")]);
}

async fn a_database_that_was_there_before_gets_its_figures_by_migrating(db: &TestDb) {
    let store = db.open().await;
    fill(&store).await;
    let before = "DROP TABLE figures; DELETE FROM seaql_migrations WHERE version = 'm20261129_000018_figures'";
    connection(db).await.execute_unprepared(before).await.unwrap();
    let store = db.open().await;
    store.migrate().await.unwrap();
    assert_eq!(figures(&store).await, expected());
}

async fn a_recount_takes_as_long_as_it_takes(db: &TestDb) {
    // SQLite cannot be made slow by a statement.
    if !db.is_postgres() {
        return;
    }
    fill(&db.open().await).await;
    let mut options = db.options();
    options.limits.statement = Millis(500);
    let keys = Keyring::new(&MASTER_KEY.to_owned().into()).unwrap();
    let store = Store::open(&options, keys, Arc::new(SystemChance)).await.unwrap();
    let slow = "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS \
                $$ BEGIN PERFORM pg_sleep(1); RETURN NEW; END $$";
    connection(db).await.execute_unprepared(slow).await.unwrap();
    let slow = "CREATE TRIGGER slow BEFORE INSERT ON figures FOR EACH ROW WHEN (NEW.name = 'onboardings') \
                EXECUTE FUNCTION slow()";
    connection(db).await.execute_unprepared(slow).await.unwrap();
    let before = figures(&store).await;
    store.recount().await.expect("two seconds and more are no reason to give up");
    assert_eq!(figures(&store).await, before);
    assert_eq!(store.miscounted().await.unwrap(), []);
}
