//! SQLite: multi-row statements made from the entities, in an immediate transaction of the one writer. Nothing needs a
//! row lock: the writer is alone.

use std::collections::BTreeMap;

use async_trait::async_trait;
use gangway_entities::{effects, events, figures, held, identifiers, onboardings, secrets, users};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveValue, ColumnTrait, Condition, ConnectionTrait, DbBackend, DbErr, EntityTrait, IntoActiveModel, Iterable,
    PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, SqliteTransactionMode, Statement, TransactionOptions,
    TransactionTrait,
};
use uuid::Uuid;

use super::{
    AdoptRow, BriefRow, DueRow, EndRow, FoldRow, HeldRow, KnownRow, Result, SeqRow, Session, SettleRow, Whose, clock,
    kept,
};
use crate::store::bounded::{Db, DbTx};
use crate::store::errors::from_db;
use crate::store::types::StoreError;

const POOL: &str = "intake";

/// SQLite takes 32 766 parameters in a statement; the widest row has 18.
const ROWS: usize = 1_024;

/// Terms of one `OR` chain; SQLite limits the depth of an expression to 1 000.
const TERMS: usize = 200;

/// An immediate transaction of the writer.
#[derive(Debug)]
pub(in crate::store) struct SqliteSession(DbTx);

/// A write transaction from its first statement on, so that it never fails half-way for a reader that became a writer.
pub(in crate::store) const IMMEDIATE: TransactionOptions = TransactionOptions {
    isolation_level: None,
    access_mode: None,
    sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
};

impl SqliteSession {
    pub(in crate::store) async fn begin(writer: &Db) -> Result<Self> {
        writer.begin_with_options(IMMEDIATE).await.map(Self).map_err(failed)
    }

    async fn now(&self) -> Result<i64> {
        let sql = format!("SELECT {} AS now", clock(DbBackend::Sqlite));
        let row = self.0.query_one_raw(Statement::from_string(DbBackend::Sqlite, sql)).await.map_err(failed)?;
        let row = row.ok_or_else(|| StoreError::Setup("the database does not tell the time".into()))?;
        row.try_get("", "now").map_err(failed)
    }
}

fn failed(error: DbErr) -> StoreError {
    from_db(POOL, error)
}

#[async_trait]
impl Session for SqliteSession {
    async fn touch(&mut self) -> Result<()> {
        self.0.execute_unprepared("UPDATE vault SET canary = canary").await.map(drop).map_err(failed)
    }

    async fn known(&mut self, dedupe: &[Vec<u8>]) -> Result<Vec<KnownRow>> {
        let mut rows = Vec::new();
        for keys in groups(dedupe) {
            let find = events::Entity::find().filter(events::Column::Dedupe.is_in(keys.iter().map(Vec::as_slice)));
            rows.extend(find.into_partial_model().all(&self.0).await.map_err(failed)?);
        }
        Ok(rows)
    }

    async fn owners(&mut self, blinds: &[Vec<u8>]) -> Result<Vec<identifiers::Model>> {
        let owned = Condition::any()
            .add(identifiers::Column::OnboardingId.is_not_null())
            .add(identifiers::Column::UserId.is_not_null());
        let mut rows = Vec::new();
        for keys in groups(blinds) {
            let find = identifiers::Entity::find()
                .filter(identifiers::Column::Blind.is_in(keys.iter().map(Vec::as_slice)))
                .filter(owned.clone());
            rows.extend(find.all(&self.0).await.map_err(failed)?);
        }
        Ok(rows)
    }

    async fn lock_users(&mut self, ids: &[Uuid]) -> Result<Vec<users::Model>> {
        let mut rows = Vec::new();
        for ids in groups(ids) {
            let find = users::Entity::find().filter(users::Column::Id.is_in(ids.iter().copied()));
            rows.extend(find.order_by_asc(users::Column::Id).all(&self.0).await.map_err(failed)?);
        }
        Ok(rows)
    }

    async fn users_of(&mut self, onboardings: &[Uuid]) -> Result<Vec<(Uuid, Uuid)>> {
        let mut pairs = Vec::new();
        for ids in groups(onboardings) {
            let find = onboardings::Entity::find()
                .select_only()
                .columns([onboardings::Column::Id, onboardings::Column::UserId])
                .filter(onboardings::Column::Id.is_in(ids.iter().copied()));
            pairs.extend(find.into_tuple::<(Uuid, Uuid)>().all(&self.0).await.map_err(failed)?);
        }
        Ok(pairs)
    }

