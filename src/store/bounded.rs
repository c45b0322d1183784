//! The pools of a store and their transactions, as the object mapper knows them: each statement has an end.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sea_orm::sqlx::{Error as SqlxError, PgPool};
use sea_orm::{
    AccessMode, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, ExecResult, IsolationLevel,
    QueryResult, RuntimeErr, Statement, TransactionError, TransactionOptions, TransactionSession, TransactionTrait,
};
use tokio::sync::Mutex;

use super::lent::{Ends, Lent, silent};

/// A pool with a time limit on every statement.
#[derive(Clone, Debug)]
pub(super) struct Db {
    pool: DatabaseConnection,
    ends: Ends,
}

/// A transaction with a time limit on every statement.
#[derive(Debug)]
pub(super) enum DbTx {
    Postgres(Mutex<Lent>),
    Sqlite(DatabaseTransaction, Ends),
}

impl Db {
    pub(super) fn new(pool: DatabaseConnection, ends: &Ends) -> Self {
        Self { pool, ends: ends.clone() }
    }

    /// The pool itself, for what may take as long as it takes: changes of the schema.
    pub(super) const fn unbounded(&self) -> &DatabaseConnection {
        &self.pool
    }

    pub(super) const fn ends(&self) -> &Ends {
        &self.ends
    }

    /// The driver's pool, on PostgreSQL.
    pub(super) fn postgres(&self) -> Option<&PgPool> {
        (self.pool.get_database_backend() == DbBackend::Postgres).then(|| self.pool.get_postgres_connection_pool())
    }
}

fn told(error: SqlxError) -> DbErr {
    DbErr::Query(RuntimeErr::SqlxError(Arc::new(error)))
}

/// SQLite is never silent, but it may be slow: a disk that stands still, another process that has the file locked. Its
/// pool waits for the one connection as long as it waits for an answer.
async fn slow<T>(ends: &Ends, answer: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
    let limit = ends.statement().saturating_add(Duration::from_millis(ends.acquire.0));
    tokio::time::timeout(limit, answer).await.unwrap_or_else(|_| Err(told(silent())))
}

#[async_trait]
impl ConnectionTrait for Db {
    fn get_database_backend(&self) -> DbBackend {
        self.pool.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        match self.postgres() {
            Some(pool) => Lent::by(pool, &self.ends).await.map_err(told)?.execute(&statement).await.map_err(told),
            None => slow(&self.ends, self.pool.execute_raw(statement)).await,
        }
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        match self.postgres() {
            Some(pool) => Lent::by(pool, &self.ends).await.map_err(told)?.execute_unprepared(sql).await.map_err(told),
            None => slow(&self.ends, self.pool.execute_unprepared(sql)).await,
        }
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        Ok(self.query_all_raw(statement).await?.into_iter().next())
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        match self.postgres() {
            Some(pool) => Lent::by(pool, &self.ends).await.map_err(told)?.all(&statement).await.map_err(told),
            None => slow(&self.ends, self.pool.query_all_raw(statement)).await,
        }
    }
}

#[async_trait]
impl ConnectionTrait for DbTx {
    fn get_database_backend(&self) -> DbBackend {
        match self {
            Self::Postgres(_) => DbBackend::Postgres,
            Self::Sqlite(..) => DbBackend::Sqlite,
        }
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        match self {
            Self::Postgres(lent) => lent.lock().await.execute(&statement).await.map_err(told),
            Self::Sqlite(tx, ends) => slow(ends, tx.execute_raw(statement)).await,
        }
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        match self {
            Self::Postgres(lent) => lent.lock().await.execute_unprepared(sql).await.map_err(told),
            Self::Sqlite(tx, ends) => slow(ends, tx.execute_unprepared(sql)).await,
        }
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        Ok(self.query_all_raw(statement).await?.into_iter().next())
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        match self {
            Self::Postgres(lent) => lent.lock().await.all(&statement).await.map_err(told),
            Self::Sqlite(tx, ends) => slow(ends, tx.query_all_raw(statement)).await,
        }
    }
}

