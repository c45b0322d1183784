//! The few differences between PostgreSQL and SQLite. The hot statements of one transaction are behind [`Session`]:
//! array parameters and row locks on PostgreSQL, multi-row statements and one writer on SQLite. Rows come in sorted by
//! key and sealed; nothing here knows a core type.

mod asking;
mod columns;
mod kept;
mod lease;
mod postgres;
mod sqlite;
mod witness;

use async_trait::async_trait;
use gangway_entities::{effects, events, figures, held, identifiers, onboardings, secrets, users};
use sea_orm::DbBackend;
use uuid::Uuid;

pub(super) use asking::PostgresSession;
pub(super) use lease::{claim_due, give_back, next_live};
pub(super) use sqlite::{IMMEDIATE, SqliteSession};

use super::types::StoreError;

type Result<T> = std::result::Result<T, StoreError>;

/// The statements of one transaction of the engine.
#[async_trait]
pub(super) trait Session: Send + std::fmt::Debug {
    /// Whether `lock` and `lock_users` pass over rows that other transactions hold.
    fn passes_over(&self) -> bool {
        false
    }
    /// Writes a row as it is.
    async fn touch(&mut self) -> Result<()>;
    async fn known(&mut self, dedupe: &[Vec<u8>]) -> Result<Vec<KnownRow>>;
    /// Those that have an owner; locks nothing.
    async fn owners(&mut self, blinds: &[Vec<u8>]) -> Result<Vec<identifiers::Model>>;
    async fn lock_users(&mut self, ids: &[Uuid]) -> Result<Vec<users::Model>>;
    /// (onboarding, its user) of those that are there; locks nothing.
    async fn users_of(&mut self, onboardings: &[Uuid]) -> Result<Vec<(Uuid, Uuid)>>;
    async fn onboardings_of(&mut self, users: &[Uuid]) -> Result<Vec<BriefRow>>;
    /// Each with its user, and whether it is marked as one for which something may be kept.
    async fn lock(&mut self, ids: &[Uuid]) -> Result<Vec<(onboardings::Model, users::Model, bool)>>;
    async fn mark_kept(&mut self, ids: &[Uuid], kept: bool) -> Result<()>;
    /// Not what is sealed; never woken any more.
    async fn end_shut(&mut self, rows: Vec<EndRow>) -> Result<()>;
    /// Kept events in order of `seq`: of an onboarding the oldest, of a user and no onboarding the newest of each type;
    /// at most `limit` (of each type).
    async fn kept_of(&mut self, whose: Whose, limit: u32) -> Result<Vec<events::Model>>;
    async fn insert_users(&mut self, rows: Vec<users::Model>) -> Result<()>;
    /// Answers the ids that were really added.
    async fn insert_onboardings(&mut self, rows: Vec<onboardings::Model>) -> Result<Vec<Uuid>>;
    /// Answers how many were there.
    async fn update_onboardings(&mut self, rows: Vec<onboardings::Model>) -> Result<u64>;
    /// No key twice. Answers the rows as they are afterwards, locked.
    async fn claim(&mut self, rows: Vec<identifiers::Model>) -> Result<Vec<identifiers::Model>>;
    /// Held events that wait on one of these or several, each once, in order of `seq`; with the one that names it best.
    /// Locks nothing: two owners of two identifiers may both find an event, and `adopt` tells the second.
    async fn held_on(&mut self, blinds: &[Vec<u8>], limit: u32) -> Result<Vec<(Vec<u8>, events::Model)>>;
    async fn lock_events(&mut self, seqs: &[i64]) -> Result<()>;
    /// Identifiers that these events are held on, in order of their places; one that is not held any more is missing.
    async fn held_by_seq(&mut self, seqs: &[i64]) -> Result<Vec<HeldRow>>;
    /// In the order of `seq`, which is given here and not by the rows. Answers those that were really added.
    async fn insert_events(&mut self, rows: Vec<events::Model>) -> Result<Vec<SeqRow>>;
    /// What new events are held on; no pair of identifier and event twice.
    async fn hold(&mut self, rows: Vec<held::Model>) -> Result<()>;
    /// They are not held any more.
    async fn let_go(&mut self, seqs: &[i64]) -> Result<()>;
    /// (seq, how many more); no seq twice. Answers how many rows were there.
    async fn add_copies(&mut self, copies: &[(i64, i32)]) -> Result<u64>;
    /// The last rows of these onboardings' journals, the last first.
    async fn tails(&mut self, onboardings: &[Uuid], rows: u32) -> Result<Vec<events::Model>>;
    /// Adds polls to rows that are there; answers how many of those two for each were there.
    async fn fold(&mut self, rows: Vec<FoldRow>) -> Result<u64>;
    /// Answers how many were still what they were.
    async fn adopt(&mut self, rows: Vec<AdoptRow>) -> Result<u64>;
    /// `lease_until` of a row is the length of its lease, which begins now by the database's clock.
    /// Answers how many were really added.
    async fn insert_effects(&mut self, rows: Vec<effects::Model>) -> Result<u64>;
    /// Replaces what has the same owner and name; sorted by these.
    async fn put_secrets(&mut self, rows: Vec<secrets::Model>) -> Result<()>;
    async fn secrets_of(&mut self, owner: Uuid) -> Result<Vec<secrets::Model>>;
    /// Owner and name, sorted; those that are not there are not missed.
    async fn erase_secrets(&mut self, of: &[(Uuid, String)]) -> Result<()>;
    /// (onboarding, number, attempt), sorted; of those that are leased for this attempt, the lease ends then.
    async fn park(&mut self, attempts: &[(Uuid, i64, i32)], until: i64) -> Result<()>;
    /// Answers how many were not settled before.
    async fn cancel_effects(&mut self, onboardings: &[Uuid]) -> Result<u64>;
    /// Answers how many were not settled before.
    async fn settle(&mut self, rows: Vec<SettleRow>) -> Result<u64>;
    /// Also what was given up into a review, which a person's retry goes on with; nothing else that is settled. Answers
    /// how many were settled before.
    async fn due_again(&mut self, rows: Vec<DueRow>) -> Result<u64>;
    /// Adds the changes of counts; waits for no lock.
    async fn tally(&mut self, rows: Vec<figures::Model>) -> Result<()>;
    /// Puts the sums of the oldest rows in their place, at most so many; those that another transaction sums up at this
    /// moment are passed over.
    async fn sum_up(&mut self, limit: u32) -> Result<()>;
    async fn commit(self: Box<Self>) -> Result<()>;
    async fn rollback(self: Box<Self>) -> Result<()>;
}

