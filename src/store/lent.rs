//! Every wait on the database has an end. A pool enters; connections leave that answer within a limit or fail. One that
//! stays silent is closed and never used again, and so are all that were made before it was noticed: what fell silent,
//! was demoted or restarted has taken the others with it.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use gangway_core::time::Millis;
use parking_lot::Mutex;
use sea_orm::sqlx::pool::{PoolConnection, PoolConnectionMetadata};
use sea_orm::sqlx::postgres::{PgConnection, PgPoolOptions};
use sea_orm::sqlx::{AssertSqlSafe, Connection, Error as SqlxError, Executor, PgPool, Postgres, query_with};
use sea_orm::{ExecResult, QueryResult, Statement};
use sea_query_sqlx::SqlxValues;

use super::types::Limits;
use crate::clock::Stopwatch;

/// That something happened, and when last. Clones share it.
#[derive(Clone, Debug, Default)]
struct Mark(Arc<Mutex<Option<Stopwatch>>>);

impl Mark {
    fn set(&self) {
        *self.0.lock() = Some(Stopwatch::start());
    }

    fn age(&self) -> Option<Duration> {
        self.0.lock().map(|since| since.elapsed())
    }
}

/// The limits of a store, and what was met: shared by its pools.
#[derive(Clone, Debug)]
pub(super) struct Ends {
    pub(super) limits: Limits,
    /// Longest wait for a free connection; the pool's own.
    pub(super) acquire: Millis,
    distrusted: Mark,
    contended: Mark,
}

impl Ends {
    pub(super) fn new(limits: Limits, acquire: Millis) -> Self {
        Self { limits, acquire, distrusted: Mark::default(), contended: Mark::default() }
    }

    /// Longest wait for the answer to one statement: a little longer than the database itself allows, because its own
    /// answer tells more.
    pub(super) const fn statement(&self) -> Duration {
        Duration::from_millis(self.limits.statement.0 + 1000)
    }

    /// Longest life of a transaction of the engine.
    pub(super) const fn transaction(&self) -> Duration {
        Duration::from_millis(self.limits.transaction.0)
    }

    /// Another transaction holds rows that are wanted here.
    pub(super) fn contend(&self) {
        self.contended.set();
    }

    /// Whether rows were found locked a moment ago: then no batch waits for them as long as the first one did.
    pub(super) fn contended(&self) -> bool {
        self.contended.age().is_some_and(|age| age < Duration::from_millis(self.limits.locked_for.0))
    }

    /// Every connection that was made before now is closed instead of used.
    fn distrust(&self, why: &str) {
        tracing::warn!(why, "connections to the database are replaced");
        metrics::counter!("gangway_database_distrusted_total").increment(1);
        self.distrusted.set();
    }

    fn distrusts(&self, age: Duration) -> bool {
        self.distrusted.age().is_some_and(|since| age >= since)
    }

    /// Looks at an error: some say that this connection, and those like it, are of no use any more.
    pub(super) fn judge(&self, error: &SqlxError) {
        match error {
            SqlxError::Io(_) => self.distrust("a connection was lost, or silent"),
            SqlxError::Database(error) => {
                let code = error.code().unwrap_or_default();
                // Read-only now, shut down or starting, not the connection it was, a plan that a migration made stale.
                let useless = matches!(&*code, "25006" | "0A000" | "26000") || code.starts_with("57P");
                if useless || code.starts_with("08") {
                    self.distrust(&code);
                }
            }
            _ => {}
        }
    }

    /// Waits for the database at most this long.
    pub(super) async fn within<T>(
        &self,
        limit: Duration,
        answer: impl Future<Output = Result<T, SqlxError>>,
    ) -> Result<T, SqlxError> {
        let answer = tokio::time::timeout(limit, answer).await.unwrap_or_else(|_| Err(silent()));
        answer.inspect_err(|error| self.judge(error))
    }
}

/// The error of a wait that came to its end.
pub(super) fn silent() -> SqlxError {
    SqlxError::Io(std::io::ErrorKind::TimedOut.into())
}

/// Has a pool close what is of no use any more instead of lending it, and what was idle and gives no sign of life.
pub(super) fn tested(options: PgPoolOptions, ends: &Ends) -> PgPoolOptions {
    const IDLE: Duration = Duration::from_secs(5);
    let (ends, ping) = (ends.clone(), Duration::from_millis(ends.limits.ping.0));
    options.test_before_acquire(false).before_acquire(
        move |connection, PoolConnectionMetadata { age, idle_for, .. }| {
            let useless = ends.distrusts(age);
            Box::pin(async move { Ok(!useless && (idle_for < IDLE || answers(connection, ping).await)) })
        },
    )
}

