//! One transaction's conversation with PostgreSQL: each statement has its limit; failures are remembered, and so is a
//! written row. Rows and errors leave sorted; there is no statement of its own here.

use std::time::Duration;

use sea_orm::sqlx::postgres::PgArguments;
use sea_orm::sqlx::query::Query;
use sea_orm::sqlx::{AssertSqlSafe, Error as SqlxError, PgPool, Postgres};
use sea_orm::{FromQueryResult, QueryResult};

use super::Result;
use super::witness::Witness;
use crate::clock::Stopwatch;
use crate::store::errors::{from_db, from_sqlx};
use crate::store::lent::{Ends, Lent};
use crate::store::types::StoreError;

pub(super) const POOL: &str = "intake";

/// A transaction of the intake pool.
#[derive(Debug)]
pub(in crate::store) struct PostgresSession {
    pub(super) lent: Lent,
    /// Whether a statement failed: PostgreSQL then answers a commit with a silent rollback.
    pub(super) failed: bool,
    /// Rows were held a moment ago: they are passed over now.
    pub(super) contended: bool,
    pub(super) ends: Ends,
    began: Stopwatch,
    pub(super) pool: PgPool,
    pub(super) witness: Option<Witness>,
}

impl PostgresSession {
    pub(in crate::store) async fn begin(pool: &PgPool, ends: &Ends) -> Result<Self> {
        let contended = ends.contended();
        let shortly =
            if contended { format!("; SET LOCAL lock_timeout = {}", ends.limits.lock_again.0) } else { String::new() };
        let lent = Lent::begun(pool, ends, format!("BEGIN{shortly}")).await.map_err(|error| from_sqlx(POOL, &error))?;
        let (ends, began, pool) = (ends.clone(), Stopwatch::start(), pool.clone());
        Ok(Self { lent, failed: false, contended, ends, began, pool, witness: None })
    }

    /// How long the next statement may take.
    fn left(&self) -> Duration {
        self.ends.statement().min(self.ends.transaction().saturating_sub(self.began.elapsed()))
    }

    pub(super) async fn rows<T: FromQueryResult>(&mut self, query: Query<'_, Postgres, PgArguments>) -> Result<Vec<T>> {
        let rows = self.fetch(query).await?;
        rows.iter().map(|row| read(row, "")).collect()
    }

    pub(super) async fn fetch(&mut self, query: Query<'_, Postgres, PgArguments>) -> Result<Vec<QueryResult>> {
        let (left, ends) = (self.left(), self.ends.clone());
        let answer = match self.lent.connection() {
            Ok(connection) => ends.within(left, query.fetch_all(connection)).await,
            Err(error) => Err(error),
        };
        let rows = answer.map_err(|error| self.failure(&error))?;
        Ok(rows.into_iter().map(QueryResult::from).collect())
    }

    fn failure(&mut self, error: &SqlxError) -> StoreError {
        self.failed = true;
        let error = from_sqlx(POOL, error);
        if matches!(error, StoreError::Locked(_)) {
            self.ends.contend();
        }
        error
    }

    pub(super) async fn run(&mut self, query: Query<'_, Postgres, PgArguments>) -> Result<u64> {
        let (left, ends) = (self.left(), self.ends.clone());
        let answer = match self.lent.connection() {
            Ok(connection) => ends.within(left, query.execute(connection)).await,
            Err(error) => Err(error),
        };
        let done = answer.map_err(|error| self.failure(&error))?;
        Ok(done.rows_affected())
    }

    /// A statement that locks rows in the order of their keys; passes over held ones if rows were held a moment ago.
    pub(super) fn locking(&self, sql: &str) -> AssertSqlSafe<String> {
        AssertSqlSafe(format!("{sql}{}", if self.contended { " SKIP LOCKED" } else { "" }))
    }

    /// Notes a row that this transaction wrote.
    pub(super) fn wrote(&mut self, rows: &[QueryResult]) -> Result<()> {
        if let Some(row) = rows.first() {
            let failed = |error| from_db(POOL, error);
            let (seq, xact) = (row.try_get("", "seq").map_err(failed)?, row.try_get("", "xact").map_err(failed)?);
            self.witness = Some(Witness { seq, xact });
        }
        Ok(())
    }
}

pub(super) fn read<T: FromQueryResult>(row: &QueryResult, prefix: &str) -> Result<T> {
    T::from_query_result(row, prefix).map_err(|error| from_db(POOL, error))
}

/// One column of the rows, as an array parameter.
pub(super) fn column<'a, R, T>(rows: &'a [R], field: impl Fn(&'a R) -> T) -> Vec<T> {
    rows.iter().map(field).collect()
}
