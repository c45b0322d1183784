//! Two processes at the same moment, on PostgreSQL: what SQLite's one writer never sees.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use gangway::store::types::{Claim, NewEvent, Owner, StoreError};
use gangway::store::{Store, Tx};
use gangway_core::event::Identifier;
use sea_orm::sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, PgPool, query_scalar};
use tokio::sync::Barrier;

use crate::db::TestDb;
use crate::fixtures::{adopted, claim, held, held_on, message, onboarding, person, row, settled_person, until};

/// Waits until some connection waits for another one's lock.
async fn somebody_waits(pool: &PgPool) {
    until(async || {
        let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                   AND wait_event_type = 'Lock' AND backend_type = 'client backend'";
        let waiting: i64 = query_scalar(sql).fetch_one(pool).await.unwrap();
        (waiting > 0).then_some(())
    })
    .await;
}

/// A transaction that claims in a task of its own, so that it can be seen to wait.
fn claiming(mut tx: Tx, claim: Claim) -> tokio::task::JoinHandle<(Tx, Option<Owner>)> {
    tokio::spawn(async move {
        let owners = tx.claim(std::slice::from_ref(&claim)).await.unwrap();
        let owner = owners[&claim.blind];
        (tx, owner)
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_owner_of_any_identifier_that_commits_second_sees_the_held_event() {
    let db = TestDb::postgres().await;
    let (one, other) = (db.open().await, db.open().await);
    let watch = PgPool::connect(&db.url).await.unwrap();
    let ann = settled_person(&one, "ann").await;
    for which in 0..2 {
        let names = ["original.user_uid", "original.asset_uid"].map(|kind| Identifier::new(kind, which.to_string()));
        let [uid, asset] = &names;
        let written = &names[which];
        let mut holder = one.begin().await.unwrap();
        holder.claim(&[claim(&one, uid, None), claim(&one, asset, None)]).await.unwrap();
        let owning = claiming(other.begin().await.unwrap(), claim(&other, written, Some(&ann)));
        somebody_waits(&watch).await;
        holder.insert_events(&[held(&one, &format!("early {which}"), &[uid, asset])]).await.unwrap();
        holder.commit().await.unwrap();

        let (mut owner, owned_by) = owning.await.unwrap();
        assert_eq!(owned_by, Some(Owner::Onboarding(ann.onboarding.id)));
        let found = owner.held_on(&[one.keys().blind(written)], 10).await.unwrap();
        assert_eq!(found.len(), 1, "it would be held for ever");
        owner.commit().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_owners_who_find_the_same_event_at_once_the_second_is_told() {
    let db = TestDb::postgres().await;
    let (one, other) = (db.open().await, db.open().await);
    let watch = PgPool::connect(&db.url).await.unwrap();
    let (ann, ben) = (settled_person(&one, "ann").await, settled_person(&one, "ben").await);
    let names = ["original.user_uid", "original.asset_uid"].map(|kind| Identifier::new(kind, "42"));
    let mut holder = one.begin().await.unwrap();
    let seqs = holder.insert_events(&[held(&one, "early", &[&names[0], &names[1]])]).await.unwrap();
    holder.commit().await.unwrap();
    let seqs: Vec<i64> = seqs.into_values().collect();

    let (mut first, mut second) = (one.begin().await.unwrap(), other.begin().await.unwrap());
    let by_first = held_on(&mut first, &[one.keys().blind(&names[0])], 10).await;
    let by_second = held_on(&mut second, &[one.keys().blind(&names[1])], 10).await;
    assert_eq!((by_first.len(), by_second.len()), (1, 1));
    first.lock_events(&seqs).await.unwrap();
    first.adopt(&adopted(&ann, by_first)).await.unwrap();
    let locked = seqs.clone();
    let second = tokio::spawn(async move {
        second.lock_events(&locked).await.unwrap();
        second.adopt(&adopted(&ben, by_second)).await
    });
    somebody_waits(&watch).await;
    first.commit().await.unwrap();
    assert!(second.await.unwrap().unwrap_err().passing(), "it went to two owners");
    let taken = one.journal(ann.onboarding.id, 0, 10).await.unwrap();
    assert_eq!(taken.iter().map(|entry| entry.seq).collect::<Vec<_>>(), seqs);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_holder_that_commits_second_sees_the_owner() {
    let db = TestDb::postgres().await;
    let (one, other) = (db.open().await, db.open().await);
    let watch = PgPool::connect(&db.url).await.unwrap();
    let ann = settled_person(&one, "ann").await;
    let uid = Identifier::new("original.user_uid", "42");

    let mut owner = one.begin().await.unwrap();
    owner.claim(&[claim(&one, &uid, Some(&ann))]).await.unwrap();
    let holding = claiming(other.begin().await.unwrap(), claim(&other, &uid, None));
    somebody_waits(&watch).await;
    owner.commit().await.unwrap();
    let (_holder, owned_by) = holding.await.unwrap();
    assert_eq!(owned_by, Some(Owner::Onboarding(ann.onboarding.id)), "it would be held although it has an owner");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_users_with_the_same_external_id_one_is_added() {
    let db = TestDb::postgres().await;
    let (one, other) = (db.open().await, db.open().await);
    let watch = PgPool::connect(&db.url).await.unwrap();
    let mut first = one.begin().await.unwrap();
    let winner = person(&first, "ann");
    assert_eq!(first.insert_users(std::slice::from_ref(&winner)).await.unwrap(), [winner.user.id]);
    let second = tokio::spawn(async move {
        let mut tx = other.begin().await.unwrap();
        let loser = person(&tx, "ann");
        let added = tx.insert_users(&[loser]).await.unwrap();
        tx.commit().await.unwrap();
        added
    });
    somebody_waits(&watch).await;
    first.insert_onboardings(&[onboarding(&winner, "wallet")]).await.unwrap();
    first.commit().await.unwrap();
    assert!(second.await.unwrap().is_empty());
    let found = one.users_by(&[Identifier::new(Identifier::EXTERNAL_ID, "ext-ann")]).await.unwrap();
    assert_eq!(found, [Ok(winner.user)]);
}

/// These keys in another order each time: a linear congruential generator is shuffle enough.
fn shuffled<T: Clone>(items: &[T], seed: u64) -> Vec<T> {
    let mut state = seed;
    let mut keyed: Vec<(u64, T)> = Vec::new();
    for item in items {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        keyed.push((state >> 33, item.clone()));
    }
    keyed.sort_by_key(|(key, _)| *key);
    keyed.into_iter().map(|(_, item)| item).collect()
}

async fn batch(store: &Store, claims: &[Claim], events: &[NewEvent]) -> Result<usize, StoreError> {
    let mut tx = store.begin().await?;
    let dedupes: Vec<_> = events.iter().map(|event| event.dedupe).collect();
    let before = tx.known(&dedupes).await?;
    tx.claim(claims).await?;
    let added: HashMap<_, _> = tx.insert_events(events).await?;
    let copies: Vec<_> = before.values().map(|known| (known.seq, 1)).collect();
    tx.add_copies(&copies).await?;
    tx.commit().await?;
    Ok(added.len())
}

/// Lets the server take its time over every row, so that two statements surely meet in the middle. Without this a
/// statement is over before the other one begins, and no order of locks is ever wrong.
async fn make_rows_slow(db: &TestDb) {
    let mut connection = PgConnection::connect(&db.url).await.unwrap();
    let function = "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS \
                    'BEGIN FOR i IN 1..5000 LOOP END LOOP; RETURN NEW; END'";
    connection.execute(function).await.unwrap();
    for table in ["identifiers", "events"] {
        let sql =
            format!("CREATE TRIGGER slow BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION slow()");
        connection.execute(AssertSqlSafe(sql)).await.unwrap();
    }
}

/// Runs each round in two processes at once, with the same keys in an order of its own each; answers what failed. A
/// failed round does not end the process: the other one would wait for it.
async fn in_two_processes(
    db: &TestDb,
    rounds: u64,
    keys: impl Fn(u64) -> Vec<u64>,
    work: impl AsyncFn(&Store, &[u64], u64) -> Result<(), StoreError>,
) -> Vec<String> {
    make_rows_slow(db).await;
    let barrier = Barrier::new(2);
    let process = async |number: u64| {
        let store = db.open().await;
        let mut failures = Vec::new();
        for round in 0..rounds {
            let seed = round * 2 + number;
            let keys = shuffled(&keys(round), seed);
            barrier.wait().await;
            if let Err(error) = work(&store, &keys, seed).await {
                failures.push(format!("process {number}, round {round}: {error}"));
            }
        }
        failures
    };
    let (mut failures, more) = futures_util::future::join(process(0), process(1)).await;
    failures.extend(more);
    failures
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_with_the_same_keys_in_any_order_never_wait_in_a_ring() {
    const ROUNDS: u64 = 200;
    const KEYS: u64 = 12;
    let db = TestDb::postgres().await;
    let added = AtomicUsize::new(0);
    // Half of the keys are known from the round before.
    let keys = |round| (0..KEYS).map(|key| round * KEYS / 2 + key).collect();
    let failures = in_two_processes(&db, ROUNDS, keys, async |store, keys, seed| {
        let claims: Vec<_> = shuffled(keys, seed)
            .into_iter()
            .map(|key| claim(store, &Identifier::new("original.user_uid", key.to_string()), None))
            .collect();
        let events: Vec<_> = keys.iter().map(|key| row(store, message(&key.to_string(), "x"), None)).collect();
        added.fetch_add(batch(store, &claims, &events).await?, Ordering::SeqCst);
        Ok(())
    });
    assert_eq!(Box::pin(failures).await, Vec::<String>::new());
    let expected = usize::try_from(ROUNDS * KEYS / 2 + KEYS / 2).unwrap();
    assert_eq!(added.into_inner(), expected, "each key once, whichever was first");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_events_in_opposite_orders_never_wait_in_a_ring_and_are_numbered_as_given() {
    let db = TestDb::postgres().await;
    let keys = |round| (0..12).map(|key| round * 100 + key).collect();
    let failures = in_two_processes(&db, 200, keys, async |store, keys, _| {
        let events: Vec<_> = keys.iter().map(|key| row(store, message(&key.to_string(), "x"), None)).collect();
        let mut tx = store.begin().await?;
        let added = tx.insert_events(&events).await?;
        tx.commit().await?;
        let seqs: Vec<_> = events.iter().filter_map(|event| added.get(&event.dedupe)).collect();
        assert!(seqs.is_sorted(), "numbered by key and not as given: {seqs:?}");
        Ok(())
    });
    assert_eq!(Box::pin(failures).await, Vec::<String>::new());
}