async fn answers(connection: &mut PgConnection, within: Duration) -> bool {
    tokio::time::timeout(within, connection.ping()).await.is_ok_and(|answer| answer.is_ok())
}

/// A connection that its pool has lent. Dropped, it is put back once it has answered, and closed when it does not: code
/// that drops it in the middle of a statement leaves a connection behind that may never answer. What was begun on it is
/// rolled back first.
#[derive(Debug)]
pub(super) struct Lent {
    connection: Option<PoolConnection<Postgres>>,
    begun: bool,
    ends: Ends,
}

impl Lent {
    pub(super) async fn by(pool: &PgPool, ends: &Ends) -> Result<Self, SqlxError> {
        let connection = pool.acquire().await.inspect_err(|error| ends.judge(error))?;
        Ok(Self { connection: Some(connection), begun: false, ends: ends.clone() })
    }

    /// Like [`Lent::by`], and begins a transaction by this statement.
    pub(super) async fn begun(pool: &PgPool, ends: &Ends, begin: String) -> Result<Self, SqlxError> {
        let mut lent = Self::by(pool, ends).await?;
        lent.begun = true;
        ends.within(ends.statement(), lent.connection()?.execute(AssertSqlSafe(begin))).await?;
        Ok(lent)
    }

    pub(super) fn connection(&mut self) -> Result<&mut PgConnection, SqlxError> {
        self.connection.as_deref_mut().ok_or(SqlxError::PoolClosed)
    }

    /// Commits its transaction, which is certain when this returns well. Otherwise it may have been committed all the
    /// same.
    pub(super) async fn commit(mut self) -> Result<(), SqlxError> {
        let ends = self.ends.clone();
        let committed = ends.within(ends.statement(), self.connection()?.execute("COMMIT")).await;
        match committed {
            Ok(_) => self.begun = false,
            Err(_) => drop(self.connection.take().map(PoolConnection::detach)),
        }
        committed.map(drop)
    }

    /// Ends its transaction; nothing of it is left when this returns.
    pub(super) async fn rollback(mut self) -> Result<(), SqlxError> {
        let ends = self.ends.clone();
        ends.within(ends.statement(), self.connection()?.execute("ROLLBACK")).await?;
        self.begun = false;
        Ok(())
    }

    pub(super) async fn all(&mut self, statement: &Statement) -> Result<Vec<QueryResult>, SqlxError> {
        let ends = self.ends.clone();
        let query = query_with(AssertSqlSafe(statement.sql.as_str()), values(statement));
        let rows = ends.within(ends.statement(), query.fetch_all(self.connection()?)).await?;
        Ok(rows.into_iter().map(QueryResult::from).collect())
    }

    pub(super) async fn execute(&mut self, statement: &Statement) -> Result<ExecResult, SqlxError> {
        let ends = self.ends.clone();
        let query = query_with(AssertSqlSafe(statement.sql.as_str()), values(statement));
        ends.within(ends.statement(), query.execute(self.connection()?)).await.map(ExecResult::from)
    }

    pub(super) async fn execute_unprepared(&mut self, sql: &str) -> Result<ExecResult, SqlxError> {
        let ends = self.ends.clone();
        let running = self.connection()?.execute(AssertSqlSafe(sql.to_owned()));
        ends.within(ends.statement(), running).await.map(ExecResult::from)
    }
}

fn values(statement: &Statement) -> SqlxValues {
    SqlxValues(statement.values.clone().unwrap_or_else(|| sea_orm::Values(Vec::new())))
}

impl Drop for Lent {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        let (begun, ping) = (self.begun, Duration::from_millis(self.ends.limits.ping.0));
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(put_back(connection, begun, ping))),
            Err(_) => drop(connection.detach()),
        }
    }
}

async fn put_back(mut connection: PoolConnection<Postgres>, begun: bool, ping: Duration) {
    let clean =
        !begun || tokio::time::timeout(ping, connection.execute("ROLLBACK")).await.is_ok_and(|done| done.is_ok());
    if clean {
        // The pool asks for a sign of life by itself, and would wait for it for ever.
        drop(tokio::time::timeout(ping, connection.return_to_pool()).await);
    } else {
        drop(connection.detach());
    }
}
