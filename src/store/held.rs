//! Held events: on which identifiers they wait, how they are found by one of them, how they go to their owner or end.
//!
//! Rows of `held` are there exactly as long as their event is held: they come with it, and go in the transaction that
//! has its row of `events` locked. Nobody ever waits for one of them.

use std::collections::HashMap;

use gangway_core::event::OnboardingId;
use gangway_core::matching;
use gangway_core::time::Timestamp;
use gangway_entities::{events, held, identifiers, secrets};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
    Statement, TransactionTrait, Value,
};
use uuid::Uuid;

use super::dialect::{AdoptRow, IMMEDIATE};
use super::figures::{self, HELD};
use super::keys::{Blind, Dedupe, Keyring};
use super::tx::{Tx, sorted};
use super::types::{Adopted, Held, NewEvent, StoreError};
use super::{Store, rows};

/// Rows of one statement here.
const ROWS: usize = 200;

impl Tx {
    /// The oldest held events that wait on these identifiers, opened; at most `limit`, each once. Call after
    /// [`Tx::claim`].
    ///
    /// # Errors
    /// As said of [`Tx`].
    pub async fn held_on(&mut self, blinds: &[Blind], limit: u32) -> Result<Vec<Held>, StoreError> {
        let blinds = sorted(blinds.iter().map(|blind| blind.0.to_vec()));
        if blinds.is_empty() {
            return Ok(Vec::new());
        }
        let found = self.session().held_on(&blinds, limit).await?.into_iter().map(|(blind, row)| {
            let own = row.own_key.as_deref().ok_or_else(|| rows::unknown("events.own_key"))?;
            let (event, raw) = rows::open_event(&self.keyring().data_key(own)?, &row)?;
            Ok(Held { seq: row.seq, dedupe: rows::dedupe(&row.dedupe)?, found_by: rows::blind(&blind)?, event, raw })
        });
        found.collect()
    }

    /// The identifiers that these events are held on, with their kinds, the most telling first; an event that is not
    /// held any more is missing. Locks nothing.
    ///
    /// # Errors
    /// As said of [`Tx`].
    pub async fn held_by_seq(&mut self, seqs: &[i64]) -> Result<HashMap<i64, Vec<(Blind, String)>>, StoreError> {
        if seqs.is_empty() {
            return Ok(HashMap::new());
        }
        let mut found: HashMap<i64, Vec<(Blind, String)>> = HashMap::new();
        for row in self.session().held_by_seq(seqs).await? {
            found.entry(row.seq).or_default().push((rows::blind(&row.blind)?, row.kind));
        }
        Ok(found)
    }

    /// Says of new rows of the journal what they are held on.
    pub(super) async fn hold(&mut self, new: &[NewEvent], added: &HashMap<Dedupe, i64>) -> Result<(), StoreError> {
        let mut held = Vec::new();
        for (row, seq) in new.iter().filter_map(|row| Some((row, *added.get(&row.dedupe)?))) {
            let of_event = (0..).zip(&row.held_on);
            held.extend(of_event.map(|(place, blind)| held::Model { blind: blind.0.to_vec(), seq, place }));
        }
        held.sort_by(|a, b| (&a.blind, a.seq, a.place).cmp(&(&b.blind, b.seq, b.place)));
        held.dedup_by(|later, first| (&later.blind, later.seq) == (&first.blind, first.seq));
        if held.is_empty() { Ok(()) } else { self.session().hold(held).await }
    }

    /// Moves held events to their owner: verdict, states, detail; sealed anew with the owner's key. One that expired
    /// meanwhile, or that another of its identifiers took to another owner, makes the whole batch run again.
    ///
    /// # Errors
    /// As said of [`Tx`].
    pub async fn adopt(&mut self, rows: &[Adopted]) -> Result<(), StoreError> {
        let moved = rows.iter().map(|row| {
            let Held { dedupe, event, raw, .. } = &row.held;
            Ok(AdoptRow {
                seq: row.seq,
                onboarding_id: row.owner.onboarding.map(|id| id.0),
                user_id: row.owner.user.0,
                verdict: row.verdict.word(),
                from_state: row.from.clone(),
                to_state: row.to.clone(),
                detail: row.detail.clone(),
                revision: row.revision.map(rows::long),
                sealed: rows::seal_event(self.chance(), &row.owner.key, &dedupe.0, event, raw)?,
            })
        });
        let mut moved: Vec<_> = moved.collect::<Result<_, StoreError>>()?;
        if moved.is_empty() {
            return Ok(());
        }
        moved.sort_by_key(|row| row.seq);
        let seqs: Vec<i64> = moved.iter().map(|row| row.seq).collect();
        let adopted = self.session().adopt(moved).await?;
        self.tally().add(HELD, -rows::long(adopted));
        if adopted != u64::try_from(seqs.len()).unwrap_or(u64::MAX) {
            let text = "a held event expired or found another owner while it was being adopted";
            return Err(StoreError::Passing(text.into()));
        }
        self.session().let_go(&seqs).await
    }
}

