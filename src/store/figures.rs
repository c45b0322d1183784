//! Counts for `/metrics`, kept as they change: every transaction adds how much it changed each, so that reading them
//! costs the same however many rows there are. Only [`Store::recount`] counts here.
//!
//! Rows are only added. Once a process has added many it puts their sums in their place, in the transaction that added
//! the last: no count has a row that two transactions wait for, and the table stays as short as a page or two.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use gangway_core::time::Timestamp;
use gangway_entities::{figures, onboardings};
use sea_orm::{
    ActiveValue, ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, EntityTrait, FromQueryResult, IsolationLevel,
    Statement, TransactionOptions, TransactionTrait,
};
use uuid::Uuid;

use super::Store;
use super::bounded::DbTx;
use super::dialect::IMMEDIATE;
use super::types::StoreError;

/// Onboardings, by flow and status.
const ONBOARDINGS: &str = "onboardings";
/// Events that have no owner yet.
pub(super) const HELD: &str = "held";
/// Effects that are not settled.
pub(super) const EFFECTS: &str = "effects";

/// What each of them counts.
const COUNTS: [&str; 3] = [
    "SELECT 'onboardings' AS name, flow, status, count(*) AS number FROM onboardings GROUP BY flow, status",
    "SELECT 'held' AS name, '' AS flow, '' AS status, count(*) AS number FROM events WHERE verdict = 'held'",
    "SELECT 'effects' AS name, '' AS flow, '' AS status, \
     (SELECT count(*) FROM effects WHERE lease_until IS NULL AND settled_at IS NULL) \
     + (SELECT count(*) FROM effects WHERE lease_until IS NOT NULL) AS number",
];

/// Rows that a process adds before it sums up; the table is at most this long for each process.
const MANY: usize = 512;
/// Rows summed up at once, at most.
const SUMMED: u32 = 4_096;
/// How often a recount that met another one, or a summing up, begins anew.
const RERUNS: u32 = 20;

/// Figures that only the database knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Onboardings by (flow, status).
    pub onboardings: Vec<(String, String, i64)>,
    /// Held events.
    pub held: i64,
    /// When the oldest onboarding that should have been woken by now asked to be.
    pub oldest_wake: Option<Timestamp>,
    /// Due time of the oldest due effect without a lease.
    pub oldest_effect: Option<Timestamp>,
    /// Effects that are not settled.
    pub open_effects: i64,
}

/// A count that is not what is counted.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Miscount {
    /// `onboardings`, `held`, `effects`.
    pub name: String,
    /// The flow, for onboardings; otherwise empty.
    pub flow: String,
    /// The status, for onboardings; otherwise empty.
    pub status: String,
    /// What is kept.
    pub kept: i64,
    /// What a count finds.
    pub counted: i64,
}

/// How much one transaction changes the counts.
#[derive(Debug)]
pub(super) struct Tally {
    changes: BTreeMap<(&'static str, String, String), i64>,
    /// Flow and status of the onboardings that the transaction has locked.
    stands: HashMap<Uuid, (String, String)>,
    added: Arc<Added>,
}

/// Rows that this process added since it last summed up.
#[derive(Debug)]
pub(super) struct Added(AtomicUsize);

impl Default for Added {
    /// Full: processes that end soon must not leave more and more rows behind.
    fn default() -> Self {
        Self(AtomicUsize::new(MANY))
    }
}

impl Tally {
    pub(super) fn new(added: Arc<Added>) -> Self {
        Self { changes: BTreeMap::new(), stands: HashMap::new(), added }
    }

    /// So many more of these; fewer, if negative.
    pub(super) fn add(&mut self, name: &'static str, number: i64) {
        self.change(name, String::new(), String::new(), number);
    }

    /// What stood there before this transaction changes it.
    pub(super) fn found(&mut self, row: &onboardings::Model) {
        self.stands.insert(row.id, (row.flow.clone(), row.status.clone()));
    }

    /// An onboarding was added.
    pub(super) fn begun(&mut self, row: &onboardings::Model) {
        self.found(row);
        self.change(ONBOARDINGS, row.flow.clone(), row.status.clone(), 1);
    }

    /// An onboarding was changed that was found or begun before.
    pub(super) fn moved(&mut self, row: &onboardings::Model) {
        if let Some((flow, status)) = self.stands.insert(row.id, (row.flow.clone(), row.status.clone())) {
            self.change(ONBOARDINGS, flow, status, -1);
            self.change(ONBOARDINGS, row.flow.clone(), row.status.clone(), 1);
        }
    }

    /// An onboarding that was found before ended with this status.
    pub(super) fn ended(&mut self, id: Uuid, status: &str) {
        if let Some((flow, before)) = self.stands.get_mut(&id) {
            let (flow, before) = (flow.clone(), std::mem::replace(before, status.to_owned()));
            self.change(ONBOARDINGS, flow.clone(), before, -1);
            self.change(ONBOARDINGS, flow, status.to_owned(), 1);
        }
    }

    fn change(&mut self, name: &'static str, flow: String, status: String, number: i64) {
        *self.changes.entry((name, flow, status)).or_default() += number;
    }

