//! Connecting: pools apart for intake, work and screens, so that a slow screen never starves the intake.

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use sea_orm::sqlx::postgres::PgConnectOptions;
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sea_orm::sqlx::{ConnectOptions as _, Connection, Error as SqlxError};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DbErr};

use super::address;
use super::alone::{self, Presence};
use super::bounded::Db;
use super::errors::{from_connect, from_db, from_open};
use super::kept::NEVER;
use super::lent::{Ends, tested};
use super::types::{StoreError, StoreOptions};

/// The pools. On SQLite `intake` and `work` are the one writer.
#[derive(Debug)]
pub(super) struct Pools {
    pub(super) intake: Db,
    pub(super) work: Db,
    pub(super) screens: Db,
    pub(super) presence: Option<Presence>,
}

pub(super) async fn connect(options: &StoreOptions) -> Result<Pools, StoreError> {
    let scheme = options.url.split(':').next().unwrap_or_default();
    match scheme {
        "postgres" | "postgresql" => postgres(options).await,
        "sqlite" => sqlite(options).await,
        _ => Err(StoreError::Setup("the address must begin with postgres:// or sqlite://".into())),
    }
}

async fn postgres(options: &StoreOptions) -> Result<Pools, StoreError> {
    let driver = address::postgres(&options.url)?;
    let place = address::place(&options.url);
    let ends = Ends::new(options.limits, options.acquire);
    let connect = async |name: &'static str, size: u32| {
        let mut settings = settings(options, size);
        let limits = limits(options);
        settings.map_sqlx_postgres_opts(move |driver| {
            let driver = driver.application_name(&format!("gangway {name}")).options(limits.clone());
            if name != "screens" {
                // Every statement that runs by itself has its index. A plan made while the tables were small must not
                // read them whole when they have grown: plans are kept for the life of the connection.
                driver.options([("enable_seqscan", "off")])
            } else {
                driver
            }
        });
        let test = ends.clone();
        settings.map_sqlx_postgres_pool_opts(move |pool| tested(pool, &test));
        let pool = match Database::connect(settings).await {
            Ok(pool) => pool,
            Err(error) => return Err(cause(&place, &driver, error).await),
        };
        Ok::<_, StoreError>(Db::new(pool, &ends))
    };
    Ok(Pools {
        intake: connect("intake", options.intake).await?,
        work: connect("work", options.work).await?,
        screens: connect("screens", options.screens).await?,
        presence: None,
    })
}

/// Why no connection could be made: the pool tries until its time is over, and does not say what it met.
async fn cause(place: &str, driver: &PgConnectOptions, error: DbErr) -> StoreError {
    let sorted = from_open(place, error);
    if !matches!(&sorted, StoreError::Unreachable(_)) {
        return sorted;
    }
    const ONCE: Duration = Duration::from_secs(2);
    match tokio::time::timeout(ONCE, driver.connect()).await {
        Ok(Err(error)) => from_connect(place, &error),
        Ok(Ok(_)) | Err(_) => sorted,
    }
}

/// Limits that the server itself enforces, so that nothing waits for a process that stopped in the middle, or is gone
/// with its host.
fn limits(options: &StoreOptions) -> Vec<(&'static str, String)> {
    let limits = &options.limits;
    vec![
        ("statement_timeout", limits.statement.0.to_string()),
        ("lock_timeout", limits.lock.0.to_string()),
        ("idle_in_transaction_session_timeout", limits.idle_in_transaction.0.to_string()),
        ("tcp_user_timeout", limits.transaction.0.to_string()),
        ("tcp_keepalives_idle", "10".into()),
        ("tcp_keepalives_interval", "5".into()),
        ("tcp_keepalives_count", "3".into()),
    ]
}

async fn sqlite(options: &StoreOptions) -> Result<Pools, StoreError> {
    const MEMORY: &str = ":memory:";
    let parsed = SqliteConnectOptions::from_str(&options.url)
        .map_err(|_| StoreError::Setup("the address of the SQLite database cannot be read".into()))?;
    let path = parsed.get_filename().to_owned();
    let place = path.display().to_string();
    let memory = options.url.contains(MEMORY) || options.url.contains("mode=memory");
    if !memory {
        address::sqlite_file(&options.url, &path)?;
    }
    let presence = if memory { None } else { Some(enter(&path)?) };
    let ends = Ends::new(options.limits, options.acquire);
    let connect = async |size: u32, writer: bool| {
        let mut settings = settings(options, size);
        settings.test_before_acquire_if_idle_for(Duration::from_secs(5));
        let busy = Duration::from_millis(options.acquire.0.min(options.limits.statement.0));
        settings.map_sqlx_sqlite_opts(move |driver| {
            let driver = driver.busy_timeout(busy).synchronous(SqliteSynchronous::Full);
            match (writer, memory) {
                (true, false) => driver.journal_mode(SqliteJournalMode::Wal),
                (true, true) => driver,
                (false, _) => driver.create_if_missing(false).pragma("query_only", "ON"),
            }
        });
        if writer && !memory {
            settings.map_sqlx_sqlite_before_acquire(|connection, _| Box::pin(is_clean(connection)));
        }
        // The one connection is the database when it is in memory: it must never be replaced.
        settings.idle_timeout(None::<Duration>).max_lifetime(None::<Duration>);
        let pool = Database::connect(settings).await.map_err(|error| from_open(&place, error))?;
        Ok::<_, StoreError>(Db::new(pool, &ends))
    };
    let intake = connect(1, true).await?;
    let work = intake.clone();
    let screens = if memory { intake.clone() } else { connect(options.screens, false).await? };
    Ok(Pools { intake, work, screens, presence })
}

/// Whether a connection is outside any transaction by its own count; one that is inside is closed and replaced.
///
/// When the disk fails under a COMMIT, SQLite rolls back by itself. The ROLLBACK that the driver sends after it then
/// fails, and the driver goes on counting a transaction that is not there: it would begin the next one as a savepoint,
/// and after one more failure commit into a transaction that never ends. Everything would be answered, and nothing
/// would be on disk.
async fn is_clean(connection: &mut SqliteConnection) -> Result<bool, SqlxError> {
    if !connection.is_in_transaction() {
        return Ok(true);
    }
    // The ROLLBACK of a transaction that was just dropped may still be on its way.
    connection.ping().await?;
    let clean = !connection.is_in_transaction();
    if !clean {
        tracing::warn!("a transaction could not be ended cleanly; its connection is replaced");
    }
    Ok(clean)
}

fn enter(path: &Path) -> Result<Presence, StoreError> {
    let told = |why: String| StoreError::Setup(format!("{}: {why}", path.display()));
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
        return Err(told(format!("the folder {} does not exist", folder.display())));
    }
    alone::enter(path).map_err(|error| told(error.to_string()))
}

fn settings(options: &StoreOptions, size: u32) -> ConnectOptions {
    let mut settings = ConnectOptions::new(options.url.clone());
    settings.max_connections(size.max(1)).acquire_timeout(Duration::from_millis(options.acquire.0)).sqlx_logging(false);
    settings
}

/// Ends every lease: for a SQLite file that no other process has open. The attempts' outcome is unknown, so they run
/// out rather than become due.
pub(super) async fn end_leases(writer: &Db) -> Result<(), StoreError> {
    let clock = super::dialect::clock(writer.get_database_backend());
    // Not those with an attempt that has an outcome, which is kept.
    let sql = format!("UPDATE effects SET lease_until = min(lease_until, {clock}) WHERE lease_until < {NEVER}");
    writer.execute_unprepared(&sql).await.map(drop).map_err(|error| from_db("intake", error))
}
