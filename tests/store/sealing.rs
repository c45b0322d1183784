//! What is on disk: nothing that names a person, and nothing that opens in another row.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use gangway::store::Store;
use gangway::store::aside::{AsideCap, AsideFilter, AsideKind, NewAside};
use gangway::store::types::{Loaded, NewEvent};
use gangway_core::event::Identifier;
use gangway_core::onboarding::Memory;
use sea_orm::sqlx::{AssertSqlSafe, PgPool, query, query_scalar};
use serde_json::json;

use crate::db::TestDb;
use crate::fixtures::{at, call, claim, held, insert_effects, locked, message, row, settled_person};
use crate::on_both_databases;

on_both_databases!(
    everything_that_is_sealed_opens_again_as_it_was,
    no_table_holds_an_email_address_an_external_id_or_a_wallet_address,
);

const TABLES: [&str; 11] = [
    "users",
    "onboardings",
    "identifiers",
    "events",
    "held",
    "effects",
    "flow_versions",
    "tokens",
    "unverified",
    "quarantine",
    "vault",
];
const WALLET: &str = "0x52908400098527886E0F7030069857D2E4169EE7";

const CAP: AsideCap = AsideCap { rows: 10, bytes: 100_000 };

/// Something personal in every table that can hold it.
async fn fill(store: &Store) -> (Loaded, NewEvent) {
    let mut ann = settled_person(store, "ann.walker").await;
    let wallet = Identifier::new("original.wallet_address", WALLET);
    let data = json!({ "email": "ann.walker@mail.example", "nothing": "a\u{0}b", "big": u64::MAX, "small": -1.5 });
    ann.onboarding.memory = Memory {
        data: data.as_object().cloned().unwrap(),
        identifiers: vec![wallet.clone()],
        asked: 3,
        ..Memory::default()
    };
    ann.onboarding.revision = 2;
    let mut event = row(store, message("one", &format!("ext-ann.walker ann.walker@mail.example {WALLET}")), Some(&ann));
    event.raw = Bytes::from(format!("{{\"email\":\"ann.walker@mail.example\",\"wallet\":\"{WALLET}\"}}"));
    let mut early = held(store, "early", &[&wallet]);
    early.event = message("early", WALLET);
    early.raw = event.raw.clone();
    let mut tx = store.begin().await.unwrap();
    tx.lock(&[ann.onboarding.id]).await.unwrap();
    tx.update_onboardings(std::slice::from_ref(&ann)).await.unwrap();
    tx.claim(&[claim(store, &wallet, Some(&ann))]).await.unwrap();
    tx.insert_events(&[event.clone(), early]).await.unwrap();
    tx.commit().await.unwrap();
    insert_effects(store, &[call(&ann, 1, at(0), None)]).await;
    let new = NewAside { source: "unverified:original", reason: "signature", at: at(0), content: &event.raw };
    store.keep_unverified(&new, CAP).await.unwrap();
    assert!(store.quarantine(&NewAside { source: "crm", reason: "refused", ..new }, CAP).await.unwrap());
    (ann, event)
}

async fn everything_that_is_sealed_opens_again_as_it_was(db: &TestDb) {
    let (ann, event) = fill(&db.open().await).await;
    let store = db.open().await;
    assert_eq!(store.user(ann.onboarding.user.id).await.unwrap(), Some(Ok(ann.onboarding.user.clone())));
    assert_eq!(store.onboarding(ann.onboarding.id).await.unwrap().as_ref(), Some(&ann.onboarding));
    let history = store.history(ann.onboarding.id).await.unwrap();
    assert_eq!(history.into_iter().map(|(_, event)| event).collect::<Vec<_>>(), [event.event]);
    let mut tx = store.begin().await.unwrap();
    let locked = locked(&mut tx, &[ann.onboarding.id]).await;
    assert_eq!(locked[0].onboarding, ann.onboarding);
    assert_eq!(tx.lock_users(&[ann.onboarding.user.id]).await.unwrap().remove(0).unwrap().user, ann.onboarding.user);
    drop(tx);
    for kind in AsideKind::ALL {
        let kept = store.aside(&AsideFilter { kind, source: None, before: None, limit: 5 }).await.unwrap();
        assert_eq!(kept.len(), 1);
        let (again, content) = store.kept_aside(kept[0].id).await.unwrap().unwrap();
        assert_eq!((again, content), (kept[0].clone(), event.raw.clone()));
    }
}

/// Every byte of every table: of PostgreSQL the rows as text, in which bytes are hexadecimal; of SQLite the files.
async fn on_disk(db: &TestDb) -> Vec<u8> {
    if !db.is_postgres() {
        let path = db.url.trim_start_matches("sqlite://").trim_end_matches("?mode=rwc");
        let mut bytes = std::fs::read(path).unwrap();
        bytes.extend(std::fs::read(format!("{path}-wal")).unwrap());
        return bytes;
    }
    let pool = PgPool::connect(&db.url).await.unwrap();
    let mut text = String::new();
    for table in TABLES {
        let sql = format!("SELECT coalesce(string_agg(t::text, ';'), '') FROM {table} t");
        text += &query_scalar::<_, String>(AssertSqlSafe(sql)).fetch_one(&pool).await.unwrap();
    }
    text.into_bytes()
}

async fn no_table_holds_an_email_address_an_external_id_or_a_wallet_address(db: &TestDb) {
    let store = db.open().await;
    fill(&store).await;
    let disk = on_disk(db).await;
    let holds = |needle: &[u8]| disk.windows(needle.len()).any(|window| window.eq_ignore_ascii_case(needle));
    assert!(holds(b"user.touched") && holds(b"original.create_user"), "this does not look where the data is");
    for secret in ["ann.walker@mail.example", "ext-ann.walker", WALLET, WALLET.trim_start_matches("0x")] {
        assert!(!holds(secret.as_bytes()), "{secret} in plain");
        assert!(!holds(hex::encode(secret).as_bytes()), "{secret} in hexadecimal");
        // In base64 a text looks different at each of three offsets; what surely belongs to it is in the middle.
        for offset in 0..3 {
            let padded = ["_".repeat(offset).as_str(), secret].concat();
            for encoded in [STANDARD_NO_PAD.encode(&padded), URL_SAFE_NO_PAD.encode(&padded)] {
                assert!(!holds(&encoded.as_bytes()[4..encoded.len() - 4]), "{secret} in base64");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_whose_sealed_parts_were_swapped_do_not_open() {
    let db = TestDb::postgres().await;
    let store = db.open().await;
    let (ann, bob) = (settled_person(&store, "ann").await, settled_person(&store, "bob").await);
    let pool = PgPool::connect(&db.url).await.unwrap();
    for columns in ["sealed = b.sealed", "sealed = b.sealed, wrapped_key = b.wrapped_key"] {
        let sql = format!("UPDATE users a SET {columns} FROM users b WHERE a.id = $1 AND b.id = $2");
        let swap = query(AssertSqlSafe(sql)).bind(ann.onboarding.user.id.0).bind(bob.onboarding.user.id.0);
        assert_eq!(swap.execute(&pool).await.unwrap().rows_affected(), 1);
        let error = store.user(ann.onboarding.user.id).await.unwrap().unwrap().unwrap_err().why;
        assert!(error.contains("sealed data in users") && !error.contains("ext-bob"), "{error}");
    }
}
