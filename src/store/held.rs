//! Held events: on which identifiers they wait, how they are found by one of them, how they go to their owner or end.
//!
//! Rows of `held` are there exactly as long as their event is held: they come with it, and go in the transaction that
//! has its row of `events` locked. Nothing ever waits for one of them.

use std::collections::{BTreeMap, HashMap, HashSet};

use gangway_core::decision::Verdict;
use gangway_core::event::OnboardingId;
use gangway_core::matching;
use gangway_core::time::Timestamp;
use gangway_entities::{events, held, identifiers, secrets};
use sea_orm::sea_query::{Expr, LockBehavior, LockType, OnConflict};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
    Statement, TransactionTrait,
};
use uuid::Uuid;

use super::bounded::DbTx;
use super::dialect::{AdoptRow, IMMEDIATE};
use super::figures::{self, HELD};
use super::keys::{Blind, Dedupe, Keyring};
use super::secrets::held_owner;
use super::tx::{Tx, sorted};
use super::types::{Adopted, Held, NewEvent, StoreError, Unopened};
use super::{Store, rows};

/// Held events, as their index says it.
const OF_HELD: &str = "verdict = 'held'";

/// Rows of one statement here.
const ROWS: usize = 200;

impl Tx {
    /// The oldest held events that wait on these identifiers, each opened by itself; at most `limit`, each once. Call
    /// after [`Tx::claim`].
    ///
    /// # Errors
    /// See [`Tx`].
    pub async fn held_on(&mut self, blinds: &[Blind], limit: u32) -> Result<Vec<Result<Held, Unopened>>, StoreError> {
        let blinds = sorted(blinds.iter().map(|blind| blind.0.to_vec()));
        if blinds.is_empty() {
            return Ok(Vec::new());
        }
        let found = self.session().held_on(&blinds, limit).await?.into_iter().map(|(blind, row)| {
            let (seq, found_by) = (row.seq, rows::blind(&blind)?);
            let opened = rows::unowned_event(self.keyring(), &row).map_err(|error| error.cause().to_owned());
            Ok(match opened {
                Ok((dedupe, text, event, raw)) => Ok(Held { seq, dedupe, found_by, event, text, raw }),
                Err(why) => Err(Unopened { seq, found_by, why }),
            })
        });
        found.collect()
    }

    /// The identifiers that these events are held on, with their kinds, the most telling first; an event that is not
    /// held any more is missing. Locks nothing.
    ///
    /// # Errors
    /// See [`Tx`].
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

    /// Moves held and kept events to their owner: verdict, states, detail; sealed anew with the owner's key, where both
    /// the event and that key can be opened here. One that expired meanwhile, or that another of its identifiers took
    /// to another owner, makes the whole batch run again.
    ///
    /// # Errors
    /// See [`Tx`].
    pub async fn adopt(&mut self, rows: &[Adopted]) -> Result<(), StoreError> {
        let moved = rows.iter().map(|row| {
            let sealed = match (&row.held, &row.owner.key) {
                (Some(Held { dedupe, text, raw, .. }), Some(key)) => {
                    Some(rows::seal_text(self.chance(), key, &dedupe.0, text, raw)?)
                }
                _ => None,
            };
            Ok(AdoptRow {
                seq: row.seq,
                was: row.was.word(),
                onboarding_id: row.owner.onboarding.map(|id| id.0),
                user_id: row.owner.user.0,
                verdict: row.verdict.word(),
                from_state: row.from.clone(),
                to_state: row.to.clone(),
                detail: row.detail.clone(),
                revision: row.revision.map(rows::long),
                sealed,
                decided_at: row.decided_at.map(|at| at.0),
            })
        });
        let mut moved: Vec<_> = moved.collect::<Result<_, StoreError>>()?;
        if moved.is_empty() {
            return Ok(());
        }
        moved.sort_by_key(|row| row.seq);
        let seqs: Vec<i64> = moved.iter().map(|row| row.seq).collect();
        let adopted = self.session().adopt(moved).await?;
        let held = rows.iter().filter(|row| row.was == Verdict::Held).count();
        self.tally().add(HELD, -rows::number(held));
        if adopted != u64::try_from(seqs.len()).unwrap_or(u64::MAX) {
            let text = "a held event expired or found another owner while it was being adopted";
            return Err(StoreError::Passing(text.into()));
        }
        self.session().let_go(&seqs).await
    }
}

impl Store {
    /// Marks held events that came before `before` as expired, oldest first, at most `limit`, and erases the secrets
    /// that they brought, theirs and no others; answers how many. One that is being adopted at this moment is passed
    /// over. Waits for no lock.
    ///
    /// # Errors
    /// [`StoreError::Passing`]: nothing expired; the next call does it.
    pub async fn expire_held(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.expire(OF_HELD, "was held and no owner came", before, limit).await
    }

