//! Held events: found by any of their identifiers, once; and what a version left that knew one of them only.

use gangway::store::types::{NewEvent, Owner};
use gangway::store::{Store, Tx};
use gangway_core::event::{Body, Identifier};
use gangway_core::secret::Secrets;
use sea_orm::{ConnectionTrait, Database, Statement};

use crate::db::TestDb;
use crate::fixtures::{adopted, at, claim, held, held_on, settled_person};
use crate::on_both_databases;

on_both_databases!(
    a_held_event_is_found_once_by_any_of_its_identifiers_and_by_the_most_telling_of_those_asked_for,
    an_event_that_went_to_the_owner_of_one_identifier_is_not_found_by_another,
    what_an_event_is_held_on_is_told_in_its_own_order,
    owned_identifiers_of_held_events_are_listed_the_most_telling_first,
    held_events_expire_by_age_and_are_not_found_by_any_identifier_any_more,
    what_was_held_on_the_first_identifier_only_is_held_on_all_after_migrating,
);

type Asked<'a> = &'a [&'a Identifier];
type Found<'a> = &'a [(&'a str, &'a Identifier)];

fn names() -> [Identifier; 2] {
    [Identifier::new("original.user_uid", "42"), Identifier::new("original.asset_uid", "7")]
}

async fn keep(store: &Store, rows: &[NewEvent], names: &[&Identifier]) {
    let mut tx = store.begin().await.unwrap();
    let placeholders: Vec<_> = names.iter().map(|name| claim(store, name, None)).collect();
    tx.claim(&placeholders).await.unwrap();
    assert_eq!(tx.insert_events(rows).await.unwrap().len(), rows.len());
    tx.commit().await.unwrap();
}

/// Keys of the held events that wait on these, each with what found it.
async fn found(tx: &mut Tx, store: &Store, names: &[&Identifier]) -> Vec<(String, Identifier)> {
    let blinds: Vec<_> = names.iter().map(|name| store.keys().blind(name)).collect();
    let found = held_on(tx, &blinds, 10).await.into_iter().map(|held| {
        let by = names.iter().find(|name| store.keys().blind(name) == held.found_by);
        (held.event.key, (*by.unwrap()).clone())
    });
    found.collect()
}

async fn number(db: &TestDb, sql: &str) -> i64 {
    let connection = Database::connect(&db.url).await.unwrap();
    let statement = Statement::from_string(connection.get_database_backend(), sql.to_owned());
    connection.query_one_raw(statement).await.unwrap().unwrap().try_get_by_index(0).unwrap()
}

async fn a_held_event_is_found_once_by_any_of_its_identifiers_and_by_the_most_telling_of_those_asked_for(db: &TestDb) {
    let store = db.open().await;
    let [uid, asset] = names();
    let other = Identifier::new("original.user_uid", "43");
    let rows = [held(&store, "a", &[&uid, &asset]), held(&store, "b", &[&asset, &uid]), held(&store, "c", &[&asset])];
    keep(&store, &rows, &[&uid, &asset]).await;
    let mut tx = store.begin().await.unwrap();
    let table: [(Asked<'_>, Found<'_>); 4] = [
        (&[&other], &[]),
        (&[&uid], &[("a", &uid), ("b", &uid)]),
        (&[&asset, &other], &[("a", &asset), ("b", &asset), ("c", &asset)]),
        (&[&uid, &asset, &other], &[("a", &uid), ("b", &asset), ("c", &asset)]),
    ];
    for (asked, expected) in table {
        let expected: Vec<_> = expected.iter().map(|(key, by)| ((*key).to_owned(), (*by).clone())).collect();
        assert_eq!(found(&mut tx, &store, asked).await, expected, "{asked:?}");
    }
    let blinds = [store.keys().blind(&uid), store.keys().blind(&asset)];
    let oldest = held_on(&mut tx, &blinds, 2).await;
    let oldest: Vec<_> = oldest.iter().map(|held| held.event.key.as_str()).collect();
    assert_eq!(oldest, ["a", "b"], "the limit counts events and not identifiers");
}

async fn an_event_that_went_to_the_owner_of_one_identifier_is_not_found_by_another(db: &TestDb) {
    let store = db.open().await;
    let [uid, asset] = names();
    keep(&store, &[held(&store, "a", &[&uid, &asset]), held(&store, "b", &[&uid])], &[&uid, &asset]).await;
    let ann = settled_person(&store, "ann").await;
    let mut tx = store.begin().await.unwrap();
    let owners = tx.claim(&[claim(&store, &asset, Some(&ann))]).await.unwrap();
    assert_eq!(owners[&store.keys().blind(&asset)], Some(Owner::Onboarding(ann.onboarding.id)));
    let waiting = held_on(&mut tx, &[store.keys().blind(&asset)], 10).await;
    tx.adopt(&adopted(&ann, waiting.clone())).await.unwrap();
    assert_eq!(found(&mut tx, &store, &[&uid, &asset]).await, [("b".to_owned(), uid.clone())]);
    assert!(tx.adopt(&adopted(&ann, waiting)).await.unwrap_err().passing(), "it went to an owner twice");
    drop(tx);
    let mut tx = store.begin().await.unwrap();
    assert_eq!(found(&mut tx, &store, &[&asset]).await.len(), 1, "nothing was committed");
}

async fn what_an_event_is_held_on_is_told_in_its_own_order(db: &TestDb) {
    let store = db.open().await;
    let [uid, asset] = names();
    let orders = [vec![&uid, &asset], vec![&asset, &uid], vec![&asset]];
    let rows: Vec<_> = (0..).zip(&orders).map(|(n, order)| held(&store, &format!("key {n}"), order)).collect();
    let mut tx = store.begin().await.unwrap();
    tx.claim(&[claim(&store, &uid, None), claim(&store, &asset, None)]).await.unwrap();
    let seqs = tx.insert_events(&rows).await.unwrap();
    let all: Vec<i64> = rows.iter().map(|row| seqs[&row.dedupe]).chain([4711]).collect();
    let told = tx.held_by_seq(&all).await.unwrap();
    assert_eq!(told.len(), 3);
    for (row, order) in rows.iter().zip(orders) {
        let expected: Vec<_> = order.iter().map(|name| (store.keys().blind(name), name.kind.clone())).collect();
        assert_eq!(told[&seqs[&row.dedupe]], expected);
    }
}

async fn owned_identifiers_of_held_events_are_listed_the_most_telling_first(db: &TestDb) {
    let store = db.open().await;
    let [uid, asset] = names();
    let (nobody, email) =
        (Identifier::new("original.user_uid", "0"), Identifier::new("user.email", "bob@mail.example"));
    let rows = [held(&store, "a", &[&nobody, &uid, &asset]), held(&store, "b", &[&email])];
    keep(&store, &rows, &[&nobody, &uid, &asset]).await;
    let (ann, bob) = (settled_person(&store, "ann").await, settled_person(&store, "bob").await);
    assert_eq!(store.held_with_owner(10).await.unwrap(), [(store.keys().blind(&email), bob.onboarding.id)]);
    let mut tx = store.begin().await.unwrap();
    tx.claim(&[claim(&store, &uid, Some(&ann)), claim(&store, &asset, Some(&bob))]).await.unwrap();
    tx.commit().await.unwrap();
    let owned = [(&email, &bob), (&uid, &ann), (&asset, &bob)];
    let owned = owned.map(|(name, owner)| (store.keys().blind(name), owner.onboarding.id));
    assert_eq!(store.held_with_owner(10).await.unwrap(), owned);
    // Piece by piece, all of an event's at once: the first names three.
    for piece in [&owned[1..], &owned[..1], &owned[1..]] {
        assert_eq!(store.held_with_owner(3).await.unwrap(), piece);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_whose_secrets_are_being_taken_does_not_expire_and_delays_nobody() {
    let db = TestDb::postgres().await;
    let store = db.open().await;
    let [uid, _] = names();
    let rows = ["taken", "left"].map(|key| held(&store, key, &[&uid]));
    let mut tx = store.begin().await.unwrap();
    tx.claim(&[claim(&store, &uid, None)]).await.unwrap();
    tx.insert_events(&rows).await.unwrap();
    for row in &rows {
        tx.hold_secrets(&row.dedupe, &Secrets::of("key", "secret"), at(0)).await.unwrap();
    }
    tx.commit().await.unwrap();
    let mut adopter = store.begin().await.unwrap();
    assert_eq!(adopter.take_held_secrets(&rows[0].dedupe).await.unwrap().unwrap().0.len(), 1);
    assert_eq!(store.expire_held(at(9), 10).await.unwrap(), 1, "the one that is never taken");
    adopter.rollback().await.unwrap();
    assert_eq!(number(&db, "SELECT count(*) FROM secrets").await, 1);
    assert_eq!(store.expire_held(at(9), 10).await.unwrap(), 1);
    assert_eq!(number(&db, "SELECT count(*) FROM secrets").await, 0);
}

async fn held_events_expire_by_age_and_are_not_found_by_any_identifier_any_more(db: &TestDb) {
    let store = db.open().await;
    let [uid, asset] = names();
    let rows = [("old", 0), ("older", 0), ("fresh", 50)].map(|(key, second)| {
        let mut row = held(&store, key, &[&uid, &asset]);
        row.event.received_at = at(second);
        row
    });
    let mut tx = store.begin().await.unwrap();
    tx.claim(&[claim(&store, &uid, None), claim(&store, &asset, None)]).await.unwrap();
    tx.insert_events(&rows).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(store.figures(at(0)).await.unwrap().held, 3);
    assert_eq!(store.expire_held(at(50), 1).await.unwrap(), 1);
    assert_eq!(store.expire_held(at(50), 10).await.unwrap(), 1);
    assert_eq!(store.expire_held(at(50), 10).await.unwrap(), 0);
    let mut tx = store.begin().await.unwrap();
    for name in [uid, asset] {
        assert_eq!(found(&mut tx, &store, &[&name]).await, [("fresh".to_owned(), name)]);
    }
    drop(tx);
    assert_eq!(number(db, "SELECT count(*) FROM held").await, 2, "what has expired left something behind");
    let expired = store.events_by_verdict("expired", None, 10).await.unwrap();
    assert!(expired.len() == 2 && expired[0].seq > expired[1].seq);
    assert_eq!(store.events_by_verdict("expired", Some(expired[0].seq), 10).await.unwrap().len(), 1);
    assert!(store.events_by_verdict("no such word' or 1=1", None, 10).await.unwrap().is_empty());
}

/// The schema as it was before held events waited on all of their identifiers.
const BEFORE: &str = "
ALTER TABLE events ADD COLUMN held_on BLOB;
UPDATE events SET held_on = (SELECT blind FROM held WHERE held.seq = events.seq AND place = 0);
DELETE FROM identifiers WHERE onboarding_id IS NULL AND user_id IS NULL AND blind NOT IN (SELECT held_on FROM events
    WHERE held_on IS NOT NULL);
DROP TABLE held;
DROP INDEX events_held;
CREATE INDEX events_held ON events (held_on, seq) WHERE verdict = 'held';
DELETE FROM seaql_migrations WHERE version = 'm20261122_000012_held';
";

async fn what_was_held_on_the_first_identifier_only_is_held_on_all_after_migrating(db: &TestDb) {
    let store = db.open().await;
    let [uid, asset] = names();
    let report = |key: &str, names: &[&Identifier]| {
        let mut row = held(&store, key, names);
        let identifiers = names.iter().map(|name| (*name).clone()).collect();
        row.event.body = Body::Report { identifiers, facts: Vec::new() };
        row
    };
    let mut old = report("old", &[&uid, &asset]);
    old.event.received_at = at(0);
    let mut rows = vec![report("both", &[&uid, &asset]), report("one", &[&asset]), report("odd", &[&uid, &asset]), old];
    rows.extend((0..450).map(|n| report(&format!("key {n}"), &[&Identifier::new("original.user_uid", n.to_string())])));
    rows.iter_mut().for_each(|row| row.event.received_at = row.event.received_at.max(at(9)));
    rows[3].event.received_at = at(0);
    keep(&store, &rows, &[&uid, &asset]).await;
    assert_eq!(store.expire_held(at(5), 10).await.unwrap(), 1);
    let before = if db.is_postgres() { BEFORE.replace("BLOB", "bytea") } else { BEFORE.to_owned() };
    Database::connect(&db.url).await.unwrap().execute_unprepared(&before).await.unwrap();
    // One that does not open any more.
    let cut = if db.is_postgres() { "'\\x00'" } else { "x'00'" };
    let cut = format!("UPDATE events SET sealed = {cut} WHERE seq = 3");
    Database::connect(&db.url).await.unwrap().execute_unprepared(&cut).await.unwrap();
    assert_eq!(number(db, "SELECT count(*) FROM events WHERE held_on IS NOT NULL").await, 453);

    let store = db.open().await;
    store.migrate().await.unwrap();
    assert_eq!(number(db, "SELECT count(*) FROM held").await, 454, "one more: the second of the one that names two");
    assert_eq!(number(db, "SELECT count(*) FROM held WHERE seq = 3").await, 1, "it stays held on what it was");
    let mut tx = store.begin().await.unwrap();
    let both = [("both".to_owned(), asset.clone()), ("one".to_owned(), asset.clone())];
    assert_eq!(found(&mut tx, &store, &[&asset]).await, both);
    let told = tx.held_by_seq(&[1]).await.unwrap();
    assert_eq!(told[&1].iter().map(|(_, kind)| kind.as_str()).collect::<Vec<_>>(), [&uid.kind, &asset.kind]);
    drop(tx);
    store.migrate().await.unwrap();
    assert_eq!(number(db, "SELECT count(*) FROM held").await, 454);
}