    async fn onboardings_of(&mut self, users: &[Uuid]) -> Result<Vec<BriefRow>> {
        let mut rows = Vec::new();
        for ids in groups(users) {
            let find = onboardings::Entity::find()
                .filter(onboardings::Column::UserId.is_in(ids.iter().copied()))
                .order_by_asc(onboardings::Column::Id);
            rows.extend(find.into_partial_model().all(&self.0).await.map_err(failed)?);
        }
        Ok(rows)
    }

    async fn lock(&mut self, ids: &[Uuid]) -> Result<Vec<(onboardings::Model, users::Model, bool)>> {
        let mut rows = Vec::new();
        for ids in groups(ids) {
            let marked = onboardings::Entity::find()
                .select_only()
                .column(onboardings::Column::Id)
                .filter(onboardings::Column::Id.is_in(ids.iter().copied()))
                .filter(Expr::cust("kept"));
            let marked: Vec<Uuid> = marked.into_tuple().all(&self.0).await.map_err(failed)?;
            let find = onboardings::Entity::find()
                .filter(onboardings::Column::Id.is_in(ids.iter().copied()))
                .order_by_asc(onboardings::Column::Id)
                .find_also_related(users::Entity);
            let found = find.all(&self.0).await.map_err(failed)?;
            rows.extend(found.into_iter().filter_map(|(onboarding, user)| {
                let kept = marked.contains(&onboarding.id);
                Some((onboarding, user?, kept))
            }));
        }
        Ok(rows)
    }

    async fn mark_kept(&mut self, ids: &[Uuid], kept: bool) -> Result<()> {
        kept::mark(&self.0, ids, kept).await.map_err(failed)
    }

    async fn end_shut(&mut self, rows: Vec<EndRow>) -> Result<()> {
        kept::end(&self.0, rows).await.map_err(failed)
    }

    async fn kept_of(&mut self, whose: Whose, limit: u32) -> Result<Vec<events::Model>> {
        kept::of(&self.0, whose, limit).await.map_err(failed)
    }

    async fn insert_users(&mut self, rows: Vec<users::Model>) -> Result<()> {
        insert(&self.0, rows, None).await.map(drop)
    }

    async fn insert_onboardings(&mut self, rows: Vec<onboardings::Model>) -> Result<Vec<Uuid>> {
        let mut added = Vec::new();
        for rows in chunks(rows) {
            let insert = onboardings::Entity::insert_many(rows.into_iter().map(IntoActiveModel::into_active_model))
                .on_conflict(OnConflict::new().do_nothing().to_owned());
            match insert.exec_with_returning_keys(&self.0).await {
                Ok(ids) => added.extend(ids),
                Err(DbErr::RecordNotInserted) => {}
                Err(error) => return Err(failed(error)),
            }
        }
        Ok(added)
    }

    async fn update_onboardings(&mut self, rows: Vec<onboardings::Model>) -> Result<u64> {
        let mut there = 0;
        for ids in groups(&rows).map(|rows| rows.iter().map(|row| row.id)) {
            let count = onboardings::Entity::find().filter(onboardings::Column::Id.is_in(ids));
            there += count.count(&self.0).await.map_err(failed)?;
        }
        if there == u64::try_from(rows.len()).unwrap_or(u64::MAX) {
            let others = onboardings::Column::iter().filter(|column| !matches!(column, onboardings::Column::Id));
            let replace = OnConflict::column(onboardings::Column::Id).update_columns(others).to_owned();
            insert(&self.0, rows, Some(replace)).await?;
        }
        Ok(there)
    }

    async fn claim(&mut self, rows: Vec<identifiers::Model>) -> Result<Vec<identifiers::Model>> {
        let mut after = Vec::new();
        for rows in chunks(rows) {
            let insert = identifiers::Entity::insert_many(rows.into_iter().map(IntoActiveModel::into_active_model))
                .on_conflict(kept::first_owner_stays());
            after.extend(insert.exec_with_returning(&self.0).await.map_err(failed)?);
        }
        Ok(after)
    }