    /// Like [`Store::expire_held`], for the events for which this holds; says so in their detail.
    pub(super) async fn expire(
        &self,
        which: &'static str,
        detail: &str,
        before: Timestamp,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let failed = Self::work_failed;
        let tx = self.work().begin_with_options(IMMEDIATE).await.map_err(failed)?;
        let mut old: Vec<(i64, Uuid)> = events::Entity::find()
            .select_only()
            .columns([events::Column::Seq, events::Column::Dedupe])
            .filter(Expr::cust(which))
            .filter(events::Column::ReceivedAt.lt(before.0))
            .order_by_asc(events::Column::ReceivedAt)
            .limit(u64::from(limit))
            .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
            .into_tuple::<(i64, Vec<u8>)>()
            .all(&tx)
            .await
            .map_err(failed)?
            .into_iter()
            .map(|(seq, dedupe)| Ok((seq, held_owner(&rows::dedupe(&dedupe)?))))
            .collect::<Result<_, StoreError>>()?;
        let taken = erase_held_secrets(&tx, &old).await.map_err(failed)?;
        old.retain(|(_, owner)| !taken.contains(owner));
        for some in old.chunks(ROWS) {
            let seqs = || some.iter().map(|(seq, _)| *seq);
            events::Entity::update_many()
                .col_expr(events::Column::Verdict, Expr::value(Verdict::Expired.word()))
                .col_expr(events::Column::Detail, Expr::value(detail))
                .filter(events::Column::Seq.is_in(seqs()))
                .exec(&tx)
                .await
                .map_err(failed)?;
            held::Entity::delete_many().filter(held::Column::Seq.is_in(seqs())).exec(&tx).await.map_err(failed)?;
        }
        let held = if which == OF_HELD { old.len() } else { 0 };
        figures::add(&tx, HELD, -rows::number(held)).await.map_err(failed)?;
        tx.commit().await.map_err(failed)?;
        Ok(u64::try_from(old.len()).unwrap_or(u64::MAX))
    }

    /// Identifiers that have an owner and held events, with the onboarding that takes those, the most telling first.
    /// Never a normal course: the transaction that writes an identifier takes them at once, but a process may end
    /// before the last of many. Looks at the next `limit` identifiers of held events with each call, from the front
    /// again behind the last.
    ///
    /// # Errors
    /// [`StoreError::Passing`].
    pub async fn held_with_owner(&self, limit: u32) -> Result<Vec<(Blind, OnboardingId)>, StoreError> {
        let sql = "SELECT h.seq AS seq, h.place AS place, h.blind AS blind, coalesce(i.onboarding_id, (SELECT o.id \
                   FROM onboardings o WHERE o.user_id = i.user_id ORDER BY o.ended_at IS NOT NULL, o.id DESC LIMIT 1)) \
                   AS id FROM (SELECT seq, place, blind FROM held WHERE seq > $1 ORDER BY seq, place LIMIT $2) h \
                   LEFT JOIN identifiers i ON i.blind = h.blind";
        let backend = self.work().get_database_backend();
        let after = self.rolling.held.get().unwrap_or_default();
        let statement = Statement::from_sql_and_values(backend, sql, [after.into(), i64::from(limit).into()]);
        let looked = self.work().query_all_raw(statement).await.map_err(Self::work_failed)?;
        let looked: Vec<OwnedRow> = looked
            .iter()
            .map(|row| OwnedRow::from_query_result(row, ""))
            .collect::<Result<_, _>>()
            .map_err(Self::work_failed)?;
        let full = looked.len() >= usize::try_from(limit).unwrap_or(usize::MAX);
        self.rolling.held.set(if full { behind(&looked) } else { None });
        let mut owned: BTreeMap<Vec<u8>, (i32, Uuid)> = BTreeMap::new();
        for OwnedRow { place, blind, id, .. } in looked {
            if let Some(id) = id {
                owned.entry(blind).and_modify(|(best, _)| *best = place.min(*best)).or_insert((place, id));
            }
        }
        let mut owned: Vec<_> = owned.into_iter().map(|(blind, (place, id))| (place, blind, id)).collect();
        owned.sort_unstable();
        owned.into_iter().map(|(_, blind, id)| Ok((rows::blind(&blind)?, OnboardingId(id)))).collect()
    }
}

/// An identifier that an event is held on, with the onboarding that owns it, if any does.
#[derive(sea_orm::FromQueryResult)]
struct OwnedRow {
    seq: i64,
    place: i32,
    blind: Vec<u8>,
    id: Option<Uuid>,
}

/// The event after which a look goes on. The last one may have identifiers that were not seen: it is looked at again,
/// unless it is the only one.
fn behind(looked: &[OwnedRow]) -> Option<i64> {
    let last = looked.iter().map(|row| row.seq).max()?;
    let only = looked.iter().all(|row| row.seq == last);
    Some(if only { last } else { last - 1 })
}

/// Erases the secrets that these held events brought; answers the events that have lost some already: they are being
/// adopted.
async fn erase_held_secrets(tx: &DbTx, of: &[(i64, Uuid)]) -> Result<HashSet<Uuid>, sea_orm::DbErr> {
    let mut taken = HashSet::new();
    for some in of.chunks(ROWS) {
        let find = secrets::Entity::find()
            .select_only()
            .columns([secrets::Column::Owner, secrets::Column::Name])
            .filter(secrets::Column::Owner.is_in(some.iter().map(|(_, owner)| *owner)));
        let there: HashSet<(Uuid, String)> = find.clone().into_tuple().all(tx).await?.into_iter().collect();
        if there.is_empty() {
            continue;
        }
        let free = find.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
        let free: HashSet<(Uuid, String)> = free.into_tuple().all(tx).await?.into_iter().collect();
        taken.extend(there.difference(&free).map(|(owner, _)| *owner));
        let owners = free.iter().map(|(owner, _)| *owner).filter(|owner| !taken.contains(owner));
        secrets::Entity::delete_many().filter(secrets::Column::Owner.is_in(owners)).exec(tx).await?;
    }
    Ok(taken)
}

/// Makes every held event wait on all of its identifiers: an earlier version recorded only the first. What they name is
/// sealed, so no statement could do it. The sweep then takes those with a known owner.
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
