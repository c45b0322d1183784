//! A database of its own for each test, on SQLite or PostgreSQL, gone when the test ends.
//!
//! PostgreSQL is the server of `GANGWAY_TEST_POSTGRES_URL` (a superuser's address). Each test's database is copied from
//! a template, which is made once for each state of `migration/src` and stays on the server.
#![allow(dead_code, reason = "each test binary uses its own part of this")]

use std::path::PathBuf;
use std::sync::Arc;

use gangway::clock::{Chance, SystemChance};
use gangway::store::{Keyring, Limits, Store, StoreError, StoreOptions};
use gangway_core::time::Millis;
use sea_orm::sqlx::postgres::PgConnection;
use sea_orm::sqlx::{AssertSqlSafe, Connection, Executor, query_scalar};
use sha2::{Digest, Sha256};

/// The master key of every test database.
pub const MASTER_KEY: &str = "5f0e1d2c3b4a59687786a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0";

const VARIABLE: &str = "GANGWAY_TEST_POSTGRES_URL";

/// A database that is there for one test.
pub struct TestDb {
    pub url: String,
    home: Home,
}

enum Home {
    Folder(PathBuf),
    Server { admin: String, name: String },
}

impl TestDb {
    /// An empty folder for a SQLite file, migrated.
    pub async fn sqlite() -> Self {
        let db = Self::empty_sqlite();
        db.open().await.migrate().await.unwrap();
        db
    }

    /// Like [`TestDb::sqlite`], without a schema.
    pub fn empty_sqlite() -> Self {
        let folder = std::env::temp_dir().join(format!("gangway-{}", fresh_name()));
        std::fs::create_dir(&folder).unwrap();
        let url = format!("sqlite://{}?mode=rwc", folder.join("test.sqlite").display());
        Self { url, home: Home::Folder(folder) }
    }

    /// A copy of the migrated template.
    pub async fn postgres() -> Self {
        let admin = postgres_url();
        let template = template(&admin).await;
        Self::create_postgres(admin, &format!("TEMPLATE {template}")).await
    }

    /// An empty database.
    pub async fn empty_postgres() -> Self {
        Self::create_postgres(postgres_url(), "TEMPLATE template0").await
    }

    async fn create_postgres(admin: String, how: &str) -> Self {
        let name = fresh_name();
        run(&admin, &format!("CREATE DATABASE {name} {how}")).await;
        Self { url: with_database(&admin, &name), home: Home::Server { admin, name } }
    }

    pub fn is_postgres(&self) -> bool {
        matches!(self.home, Home::Server { .. })
    }

    pub fn options(&self) -> StoreOptions {
        // Machines that run tests are slow now and then; tests of the limits set their own.
        let long = Millis::secs(60);
        let limits =
            Limits { transaction: long, statement: long, lock: long, idle_in_transaction: long, ..Limits::default() };
        StoreOptions { url: self.url.clone(), intake: 4, work: 2, screens: 2, acquire: Millis::secs(20), limits }
    }

    /// The store of one process.
    pub async fn open(&self) -> Store {
        self.open_with(MASTER_KEY).await.unwrap()
    }

    pub async fn open_with(&self, master_key: &str) -> Result<Store, StoreError> {
        let keys = Keyring::new(&master_key.to_owned().into()).unwrap();
        Store::open(&self.options(), keys, Arc::new(SystemChance)).await
    }
}

impl Drop for TestDb {
    fn drop(&mut self) {
        match &self.home {
            Home::Folder(folder) => drop(std::fs::remove_dir_all(folder)),
            Home::Server { admin, name } => {
                let (admin, sql) = (admin.clone(), format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
                // A runtime cannot be entered from inside another: the clean-up has a thread of its own.
                let clean = std::thread::spawn(move || {
                    tokio::runtime::Builder::new_current_thread()
                        .enable_all()
                        .build()
                        .unwrap()
                        .block_on(run(&admin, &sql));
                });
                drop(clean.join());
            }
        }
    }
}

/// Each function as a test on SQLite and as a test on PostgreSQL.
#[macro_export]
macro_rules! on_both_databases {
    ($($test:ident),+ $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                let db = $crate::db::TestDb::sqlite().await;
                super::$test(&db).await;
            })+
        }
        mod on_postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                let db = $crate::db::TestDb::postgres().await;
                super::$test(&db).await;
            })+
        }
    };
}

pub fn postgres_url() -> String {
    std::env::var(VARIABLE)
        .unwrap_or_else(|_| panic!("{VARIABLE} is not set; run `cargo xtask test`, which starts a PostgreSQL"))
}

/// The migrated template for the present schema; made under another name and renamed, so that it is whole or absent.
async fn template(admin: &str) -> String {
    const LOCK: i64 = 7_041_776;
    let name = format!("gangway_template_{}", schema_digest());
    let mut lock = PgConnection::connect(admin).await.unwrap();
    lock.execute(AssertSqlSafe(format!("SELECT pg_advisory_lock({LOCK})"))).await.unwrap();
    let there: bool = query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
        .bind(&name)
        .fetch_one(&mut lock)
        .await
        .unwrap();
    if !there {
        let draft = TestDb::create_postgres(admin.to_owned(), "TEMPLATE template0").await;
        let store = draft.open().await;
        store.migrate().await.unwrap();
        store.close().await;
        let Home::Server { name: draft_name, .. } = &draft.home else { unreachable!() };
        // Ended connections leave the list a moment later.
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(180);
        while lock.execute(AssertSqlSafe(format!("ALTER DATABASE {draft_name} RENAME TO {name}"))).await.is_err() {
            assert!(std::time::Instant::now() < deadline, "the template database stays in use");
            tokio::task::yield_now().await;
        }
    }
    lock.close().await.unwrap();
    name
}

fn schema_digest() -> String {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("migration/src");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let mut digest = Sha256::new();
    files.iter().for_each(|file| digest.update(std::fs::read(file).unwrap()));
    digest.update(MASTER_KEY);
    hex::encode(digest.finalize())[..16].to_owned()
}

async fn run(url: &str, sql: &str) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    connection.execute(AssertSqlSafe(sql.to_owned())).await.unwrap();
    connection.close().await.unwrap();
}

fn with_database(admin: &str, name: &str) -> String {
    let mut url = url::Url::parse(admin).unwrap();
    url.set_path(name);
    url.into()
}

fn fresh_name() -> String {
    let mut tag = [0_u8; 8];
    SystemChance.fill(&mut tag);
    format!("gangway_test_{}", hex::encode(tag))
}