    async fn held_on(&mut self, blinds: &[Vec<u8>], limit: u32) -> Result<Vec<(Vec<u8>, events::Model)>> {
        let mut found: BTreeMap<i64, (i32, Vec<u8>)> = BTreeMap::new();
        for keys in groups(blinds) {
            // With one `min`, SQLite takes the other columns from the row that has it.
            let find = held::Entity::find()
                .select_only()
                .column(held::Column::Seq)
                .column_as(held::Column::Place.min(), "place")
                .column(held::Column::Blind)
                .filter(held::Column::Blind.is_in(keys.iter().map(Vec::as_slice)))
                .group_by(held::Column::Seq)
                .order_by_asc(held::Column::Seq)
                .limit(u64::from(limit));
            for (seq, place, blind) in find.into_tuple::<(i64, i32, Vec<u8>)>().all(&self.0).await.map_err(failed)? {
                let best = found.entry(seq).or_insert_with(|| (place, blind.clone()));
                *best = std::mem::take(best).min((place, blind));
            }
        }
        let seqs: Vec<i64> = found.keys().copied().take(usize::try_from(limit).unwrap_or(usize::MAX)).collect();
        let mut rows = Vec::with_capacity(seqs.len());
        for seqs in groups(&seqs) {
            let find = events::Entity::find().filter(events::Column::Seq.is_in(seqs.iter().copied()));
            let some = find.order_by_asc(events::Column::Seq).all(&self.0).await.map_err(failed)?;
            rows.extend(some.into_iter().filter_map(|row| Some((found.remove(&row.seq)?.1, row))));
        }
        Ok(rows)
    }

    async fn lock_events(&mut self, _seqs: &[i64]) -> Result<()> {
        Ok(())
    }

    async fn held_by_seq(&mut self, seqs: &[i64]) -> Result<Vec<HeldRow>> {
        kept::held_by_seq(&self.0, seqs).await.map_err(failed)
    }

    async fn hold(&mut self, rows: Vec<held::Model>) -> Result<()> {
        insert(&self.0, rows, None).await.map(drop)
    }

    async fn let_go(&mut self, seqs: &[i64]) -> Result<()> {
        for seqs in groups(seqs) {
            let gone = held::Entity::delete_many().filter(held::Column::Seq.is_in(seqs.iter().copied()));
            gone.exec(&self.0).await.map_err(failed)?;
        }
        Ok(())
    }

    async fn insert_events(&mut self, rows: Vec<events::Model>) -> Result<Vec<SeqRow>> {
        let mut added = Vec::new();
        for rows in chunks(rows) {
            let fresh =
                rows.into_iter().map(|row| events::ActiveModel { seq: ActiveValue::NotSet, ..row.into_active_model() });
            let mut insert = events::Entity::insert_many(fresh)
                .on_conflict(OnConflict::column(events::Column::Dedupe).do_nothing().to_owned());
            let query = sea_orm::QueryTrait::query(&mut insert);
            let query = query.returning(
                sea_orm::sea_query::Query::returning().columns([events::Column::Seq, events::Column::Dedupe]),
            );
            let found = self.0.query_all(&*query).await.map_err(failed)?;
            for row in found {
                added.push(sea_orm::FromQueryResult::from_query_result(&row, "").map_err(failed)?);
            }
        }
        Ok(added)
    }

    async fn add_copies(&mut self, copies: &[(i64, i32)]) -> Result<u64> {
        let mut there = 0;
        for (seq, more) in copies {
            let sum = Expr::cust_with_values("copies + ?", [*more]);
            let update = events::Entity::update_many().col_expr(events::Column::Copies, sum);
            let update = update.filter(events::Column::Seq.eq(*seq));
            there += update.exec(&self.0).await.map_err(failed)?.rows_affected;
        }
        Ok(there)
    }

    async fn tails(&mut self, onboardings: &[Uuid], rows: u32) -> Result<Vec<events::Model>> {
        let mut found = Vec::new();
        for id in onboardings {
            let find = events::Entity::find().filter(events::Column::OnboardingId.eq(*id));
            let find = find.order_by_desc(events::Column::Seq).limit(u64::from(rows));
            found.extend(find.all(&self.0).await.map_err(failed)?);
        }
        Ok(found)
    }

    async fn fold(&mut self, rows: Vec<FoldRow>) -> Result<u64> {
        let mut there = 0;
        for row in rows {
            let gone = events::Entity::find_by_id(row.gone).one(&self.0).await.map_err(failed)?;
            let Some(gone) = gone else { continue };
            events::Entity::delete_by_id(row.gone).exec(&self.0).await.map_err(failed)?;
            for (seq, new) in [(row.timer, gone), (row.answer_seq, row.answer)] {
                let change = events::ActiveModel {
                    dedupe: ActiveValue::Set(new.dedupe),
                    digest: ActiveValue::Set(new.digest),
                    occurred_at: ActiveValue::Set(new.occurred_at),
                    revision: ActiveValue::Set(new.revision),
                    detail: ActiveValue::Set(new.detail),
                    sealed: ActiveValue::Set(new.sealed),
                    last_at: ActiveValue::Set(Some(new.received_at)),
                    ..Default::default()
                };
                let copies = Expr::cust_with_values("copies + ?", [new.copies]);
                let update = events::Entity::update_many().set(change).filter(events::Column::Seq.eq(seq));
                let update = update.col_expr(events::Column::Copies, copies);
                let update = update.col_expr(events::Column::Times, Expr::cust("coalesce(times, 1) + 1"));
                there += update.exec(&self.0).await.map_err(failed)?.rows_affected;
            }
            let settled = effects::Entity::delete_many().filter(named(row.onboarding_id, row.n));
            settled.filter(effects::Column::SettledAt.is_not_null()).exec(&self.0).await.map_err(failed)?;
        }
        Ok(there)
    }