impl Store {
    /// Marks held events that came before `before` as expired, and erases the secrets that they brought; answers how
    /// many. One that is being adopted at this moment is passed over.
    ///
    /// # Errors
    /// [`StoreError::Passing`]; the next call does what this one left.
    pub async fn expire_held(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let failed = Self::work_failed;
        let tx = self.work().begin_with_options(IMMEDIATE).await.map_err(failed)?;
        let backend = tx.get_database_backend();
        let pass_over = if backend == DbBackend::Postgres { "FOR UPDATE SKIP LOCKED" } else { "" };
        let sql = format!(
            "WITH old AS MATERIALIZED (SELECT seq AS old_seq FROM events WHERE verdict = 'held' AND received_at < $1 \
             ORDER BY seq LIMIT $2 {pass_over}) \
             UPDATE events SET verdict = 'expired', detail = 'was held and nobody came' FROM old WHERE seq = old_seq \
             RETURNING seq"
        );
        let values: [Value; 2] = [before.0.into(), i64::from(limit).into()];
        let found = tx.query_all_raw(Statement::from_sql_and_values(backend, sql, values)).await.map_err(failed)?;
        let seqs: Vec<i64> =
            found.iter().map(|row| row.try_get("", "seq").map_err(failed)).collect::<Result<_, _>>()?;
        for seqs in seqs.chunks(ROWS) {
            let gone = held::Entity::delete_many().filter(held::Column::Seq.is_in(seqs.iter().copied()));
            gone.exec(&tx).await.map_err(failed)?;
        }
        figures::add(&tx, HELD, -rows::number(seqs.len())).await.map_err(failed)?;
        tx.commit().await.map_err(failed)?;
        // Outside: an adopter takes secrets before it locks events, and must not be waited for with events locked.
        secrets::Entity::delete_many()
            .filter(secrets::Column::OwnKey.is_not_null())
            .filter(secrets::Column::Since.lt(before.0))
            .exec(self.work())
            .await
            .map_err(failed)?;
        Ok(u64::try_from(seqs.len()).unwrap_or(u64::MAX))
    }

    /// Identifiers that have an owner and on which events are held, with the onboarding that is to take those, what
    /// names its event best first. Never a normal course: whoever writes an identifier takes them at once, but a
    /// process may end before the last of many.
    ///
    /// # Errors
    /// [`StoreError::Passing`].
    pub async fn held_with_owner(&self, limit: u32) -> Result<Vec<(Blind, OnboardingId)>, StoreError> {
        let sql = "SELECT h.blind AS blind, coalesce(i.onboarding_id, (SELECT o.id FROM onboardings o \
                   WHERE o.user_id = i.user_id ORDER BY o.ended_at IS NOT NULL, o.id DESC LIMIT 1)) AS id \
                   FROM held h JOIN identifiers i ON i.blind = h.blind \
                   WHERE i.onboarding_id IS NOT NULL OR i.user_id IS NOT NULL \
                   GROUP BY h.blind, i.onboarding_id, i.user_id ORDER BY min(h.place), h.blind LIMIT $1";
        let backend = self.work().get_database_backend();
        let statement = Statement::from_sql_and_values(backend, sql, [i64::from(limit).into()]);
        let found = self.work().query_all_raw(statement).await.map_err(Self::work_failed)?;
        let mut held = Vec::with_capacity(found.len());
        for row in found {
            let (blind, id): (Vec<u8>, Option<Uuid>) = (
                row.try_get("", "blind").map_err(Self::work_failed)?,
                row.try_get("", "id").map_err(Self::work_failed)?,
            );
            held.extend(id.map(|id| Ok((rows::blind(&blind)?, OnboardingId(id)))));
        }
        held.into_iter().collect()
    }
}

/// Has every held event wait on all of its identifiers: for those that a version kept which knew the first one only.
/// What they name is sealed, so that no statement could do it. The sweep then takes those whose owner is known.
pub(super) async fn complete<C: ConnectionTrait>(tx: &C, keys: &Keyring) -> Result<(), sea_orm::DbErr> {
    let mut last = 0;
    loop {
        let find = events::Entity::find().filter(Expr::cust("verdict = 'held'")).filter(events::Column::Seq.gt(last));
        let found = find.order_by_asc(events::Column::Seq).limit(ROWS as u64).all(tx).await?;
        let Some(row) = found.last() else { return Ok(()) };
        last = row.seq;
        let (mut names, mut held) = (Vec::new(), Vec::new());
        for row in &found {
            // One that cannot be opened stays held on what it was held on.
            let key = row.own_key.as_deref().and_then(|own| keys.data_key(own).ok());
            let Some((event, _)) = key.and_then(|key| rows::open_event(&key, row).ok()) else { continue };
            for (place, name) in (0..).zip(matching::identifiers(&event)) {
                let (blind, since) = (keys.blind(&name).0.to_vec(), row.received_at);
                held.push(held::Model { blind: blind.clone(), seq: row.seq, place });
                names.push(identifiers::Model { blind, kind: name.kind, onboarding_id: None, user_id: None, since });
            }
        }
        for names in names.chunks(ROWS) {
            let rows = names.iter().cloned().map(IntoActiveModel::into_active_model);
            let known = OnConflict::column(identifiers::Column::Blind).do_nothing().to_owned();
            identifiers::Entity::insert_many(rows).on_conflict(known).exec_without_returning(tx).await?;
        }
        for held in held.chunks(ROWS) {
            let rows = held.iter().cloned().map(IntoActiveModel::into_active_model);
            let known = OnConflict::columns([held::Column::Blind, held::Column::Seq]).do_nothing().to_owned();
            held::Entity::insert_many(rows).on_conflict(known).exec_without_returning(tx).await?;
        }
    }
}
