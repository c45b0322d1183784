//! Tells, when the answer to COMMIT is lost, whether it was done. A transaction's number and a row that it wrote enter;
//! yes, no or nothing leaves. Never here: a guess; on nothing, the caller runs the transaction again.

use std::time::Duration;

use sea_orm::sqlx::{Error as SqlxError, PgPool, Row, query};

use crate::clock::Stopwatch;
use crate::store::lent::Ends;

/// A row of the journal that this transaction wrote, and the transaction's number: what tells, when the answer to
/// COMMIT is lost, whether it was done. The number alone does not: after a fail-over another transaction may have it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Witness {
    pub(super) seq: i64,
    pub(super) xact: i64,
}

impl Witness {
    /// Whether a transaction was committed after its COMMIT went unanswered. First ends one that is still open, because
    /// COMMIT never came or its process has not noticed the lost connection.
    pub(super) async fn was_done(self, pool: &PgPool, ends: &Ends) -> Option<bool> {
        const AGAIN: Duration = Duration::from_millis(50);
        const SQL: &str = "SELECT txid_status($1), EXISTS (SELECT 1 FROM events WHERE seq = $2 \
                           AND xmin::text::bigint = $1 & 4294967295), (SELECT count(pg_terminate_backend(pid)) \
                           FROM pg_stat_activity WHERE backend_xid::text::bigint = $1 & 4294967295 \
                           AND pid <> pg_backend_pid())";
        let (watch, mut unseen) = (Stopwatch::start(), 0);
        while watch.elapsed() < ends.transaction() {
            let asking = query(SQL).bind(self.xact).bind(self.seq).fetch_one(pool);
            match ends.within(ends.statement(), asking).await {
                Ok(row) => match (row.try_get::<Option<String>, _>(0).ok()?.as_deref(), row.try_get(1).ok()?) {
                    (Some("in progress"), _) => {}
                    (Some("committed"), true) => return Some(true),
                    // It may have been done between the look at the rows and the look at the transaction.
                    (Some("committed"), false) if unseen == 0 => unseen += 1,
                    _ => return Some(false),
                },
                // It never heard of such a transaction: another server.
                Err(SqlxError::Database(_)) => return Some(false),
                Err(_) => {}
            }
            tokio::time::sleep(AGAIN).await;
        }
        None
    }
}