    async fn adopt(&mut self, rows: Vec<AdoptRow>) -> Result<u64> {
        let mut moved = 0;
        for row in rows {
            let change = events::ActiveModel {
                onboarding_id: ActiveValue::Set(row.onboarding_id),
                user_id: ActiveValue::Set(Some(row.user_id)),
                verdict: ActiveValue::Set(row.verdict.into()),
                from_state: ActiveValue::Set(row.from_state),
                to_state: ActiveValue::Set(row.to_state),
                detail: ActiveValue::Set(row.detail),
                revision: ActiveValue::Set(row.revision),
                own_key: if row.sealed.is_some() { ActiveValue::Set(None) } else { ActiveValue::NotSet },
                sealed: row.sealed.map_or(ActiveValue::NotSet, ActiveValue::Set),
                decided_at: ActiveValue::Set(row.decided_at),
                ..Default::default()
            };
            let update = events::Entity::update_many().set(change).filter(events::Column::Seq.eq(row.seq));
            let update = update.filter(events::Column::Verdict.eq(row.was));
            moved += update.exec(&self.0).await.map_err(failed)?.rows_affected;
        }
        Ok(moved)
    }

    async fn insert_effects(&mut self, mut rows: Vec<effects::Model>) -> Result<u64> {
        let now = self.now().await?;
        for row in &mut rows {
            row.lease_until = row.lease_until.map(|length| now.saturating_add(length));
        }
        insert(&self.0, rows, Some(OnConflict::new().do_nothing().to_owned())).await
    }

    async fn put_secrets(&mut self, rows: Vec<secrets::Model>) -> Result<()> {
        let conflict = OnConflict::columns([secrets::Column::Owner, secrets::Column::Name])
            .update_columns([secrets::Column::Sealed, secrets::Column::OwnKey, secrets::Column::Since])
            .to_owned();
        for rows in chunks(rows) {
            let rows = rows.into_iter().map(IntoActiveModel::into_active_model);
            let insert = secrets::Entity::insert_many(rows).on_conflict(conflict.clone());
            insert.exec_without_returning(&self.0).await.map_err(failed)?;
        }
        Ok(())
    }

    async fn secrets_of(&mut self, owner: Uuid) -> Result<Vec<secrets::Model>> {
        let find = secrets::Entity::find().filter(secrets::Column::Owner.eq(owner));
        find.all(&self.0).await.map_err(failed)
    }

    async fn erase_secrets(&mut self, of: &[(Uuid, String)]) -> Result<()> {
        for (owner, name) in of {
            let gone = secrets::Entity::delete_by_id((*owner, name.clone()));
            gone.exec(&self.0).await.map_err(failed)?;
        }
        Ok(())
    }

    async fn park(&mut self, attempts: &[(Uuid, i64, i32)], until: i64) -> Result<()> {
        kept::park(&self.0, attempts, until).await.map_err(failed)
    }

    async fn cancel_effects(&mut self, onboardings: &[Uuid]) -> Result<u64> {
        let now = self.now().await?;
        kept::cancel_effects(&self.0, onboardings, now).await.map_err(failed)
    }

    async fn settle(&mut self, mut rows: Vec<SettleRow>) -> Result<u64> {
        let now = self.now().await?;
        let mut settled = 0;
        rows.sort_by(|a, b| a.outcome.cmp(&b.outcome));
        for same in rows.chunk_by(|a, b| a.outcome == b.outcome).flat_map(|same| same.chunks(TERMS)) {
            let Some(first) = same.first() else { continue };
            let change = effects::ActiveModel {
                outcome: ActiveValue::Set(Some(first.outcome.clone())),
                settled_at: ActiveValue::Set(Some(now)),
                lease_until: ActiveValue::Set(None),
                lease_token: ActiveValue::Set(None),
                ..Default::default()
            };
            let any = same.iter().fold(Condition::any(), |any, row| any.add(named(row.onboarding_id, row.n)));
            let update = effects::Entity::update_many().set(change).filter(any);
            let update = update.filter(effects::Column::SettledAt.is_null());
            settled += update.exec(&self.0).await.map_err(failed)?.rows_affected;
        }
        Ok(settled)
    }

