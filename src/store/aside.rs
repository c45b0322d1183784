//! What is kept apart from the journal: deliveries that failed verification, and events that the database refuses.
//! What must be known to take one again enters as bytes, and is sealed; nothing here reads it. Each place has a cap.

use bytes::Bytes;
use gangway_core::time::Timestamp;
use sea_orm::sea_query::{Alias, Expr, ExprTrait, Order, Query, SelectStatement};
use sea_orm::{ConnectionTrait, FromQueryResult, TransactionTrait};
use uuid::Uuid;

use super::dialect::IMMEDIATE;
use super::keys::Place;
use super::{Store, StoreError};

/// The two places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AsideKind {
    /// Events that the database refuses, each on its own.
    Quarantine,
    /// Deliveries that failed verification.
    Unverified,
}

impl AsideKind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Quarantine, Self::Unverified];

    /// Its word, which is also the name of its table.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Quarantine => "quarantine",
            Self::Unverified => "unverified",
        }
    }

    /// The place of this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// How much a place holds, at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AsideCap {
    /// Number of rows.
    pub rows: u32,
    /// Bytes, sealed.
    pub bytes: u64,
}

/// Something to keep apart.
#[derive(Clone, Copy, Debug)]
pub struct NewAside<'a> {
    /// Where it came from.
    pub source: &'a str,
    /// Why it is kept apart, in words that hold nothing of it.
    pub reason: &'a str,
    /// When it was received.
    pub at: Timestamp,
    /// What is needed to take it again.
    pub content: &'a [u8],
}

/// Something kept apart, as lists show it: nothing of what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptAside {
    /// Its id; later ones are greater.
    pub id: Uuid,
    /// Quarantine, or unverified.
    pub kind: AsideKind,
    /// Where it came from.
    pub source: String,
    /// Why it is kept apart.
    pub reason: String,
    /// When it was received.
    pub at: Timestamp,
    /// Room that it takes, in bytes; 0 when a version before kept it.
    pub size: u64,
    /// Whether it was kept whole enough to be taken again; what a version before kept was not.
    pub takeable: bool,
}

/// Which of them to list.
#[derive(Clone, Debug)]
pub struct AsideFilter {
    /// The place.
    pub kind: AsideKind,
    /// From this source only.
    pub source: Option<String>,
    /// Older than this one.
    pub before: Option<Uuid>,
    /// Most items to return.
    pub limit: u32,
}

/// The form that this version writes.
const FORM: i64 = 1;

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    source: String,
    reason: String,
    received_at: i64,
    form: Option<i64>,
    size: Option<i64>,
}

#[derive(FromQueryResult)]
struct Sealed {
    sealed: Vec<u8>,
}

#[derive(FromQueryResult)]
struct Sized {
    id: Uuid,
    size: Option<i64>,
}

#[derive(FromQueryResult)]
struct Total {
    rows: i64,
    bytes: i64,
}

impl Store {
    /// Keeps a delivery with a wrong signature or secret; beyond `cap`, the oldest of its source go, so that a forger
    /// cannot fill the disk. A forgery never becomes an event.
    ///
    /// # Errors
    /// [`StoreError::Passing`]: it was not kept.
    pub async fn keep_unverified(&self, new: &NewAside<'_>, cap: AsideCap) -> Result<(), StoreError> {
        const LOOKED_AT: u64 = 10_000;
        let table = AsideKind::Unverified;
        let tx = self.work().begin_with_options(IMMEDIATE).await.map_err(Self::work_failed)?;
        self.insert_aside(&tx, table, new).await?;
        let mut select = Query::select();
        select.columns([Alias::new("id"), Alias::new("size")]).from(Alias::new(table.word()));
        select.and_where(Expr::col(Alias::new("source")).eq(storable(new.source)));
        select.order_by(Alias::new("id"), Order::Desc).limit(LOOKED_AT);
        let newest = Sized::find_by_statement(tx.get_database_backend().build(&select));
        let mut left = cap;
        let mut beyond = Vec::new();
        for row in newest.all(&tx).await.map_err(Self::work_failed)? {
            let size = row.size.and_then(|size| u64::try_from(size).ok()).unwrap_or(0);
            match (left.rows.checked_sub(1), left.bytes.checked_sub(size)) {
                (Some(rows), Some(bytes)) => left = AsideCap { rows, bytes },
                // Everything older goes too: what is left is the newest without a gap.
                _ => {
                    left = AsideCap { rows: 0, bytes: 0 };
                    beyond.push(row.id);
                }
            }
        }
        self.remove_aside(&tx, table, beyond).await?;
        tx.commit().await.map_err(Self::work_failed)
    }

    /// Keeps an event that the database refuses on its own (poison). Whether there was room: its sender was promised
    /// nothing yet, and nothing that was kept goes for it.
    ///
    /// # Errors
    /// [`StoreError::Passing`]: it was not kept.
    pub async fn quarantine(&self, new: &NewAside<'_>, cap: AsideCap) -> Result<bool, StoreError> {
        let table = AsideKind::Quarantine;
        let tx = self.work().begin_with_options(IMMEDIATE).await.map_err(Self::work_failed)?;
        let mut select = Query::select();
        select.expr_as(Expr::cust("count(*)"), Alias::new("rows"));
        select.expr_as(Expr::cust("CAST(coalesce(sum(size), 0) AS bigint)"), Alias::new("bytes"));
        select.from(Alias::new(table.word()));
        let total = Total::find_by_statement(tx.get_database_backend().build(&select));
        let total = total.one(&tx).await.map_err(Self::work_failed)?.unwrap_or(Total { rows: 0, bytes: 0 });
        let bytes = u64::try_from(total.bytes).unwrap_or(0).saturating_add(new.content.len() as u64);
        if total.rows >= i64::from(cap.rows) || bytes > cap.bytes {
            return Ok(false);
        }
        self.insert_aside(&tx, table, new).await?;
        tx.commit().await.map_err(Self::work_failed)?;
        Ok(true)
    }

