//! What runs by itself reads little, however much there is: rows read are counted by the server, not estimated.

use gangway::store::Store;
use gangway_core::time::{Millis, Timestamp};
use sea_orm::sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, query_scalar};

use crate::db::TestDb;
use crate::fixtures::{lease, until};

/// 100,000 onboardings of which some are active and some wait, 80,000 effects that are due one day, 40,000 events.
const MUCH: &str = "
INSERT INTO onboardings (id, user_id, flow, version, state, status, since, wake_at, revision, created_at, ended_at, sealed)
SELECT gen_random_uuid(), gen_random_uuid(), 'wallet', 1, 'first',
    CASE WHEN n <= 20000 THEN 'active' WHEN n <= 60000 THEN 'waiting' ELSE 'completed' END, 0,
    CASE WHEN n > 20000 AND n <= 60000 THEN 9000000000000 + n END, 1, 0, CASE WHEN n > 60000 THEN 1 END, '\\x00'
FROM generate_series(1, 100000) n;
INSERT INTO effects (onboarding_id, n, kind, target, slot, request, attempt, mode, asked_at, due_at)
SELECT id, 1, 'call', 'original.create_user', 'original', '\\x00', 0, 'do', 0, 9000000000000 + row_number() OVER ()
FROM onboardings WHERE status = 'active';
INSERT INTO effects (onboarding_id, n, kind, target, slot, request, attempt, mode, asked_at, due_at)
SELECT gen_random_uuid(), 1, 'call', 'original.create_user', 'original', '\\x00', 0, 'do', 0, 9000000000000 + n
FROM generate_series(1, 60000) n;
INSERT INTO effects (onboarding_id, n, kind, target, slot, request, attempt, mode, asked_at, due_at)
SELECT gen_random_uuid(), 1, 'mail', 'welcome', 'mail', '\\x00', 0, 'do', 0, n FROM generate_series(1, 3) n;
INSERT INTO events (dedupe, digest, source, kind, received_at, verdict, copies, detail, sealed)
SELECT sha256(n::text::bytea), '\\x00', 'crm', 'user.touched', n, CASE WHEN n % 2 = 0 THEN 'held' ELSE 'noted' END, 1, '',
    '\\x00' FROM generate_series(1, 40000) n;
INSERT INTO events (dedupe, digest, source, kind, received_at, verdict, copies, detail, sealed, user_id)
SELECT sha256(('early' || n)::bytea), '\\x00', 'crm', 'user.confirmed', n, 'kept', 1, '', '\\x00', gen_random_uuid()
FROM generate_series(1, 20000) n;
INSERT INTO held (blind, seq, place) SELECT dedupe, seq, 0 FROM events WHERE verdict = 'held';
INSERT INTO identifiers (blind, kind, since) SELECT dedupe, 'original.user_uid', 0 FROM events WHERE verdict = 'held';
";

async fn run(db: &TestDb, sql: &str) {
    let mut connection = PgConnection::connect(&db.url).await.unwrap();
    connection.execute(AssertSqlSafe(sql.to_owned())).await.unwrap();
    connection.close().await.unwrap();
}

async fn number(connection: &mut PgConnection, sql: &str) -> i64 {
    query_scalar(AssertSqlSafe(sql.to_owned())).fetch_one(connection).await.unwrap()
}