    async fn due_again(&mut self, rows: Vec<DueRow>) -> Result<u64> {
        const OPEN: &str = "settled_at IS NULL OR outcome IN ('exhausted', 'unknown', 'broken')";
        let mut opened = 0;
        for row in rows {
            let given_up = effects::Entity::find().filter(named(row.onboarding_id, row.n));
            let given_up = given_up.filter(effects::Column::SettledAt.is_not_null()).filter(Expr::cust(OPEN));
            opened += given_up.count(&self.0).await.map_err(failed)?;
            let change = effects::ActiveModel {
                due_at: ActiveValue::Set(row.due_at),
                mode: ActiveValue::Set(row.mode.into()),
                uncertain_since: ActiveValue::Set(row.uncertain_since),
                lease_until: ActiveValue::Set(None),
                lease_token: ActiveValue::Set(None),
                outcome: ActiveValue::Set(None),
                settled_at: ActiveValue::Set(None),
                ..Default::default()
            };
            let update = effects::Entity::update_many().set(change).filter(named(row.onboarding_id, row.n));
            update.filter(Expr::cust(OPEN)).exec(&self.0).await.map_err(failed)?;
        }
        Ok(opened)
    }

    async fn tally(&mut self, rows: Vec<figures::Model>) -> Result<()> {
        let rows = rows.into_iter().map(|row| figures::ActiveModel { id: ActiveValue::NotSet, ..row.into() });
        figures::Entity::insert_many(rows).exec_without_returning(&self.0).await.map(drop).map_err(failed)
    }

    async fn sum_up(&mut self, limit: u32) -> Result<()> {
        let last = figures::Entity::find().order_by_asc(figures::Column::Id).limit(u64::from(limit));
        let Some(last) = last.all(&self.0).await.map_err(failed)?.last().map(|row| row.id) else { return Ok(()) };
        let sums = "INSERT INTO figures (name, flow, status, number) SELECT name, flow, status, sum(number) \
                    FROM figures WHERE id <= $1 GROUP BY name, flow, status HAVING sum(number) <> 0";
        for sql in [sums, "DELETE FROM figures WHERE id <= $1"] {
            let statement = Statement::from_sql_and_values(DbBackend::Sqlite, sql, [last.into()]);
            self.0.execute_raw(statement).await.map_err(failed)?;
        }
        Ok(())
    }

    async fn commit(self: Box<Self>) -> Result<()> {
        self.0.commit().await.map_err(failed)
    }

    async fn rollback(self: Box<Self>) -> Result<()> {
        self.0.rollback().await.map_err(failed)
    }
}

/// How many of the next rows go into one statement: a power of two, so that a statement has few forms and each is
/// prepared once.
fn group(left: usize) -> usize {
    left.checked_ilog2().map_or(0, |power| 1 << power).min(ROWS)
}

/// Rows in groups that fit a statement; empty input gives none.
fn chunks<T>(rows: Vec<T>) -> impl Iterator<Item = Vec<T>> {
    let mut rows = rows.into_iter();
    std::iter::from_fn(move || {
        let size = group(rows.len());
        let chunk: Vec<T> = rows.by_ref().take(size).collect();
        (!chunk.is_empty()).then_some(chunk)
    })
}

/// Like [`chunks`], for what is only looked at.
fn groups<T>(mut rows: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let (first, rest) = rows.split_at_checked(group(rows.len()))?;
        rows = rest;
        (!first.is_empty()).then_some(first)
    })
}

/// Answers how many were really added, or replaced.
async fn insert<M>(tx: &DbTx, rows: Vec<M>, conflict: Option<OnConflict>) -> Result<u64>
where
    M: IntoActiveModel<<M::Entity as EntityTrait>::ActiveModel> + sea_orm::ModelTrait + Send,
    <M::Entity as EntityTrait>::ActiveModel: Send,
{
    let mut added = 0;
    for rows in chunks(rows) {
        let mut insert = M::Entity::insert_many(rows.into_iter().map(IntoActiveModel::into_active_model));
        if let Some(conflict) = &conflict {
            insert = insert.on_conflict(conflict.clone());
        }
        match insert.exec_without_returning(tx).await {
            Ok(rows) => added += rows,
            Err(DbErr::RecordNotInserted) => {}
            Err(error) => return Err(failed(error)),
        }
    }
    Ok(added)
}

fn named(onboarding: Uuid, n: i64) -> Condition {
    Condition::all().add(effects::Column::OnboardingId.eq(onboarding)).add(effects::Column::N.eq(n))
}