impl DbTx {
    pub(super) async fn commit(self) -> Result<(), DbErr> {
        match self {
            Self::Postgres(lent) => lent.into_inner().commit().await.map_err(told),
            // A commit would be done all the same after the wait for it was given up.
            Self::Sqlite(tx, _) => tx.commit().await,
        }
    }

    pub(super) async fn rollback(self) -> Result<(), DbErr> {
        match self {
            Self::Postgres(lent) => lent.into_inner().rollback().await.map_err(told),
            Self::Sqlite(tx, _) => tx.rollback().await,
        }
    }
}

#[async_trait]
impl TransactionSession for DbTx {
    async fn commit(self) -> Result<(), DbErr> {
        Self::commit(self).await
    }

    async fn rollback(self) -> Result<(), DbErr> {
        Self::rollback(self).await
    }
}

/// Begins a transaction; what only SQLite knows of `options` counts there.
#[async_trait]
trait Begin {
    async fn start(&self, options: TransactionOptions) -> Result<DbTx, DbErr>;
}

#[async_trait]
impl Begin for Db {
    async fn start(&self, options: TransactionOptions) -> Result<DbTx, DbErr> {
        let Some(pool) = self.postgres() else {
            let tx = slow(&self.ends, self.pool.begin_with_options(options)).await?;
            return Ok(DbTx::Sqlite(tx, self.ends.clone()));
        };
        let isolation = options.isolation_level.map(|level| format!(" ISOLATION LEVEL {level}")).unwrap_or_default();
        let access = options.access_mode.map(|mode| format!(" {mode}")).unwrap_or_default();
        let lent = Lent::begun(pool, &self.ends, format!("BEGIN{isolation}{access}")).await.map_err(told)?;
        Ok(DbTx::Postgres(Mutex::new(lent)))
    }
}

#[async_trait]
impl Begin for DbTx {
    async fn start(&self, _: TransactionOptions) -> Result<DbTx, DbErr> {
        Err(DbErr::Custom("a transaction inside a transaction is not made here".into()))
    }
}

macro_rules! transactions {
    ($($of:ident),+) => {$(
        #[async_trait]
        impl TransactionTrait for $of {
            type Transaction = DbTx;

            async fn begin(&self) -> Result<DbTx, DbErr> {
                self.start(TransactionOptions::default()).await
            }

            async fn begin_with_config(
                &self,
                isolation_level: Option<IsolationLevel>,
                access_mode: Option<AccessMode>,
            ) -> Result<DbTx, DbErr> {
                self.start(TransactionOptions { isolation_level, access_mode, ..TransactionOptions::default() }).await
            }

            async fn begin_with_options(&self, options: TransactionOptions) -> Result<DbTx, DbErr> {
                self.start(options).await
            }

            async fn transaction<F, T, E>(&self, callback: F) -> Result<T, TransactionError<E>>
            where
                F: for<'c> FnOnce(&'c DbTx) -> Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'c>> + Send,
                T: Send,
                E: std::fmt::Display + std::fmt::Debug + Send,
            {
                self.transaction_with_config(callback, None, None).await
            }

            async fn transaction_with_config<F, T, E>(
                &self,
                callback: F,
                isolation: Option<IsolationLevel>,
                access: Option<AccessMode>,
            ) -> Result<T, TransactionError<E>>
            where
                F: for<'c> FnOnce(&'c DbTx) -> Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'c>> + Send,
                T: Send,
                E: std::fmt::Display + std::fmt::Debug + Send,
            {
                let tx = self.begin_with_config(isolation, access).await.map_err(TransactionError::Connection)?;
                let done = callback(&tx).await.map_err(TransactionError::Transaction)?;
                tx.commit().await.map_err(TransactionError::Connection)?;
                Ok(done)
            }
        }
    )+};
}

transactions!(Db, DbTx);