    /// What is kept apart, newest first.
    ///
    /// # Errors
    /// [`StoreError::Passing`].
    pub async fn aside(&self, filter: &AsideFilter) -> Result<Vec<KeptAside>, StoreError> {
        let mut select = listed(filter.kind);
        if let Some(source) = &filter.source {
            select.and_where(Expr::col(Alias::new("source")).eq(source.as_str()));
        }
        if let Some(before) = filter.before {
            select.and_where(Expr::col(Alias::new("id")).lt(before));
        }
        select.order_by(Alias::new("id"), Order::Desc).limit(u64::from(filter.limit));
        let find = Row::find_by_statement(self.screens().get_database_backend().build(&select));
        let found = find.all(self.screens()).await.map_err(Self::screens_failed)?;
        Ok(found.into_iter().map(|row| kept(filter.kind, row)).collect())
    }

    /// The entry with this id, wherever it is, with what was kept of it.
    ///
    /// # Errors
    /// [`StoreError::Passing`]; [`StoreError::Poison`] when it does not open.
    pub async fn kept_aside(&self, id: Uuid) -> Result<Option<(KeptAside, Bytes)>, StoreError> {
        for kind in AsideKind::ALL {
            let mut select = listed(kind);
            select.and_where(Expr::col(Alias::new("id")).eq(id));
            let backend = self.screens().get_database_backend();
            let find = Row::find_by_statement(backend.build(&select));
            let Some(row) = find.one(self.screens()).await.map_err(Self::screens_failed)? else { continue };
            let mut select = Query::select();
            select.column(Alias::new("sealed")).from(Alias::new(kind.word()));
            select.and_where(Expr::col(Alias::new("id")).eq(id));
            let find = Sealed::find_by_statement(backend.build(&select));
            let Some(sealed) = find.one(self.screens()).await.map_err(Self::screens_failed)? else { continue };
            let place = Place { table: kind.word(), row: id.as_bytes() };
            let plain = self.keys.open_aside(place, &sealed.sealed)?;
            return Ok(Some((kept(kind, row), Bytes::copy_from_slice(&plain))));
        }
        Ok(None)
    }

    /// Lets go of one: it was taken. Gone already is as good.
    ///
    /// # Errors
    /// [`StoreError::Passing`].
    pub async fn forget_aside(&self, kind: AsideKind, id: Uuid) -> Result<(), StoreError> {
        self.remove_aside(self.work(), kind, vec![id]).await
    }

    async fn insert_aside(
        &self,
        conn: &impl ConnectionTrait,
        kind: AsideKind,
        new: &NewAside<'_>,
    ) -> Result<(), StoreError> {
        let id = self.chance.id(new.at);
        let place = Place { table: kind.word(), row: id.as_bytes() };
        let sealed = self.keys.seal_aside(&*self.chance, place, new.content)?;
        let size = i64::try_from(sealed.len()).unwrap_or(i64::MAX);
        let columns = ["id", "source", "reason", "received_at", "sealed", "form", "size"].map(Alias::new);
        let mut insert = Query::insert();
        let values = [
            id.into(),
            storable(new.source).into(),
            storable(new.reason).into(),
            new.at.0.into(),
            sealed.into(),
            FORM.into(),
            size.into(),
        ];
        insert.into_table(Alias::new(kind.word())).columns(columns);
        insert.values(values).map_err(|error| StoreError::Setup(error.to_string()))?;
        conn.execute(&insert).await.map(drop).map_err(Self::work_failed)
    }

    async fn remove_aside(
        &self,
        conn: &impl ConnectionTrait,
        kind: AsideKind,
        ids: Vec<Uuid>,
    ) -> Result<(), StoreError> {
        if ids.is_empty() {
            return Ok(());
        }
        let mut delete = Query::delete();
        delete.from_table(Alias::new(kind.word())).and_where(Expr::col(Alias::new("id")).is_in(ids));
        conn.execute(&delete).await.map(drop).map_err(Self::work_failed)
    }
}

fn listed(kind: AsideKind) -> SelectStatement {
    let columns = ["id", "source", "reason", "received_at", "form", "size"].map(Alias::new);
    Query::select().columns(columns).from(Alias::new(kind.word())).to_owned()
}

fn kept(kind: AsideKind, row: Row) -> KeptAside {
    KeptAside {
        id: row.id,
        kind,
        source: row.source,
        reason: row.reason,
        at: Timestamp(row.received_at),
        size: row.size.and_then(|size| u64::try_from(size).ok()).unwrap_or(0),
        takeable: row.form == Some(FORM),
    }
}

/// PostgreSQL refuses U+0000 in text, and what is kept here is kept because something was odd about it.
fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}