/// An identifier that a held event is held on.
#[derive(Debug, sea_orm::FromQueryResult)]
pub(super) struct HeldRow {
    pub(super) seq: i64,
    pub(super) blind: Vec<u8>,
    pub(super) kind: String,
}

/// What is known of an event that is in the journal.
#[derive(Debug, sea_orm::DerivePartialModel)]
#[sea_orm(entity = "events::Entity")]
pub(super) struct KnownRow {
    pub(super) seq: i64,
    pub(super) dedupe: Vec<u8>,
    pub(super) digest: Vec<u8>,
    pub(super) verdict: String,
    pub(super) onboarding_id: Option<Uuid>,
}

/// An onboarding without its sealed part.
#[derive(Debug, sea_orm::DerivePartialModel)]
#[sea_orm(entity = "onboardings::Entity")]
pub(super) struct BriefRow {
    pub(super) id: Uuid,
    pub(super) user_id: Uuid,
    pub(super) flow: String,
    pub(super) version: i32,
    pub(super) state: String,
    pub(super) ended_at: Option<i64>,
}

/// The number that a journal row got.
#[derive(Debug, sea_orm::FromQueryResult)]
pub(super) struct SeqRow {
    pub(super) seq: i64,
    pub(super) dedupe: Vec<u8>,
}

/// The owner for which events are kept.
#[derive(Clone, Copy, Debug)]
pub(super) enum Whose {
    Onboarding(Uuid),
    /// And no onboarding yet.
    User(Uuid),
}

/// An onboarding that ends, of which only the columns can be read.
#[derive(Debug)]
pub(super) struct EndRow {
    pub(super) id: Uuid,
    pub(super) status: String,
    pub(super) ended_at: Option<i64>,
    pub(super) revision: i64,
}

/// The one move of a journal row: out of `held` or `kept`.
#[derive(Debug)]
pub(super) struct AdoptRow {
    pub(super) seq: i64,
    /// The verdict that it is moved out of.
    pub(super) was: &'static str,
    pub(super) onboarding_id: Option<Uuid>,
    pub(super) user_id: Uuid,
    pub(super) verdict: &'static str,
    pub(super) from_state: Option<String>,
    pub(super) to_state: Option<String>,
    pub(super) detail: String,
    pub(super) revision: Option<i64>,
    /// Absent: it stays sealed as it is, with its own key.
    pub(super) sealed: Option<Vec<u8>>,
    pub(super) decided_at: Option<i64>,
}

/// A poll that is added to two rows: of its timer's own row, which goes, and of its answer, which has none yet.
#[derive(Debug)]
pub(super) struct FoldRow {
    pub(super) timer: i64,
    pub(super) answer_seq: i64,
    pub(super) gone: i64,
    /// The effect of the poll before, which goes.
    pub(super) onboarding_id: Uuid,
    pub(super) n: i64,
    pub(super) answer: events::Model,
}

/// An effect that ended.
#[derive(Debug)]
pub(super) struct SettleRow {
    pub(super) onboarding_id: Uuid,
    pub(super) n: i64,
    pub(super) outcome: String,
}

/// An effect that is due again.
#[derive(Debug)]
pub(super) struct DueRow {
    pub(super) onboarding_id: Uuid,
    pub(super) n: i64,
    pub(super) due_at: i64,
    pub(super) mode: &'static str,
    pub(super) uncertain_since: Option<i64>,
}

/// The database's clock in milliseconds, as an SQL expression: the time at which the statement came. It stands still
/// within a statement, so that an index can be read up to it.
pub(super) const fn clock(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Sqlite => "CAST(unixepoch('subsec') * 1000 AS INTEGER)",
        _ => "(extract(epoch FROM statement_timestamp()) * 1000)::bigint",
    }
}