    /// The rows to add, and how many rows to sum up after them, if it is time.
    pub(super) fn rows(&mut self) -> (Vec<figures::Model>, Option<u32>) {
        let changes = std::mem::take(&mut self.changes).into_iter().filter(|(_, number)| *number != 0);
        let row =
            |((name, flow, status), number)| figures::Model { id: 0, name: String::from(name), flow, status, number };
        let rows: Vec<_> = changes.map(row).collect();
        let many = !rows.is_empty() && self.added.0.fetch_add(rows.len(), Ordering::Relaxed) + rows.len() > MANY;
        if many {
            self.added.0.store(0, Ordering::Relaxed);
        }
        (rows, many.then_some(SUMMED))
    }
}

/// Counts outside the engine's transactions.
pub(super) async fn add(tx: &DbTx, name: &str, number: i64) -> Result<(), DbErr> {
    if number == 0 {
        return Ok(());
    }
    let row = figures::ActiveModel {
        id: ActiveValue::NotSet,
        name: ActiveValue::Set(name.into()),
        flow: ActiveValue::Set(String::new()),
        status: ActiveValue::Set(String::new()),
        number: ActiveValue::Set(number),
    };
    figures::Entity::insert(row).exec_without_returning(tx).await.map(drop)
}

/// It takes as long as it takes, and nothing waits for it.
async fn unlimited(tx: &DatabaseTransaction) -> Result<(), DbErr> {
    if tx.get_database_backend() == DbBackend::Postgres {
        tx.execute_unprepared("SET LOCAL statement_timeout = 0").await?;
    }
    Ok(())
}

impl Store {
    /// Figures for `/metrics`: sums of a short table and the first rows of two indexes, by one statement.
    ///
    /// # Errors
    /// [`StoreError::Passing`].
    pub async fn figures(&self, now: Timestamp) -> Result<Figures, StoreError> {
        let sql = "SELECT name, flow, status, CAST(sum(number) AS BIGINT) AS number FROM figures \
                   GROUP BY name, flow, status \
                   UNION ALL SELECT 'wake', '', '', (SELECT min(wake_at) FROM onboardings WHERE wake_at IS NOT NULL) \
                   UNION ALL SELECT 'due', '', '', (SELECT min(due_at) FROM effects \
                   WHERE lease_until IS NULL AND settled_at IS NULL) ORDER BY name, flow, status";
        let failed = Self::screens_failed;
        let screens = self.screens();
        let rows = screens.query_all_raw(Statement::from_string(screens.get_database_backend(), sql)).await;
        let mut figures = Figures::default();
        for row in rows.map_err(failed)? {
            let text = |column: &str| row.try_get::<String>("", column).map_err(failed);
            let Some(number) = row.try_get::<Option<i64>>("", "number").map_err(failed)? else { continue };
            let due = Some(Timestamp(number)).filter(|at| *at <= now);
            match text("name")?.as_str() {
                ONBOARDINGS if number != 0 => figures.onboardings.push((text("flow")?, text("status")?, number)),
                HELD => figures.held = number,
                EFFECTS => figures.open_effects = number,
                "wake" => figures.oldest_wake = due,
                "due" => figures.oldest_effect = due,
                _ => {}
            }
        }
        Ok(figures)
    }

    /// Counts everything anew, while others write: for a database to which a process without figures wrote as well.
    /// Reads whole tables, once, and blocks nothing.
    ///
    /// # Errors
    /// [`StoreError::Passing`]: the figures are as they were before.
    pub async fn recount(&self) -> Result<(), StoreError> {
        let mut reruns = 0;
        loop {
            match self.count().await {
                Err(StoreError::Passing(_)) if reruns < RERUNS => reruns += 1,
                done => return done,
            }
        }
    }

    async fn count(&self) -> Result<(), StoreError> {
        let failed = Self::work_failed;
        // One view of everything: no count includes what is committed later, and its own rows stay.
        let view = match self.work().get_database_backend() {
            DbBackend::Postgres => {
                TransactionOptions { isolation_level: Some(IsolationLevel::RepeatableRead), ..IMMEDIATE }
            }
            _ => IMMEDIATE,
        };
        let tx = self.work().unbounded().begin_with_options(view).await.map_err(failed)?;
        unlimited(&tx).await.map_err(failed)?;
        tx.execute_unprepared("DELETE FROM figures").await.map_err(failed)?;
        for count in COUNTS {
            let sql = format!("INSERT INTO figures (name, flow, status, number) {count}");
            tx.execute_unprepared(&sql).await.map_err(failed)?;
        }
        tx.commit().await.map_err(failed)
    }

    /// Compares the counts with what there is, in one view of both, while others write. Reads whole tables, once.
    ///
    /// # Errors
    /// [`StoreError::Passing`].
    pub async fn miscounted(&self) -> Result<Vec<Miscount>, StoreError> {
        let failed = Self::screens_failed;
        let counts =
            COUNTS.map(|count| format!("SELECT name, flow, status, 0 AS kept, number AS counted FROM ({count}) c"));
        let sql = format!(
            "SELECT name, flow, status, CAST(sum(kept) AS BIGINT) AS kept, CAST(sum(counted) AS BIGINT) AS counted \
             FROM (SELECT name, flow, status, number AS kept, 0 AS counted FROM figures UNION ALL {}) t \
             GROUP BY name, flow, status HAVING sum(kept) <> sum(counted) ORDER BY name, flow, status",
            counts.join(" UNION ALL ")
        );
        let tx = self.screens().unbounded().begin().await.map_err(failed)?;
        unlimited(&tx).await.map_err(failed)?;
        let statement = Statement::from_string(tx.get_database_backend(), sql);
        let found = Miscount::find_by_statement(statement).all(&tx).await.map_err(failed)?;
        tx.rollback().await.map_err(failed)?;
        Ok(found)
    }
}