/// How many rows and entries of indexes the server reads while a process, begun and ended for it, does this.
async fn read(db: &TestDb, what: impl AsyncFnOnce(&Store)) -> i64 {
    let mut watch = PgConnection::connect(&db.url).await.unwrap();
    // A connection reports its counts when it has ended.
    let alone = async |watch: &mut PgConnection| {
        let others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                      AND pid <> pg_backend_pid() AND backend_type = 'client backend'";
        until(async || (number(watch, others).await == 0).then_some(())).await;
    };
    alone(&mut watch).await;
    watch.execute("SELECT pg_stat_reset()").await.unwrap();
    let store = db.open().await;
    what(&store).await;
    store.close().await;
    alone(&mut watch).await;
    let rows = number(&mut watch, "SELECT sum(seq_tup_read)::bigint FROM pg_stat_user_tables").await;
    let entries = number(&mut watch, "SELECT sum(idx_tup_read)::bigint FROM pg_stat_user_indexes").await;
    watch.close().await.unwrap();
    rows + entries
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_runs_by_itself_reads_only_what_it_takes() {
    const FEW: i64 = 1000;
    let db = TestDb::postgres().await;
    run(&db, MUCH).await;
    run(&db, "VACUUM ANALYZE").await;
    let slots = [("original".to_owned(), 4), ("mail".to_owned(), 4)];
    let lease_due = async |store: &Store| drop(store.lease_due(&slots, lease(Millis::secs(600))).await.unwrap());
    let leased = "SELECT count(*) FROM effects WHERE lease_until IS NOT NULL";
    let read_for = |what: &str, rows: i64, most: i64| assert!(rows < most, "{what}: {rows} read");

    let rows = read(&db, lease_due).await;
    read_for("leasing three mails beside 80,000 calls of another day", rows, FEW);
    let mut connection = PgConnection::connect(&db.url).await.unwrap();
    assert_eq!(number(&mut connection, leased).await, 3);
    connection.close().await.unwrap();

    let rows = read(&db, async |store| drop(store.expired_leases(256).await.unwrap())).await;
    read_for("leases that ran out, when none has", rows, FEW);
    let rows = read(&db, async |store| assert!(store.next_effect_due().await.unwrap().is_some())).await;
    read_for("when the next effect is due", rows, FEW);
    let rows = read(&db, async |store| assert!(store.next_wake().await.unwrap().is_some())).await;
    read_for("when the next timer is due", rows, FEW);
    let now = Timestamp(9_000_000_020_010);
    let rows = read(&db, async |store| {
        assert_eq!(store.claim_wakes(now, Millis::secs(600), 256).await.unwrap().len(), 10);
    });
    read_for("ten timers", rows.await, FEW);
    let rows = read(&db, async |store| assert!(store.without_reason(100).await.unwrap().is_empty())).await;
    read_for("those without a reason, of 20,000 active ones", rows, FEW);
    let rows = read(&db, async |store| assert!(store.held_with_owner(100).await.unwrap().is_empty())).await;
    read_for("owners of 20,000 held events", rows, FEW);
    let rows = read(&db, async |store| assert_eq!(store.expire_held(Timestamp(0), 100).await.unwrap(), 0)).await;
    read_for("expiry, when none is due", rows, FEW);
    let rows = read(&db, async |store| assert_eq!(store.expire_held(Timestamp(99_999), 50).await.unwrap(), 50)).await;
    read_for("expiry of fifty", rows, FEW);

    let rows = read(&db, async |store| assert_eq!(store.expire_kept(Timestamp(0), 100).await.unwrap(), 0)).await;
    read_for("expiry of what came early, when none is due", rows, FEW);
    let rows = read(&db, async |store| assert_eq!(store.expire_kept(Timestamp(51), 100).await.unwrap(), 50)).await;
    read_for("expiry of fifty that came early", rows, FEW);
    let types = ["user.signed_up".to_owned(), "flow.wallet.start".to_owned()];
    let rows = read(&db, async |store| assert!(store.kept_starts(&types, 100).await.unwrap().is_empty())).await;
    read_for("what begins something, of 20,000 that came early", rows, FEW);

    // After an outage: all of them are due, four may go.
    run(&db, "UPDATE effects SET due_at = due_at - 8999999000000 WHERE slot = 'original'").await;
    run(&db, "VACUUM ANALYZE effects").await;
    read_for("leasing four of 80,000", read(&db, lease_due).await, FEW);
    let mut connection = PgConnection::connect(&db.url).await.unwrap();
    assert_eq!(number(&mut connection, leased).await, 7);
    connection.close().await.unwrap();
}
