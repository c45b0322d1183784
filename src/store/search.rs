//! The read side: the same rows that decided, opened for API, CLI and screens.

use std::collections::{BTreeSet, HashMap};

use gangway_core::decision::Verdict;
use gangway_core::event::{Body, Event, Identifier, OnboardingId, UserId};
use gangway_core::objection::Objection;
use gangway_core::onboarding::{Onboarding, Status, User};
use gangway_core::outcome::AttemptResult;
use gangway_core::time::Timestamp;
use gangway_entities::{events, identifiers, onboardings, users};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ColumnTrait, DerivePartialModel, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect, Select,
};
use uuid::Uuid;

use super::types::{Shut, ShutUser};
use super::{Blind, Store, StoreError, rows};

/// Most users that are shown of those who share an e-mail address.
const SHARING: u64 = 100;
/// Events of an onboarding in which the values of its identifiers are looked for.
const NAMING: u64 = 500;

/// A journal row, opened as far as people may see it.
#[derive(Clone, Debug)]
pub struct JournalEntry {
    /// Its number; also its id.
    pub seq: i64,
    /// When it was received.
    pub at: Timestamp,
    /// The event's source.
    pub source: String,
    /// Type.
    pub kind: String,
    /// What became of it: a [`gangway_core::decision::Verdict`]'s word.
    pub verdict: String,
    /// State before.
    pub from: Option<String>,
    /// State after.
    pub to: Option<String>,
    /// Copies received, itself included.
    pub copies: u32,
    /// One line of explanation.
    pub detail: String,
    /// What a far end objected to with it, in its own words; may repeat personal data. It is sealed with the event, and
    /// opened only by [`Store::journal`].
    pub said: Option<String>,
    /// Its owner.
    pub onboarding: Option<OnboardingId>,
    /// Revision of the onboarding after it; of several that share the row, after the last.
    pub revision: Option<u64>,
    /// When it was decided, where that is not when it was received.
    pub decided_at: Option<Timestamp>,
    /// How many events share the row: polls with equal answers.
    pub times: u32,
    /// When the last of these was received, if there are several.
    pub last: Option<Timestamp>,
}

/// An onboarding, opened; else what its columns say, and why it cannot be.
pub type Seen = Result<Onboarding, Box<Shut>>;

/// A user, opened; else why not.
pub type SeenUser = Result<User, ShutUser>;

/// Which onboardings to list.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Name of the flow.
    pub flow: Option<String>,
    /// Name of the state.
    pub state: Option<String>,
    /// Status word.
    pub status: Option<String>,
    /// Why a person is asked: [`Onboarding::cause`]. Only reviews have one.
    pub cause: Option<String>,
    /// Whether those that have been in their state longest come first, else the newest.
    pub longest: bool,
    /// After this one: its id, and with `longest` since when it is in its state.
    pub cursor: Option<(Timestamp, OnboardingId)>,
    /// Most items to return.
    pub limit: u32,
}

/// A cause of reviews.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Cause {
    /// Name of the flow.
    pub flow: String,
    /// [`Onboarding::cause`]; none where the review was opened by a gangway that kept no causes.
    pub cause: Option<String>,
    /// How many reviews have it.
    pub count: i64,
    /// Since when the oldest is open, in milliseconds since 1970.
    pub oldest: i64,
}

/// A filter that the partial indexes of this status serve.
fn status_is(status: Status) -> Expr {
    Expr::cust(format!("onboardings.status = '{}'", status.word()))
}

/// The columns of a [`JournalEntry`]: what is sealed is not even read.
#[derive(DerivePartialModel)]
#[sea_orm(entity = "events::Entity")]
struct EntryRow {
    seq: i64,
    received_at: i64,
    source: String,
    kind: String,
    verdict: String,
    from_state: Option<String>,
    to_state: Option<String>,
    copies: i32,
    detail: String,
    onboarding_id: Option<Uuid>,
    revision: Option<i64>,
    decided_at: Option<i64>,
    times: Option<i32>,
    last_at: Option<i64>,
}

impl From<EntryRow> for JournalEntry {
    fn from(row: EntryRow) -> Self {
        Self {
            seq: row.seq,
            at: Timestamp(row.received_at),
            source: row.source,
            kind: row.kind,
            verdict: row.verdict,
            from: row.from_state,
            to: row.to_state,
            copies: rows::small(row.copies),
            detail: row.detail,
            said: None,
            onboarding: row.onboarding_id.map(OnboardingId),
            revision: row.revision.map(rows::count),
            decided_at: row.decided_at.map(Timestamp),
            times: row.times.map_or(1, rows::small),
            last: row.last_at.map(Timestamp),
        }
    }
}

impl Store {
    /// Users that have an identifier: exact search by kind and value, through blind values. Also by an identifier of
    /// one of the user's onboardings, and all who share an e-mail address. Each is opened by itself.
    ///
    /// # Errors
    /// [`StoreError::Passing`].
    pub async fn users_by(&self, identifiers: &[Identifier]) -> Result<Vec<SeenUser>, StoreError> {
        let blinds = identifiers.iter().map(|identifier| self.keys.blind(identifier).0.to_vec());
        let find = identifiers::Entity::find().filter(identifiers::Column::Blind.is_in(blinds));
        let found = find.all(self.screens()).await.map_err(Self::screens_failed)?;
        let mut ids: BTreeSet<Uuid> = found.iter().filter_map(|row| row.user_id).collect();
        let through: Vec<Uuid> = found.iter().filter_map(|row| row.onboarding_id).collect();
        if !through.is_empty() {
            let owners: Vec<Uuid> = onboardings::Entity::find()
                .select_only()
                .column(onboardings::Column::UserId)
                .filter(onboardings::Column::Id.is_in(through))
                .into_tuple()
                .all(self.screens())
                .await
                .map_err(Self::screens_failed)?;
            ids.extend(owners);
        }
        let of_email = identifiers.iter().filter(|identifier| identifier.kind == Identifier::EMAIL);
        let shared: Vec<_> = of_email.map(|email| self.keys.blind(email).0.to_vec()).collect();
        if !shared.is_empty() {
            let share = users::Entity::find()
                .select_only()
                .column(users::Column::Id)
                .filter(users::Column::EmailBlind.is_in(shared))
                .order_by_asc(users::Column::Id)
                .limit(SHARING)
                .into_tuple::<Uuid>();
            ids.extend(share.all(self.screens()).await.map_err(Self::screens_failed)?);
        }
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let find = users::Entity::find().filter(users::Column::Id.is_in(ids)).order_by_asc(users::Column::Id);
        let found = find.all(self.screens()).await.map_err(Self::screens_failed)?;
        Ok(found.iter().map(|row| self.seen_user(row)).collect())
    }

    fn seen_user(&self, row: &users::Model) -> SeenUser {
        rows::person(&self.keys, row).map(|person| person.user)
    }

    /// Since when these identifiers have an owner; those without one are left out.
    ///
    /// # Errors
    /// [`StoreError::Passing`].
    pub async fn identifiers_since(
        &self,
        identifiers: &[Identifier],
    ) -> Result<HashMap<Identifier, Timestamp>, StoreError> {
        let blinds: HashMap<Blind, &Identifier> =
            identifiers.iter().map(|identifier| (self.keys.blind(identifier), identifier)).collect();
        let find = identifiers::Entity::find()
            .filter(identifiers::Column::Blind.is_in(blinds.keys().map(|blind| blind.0.to_vec())));
        let found = find.all(self.screens()).await.map_err(Self::screens_failed)?;
        let owned = found.iter().filter(|row| rows::owner(row).is_some());
        let since = owned.map(|row| Ok((rows::blind(&row.blind)?, Timestamp(row.since))));
        let since: Vec<(Blind, Timestamp)> = since.collect::<Result<_, StoreError>>()?;
        Ok(since.into_iter().filter_map(|(blind, at)| Some(((*blinds.get(&blind)?).clone(), at))).collect())
    }

    /// What else these onboardings own, beside what they remember: an event that an operator gave to one of them named
    /// it. Only its keyed hash is stored, so its value is read from that event.
    ///
    /// # Errors
    /// [`StoreError::Passing`].
    pub async fn adopted(&self, onboardings: &[&Onboarding]) -> Result<Vec<(Identifier, Timestamp)>, StoreError> {
        let known = onboardings.iter().flat_map(|onboarding| &onboarding.memory.identifiers);
        let known: BTreeSet<Vec<u8>> = known.map(|identifier| self.keys.blind(identifier).0.to_vec()).collect();
        let ids = onboardings.iter().map(|onboarding| onboarding.id.0);
        let find = identifiers::Entity::find().filter(identifiers::Column::OnboardingId.is_in(ids));
        let owned = find.all(self.screens()).await.map_err(Self::screens_failed)?;
        let mut missing: HashMap<Vec<u8>, Timestamp> = HashMap::new();
        let mut owners = BTreeSet::new();
        for row in owned.into_iter().filter(|row| !known.contains(&row.blind)) {
            owners.extend(row.onboarding_id);
            missing.insert(row.blind, Timestamp(row.since));
        }
        let mut found = Vec::new();
        for owner in owners {
            if missing.is_empty() {
                break;
            }
            for event in self.reports(OnboardingId(owner)).await? {
                for identifier in gangway_core::matching::identifiers(&event) {
                    if let Some(since) = missing.remove(self.keys.blind(&identifier).0.as_slice()) {
                        found.push((identifier, since));
                    }
                }
            }
        }
        Ok(found)
    }

    /// What providers said of an onboarding, as far as it can be opened here, the oldest first.
    async fn reports(&self, id: OnboardingId) -> Result<Vec<Event>, StoreError> {
        let find = events::Entity::find()
            .filter(events::Column::OnboardingId.eq(id.0))
            .filter(events::Column::Source.starts_with("webhook:"))
            .order_by_asc(events::Column::Seq)
            .limit(NAMING)
            .find_also_related(users::Entity);
        let found = find.all(self.screens()).await.map_err(Self::screens_failed)?;
        let open = |(row, user): (events::Model, Option<users::Model>)| {
            let key = self.keys.data_key(row.own_key.as_deref().unwrap_or(&user?.wrapped_key)).ok()?;
            rows::open_event(&key, &row).ok().map(|(event, _)| event)
        };
        Ok(found.into_iter().filter_map(open).collect())
    }

    /// A user.
    ///
    /// # Errors
    /// [`StoreError::Passing`].
    pub async fn user(&self, id: UserId) -> Result<Option<SeenUser>, StoreError> {
        let found = users::Entity::find_by_id(id.0).one(self.screens()).await.map_err(Self::screens_failed)?;
        Ok(found.map(|row| self.seen_user(&row)))
    }

    /// A user's onboardings, newest first, each opened by itself.
    ///
    /// # Errors
    /// [`StoreError::Passing`].
    pub async fn user_onboardings(&self, id: UserId) -> Result<Vec<Seen>, StoreError> {
        self.opened(onboardings::Entity::find().filter(onboardings::Column::UserId.eq(id.0))).await
    }

    /// One onboarding, opened as far as it can be.
    ///
    /// # Errors
    /// [`StoreError::Passing`].
    pub async fn seen(&self, id: OnboardingId) -> Result<Option<Seen>, StoreError> {
        Ok(self.opened(onboardings::Entity::find_by_id(id.0)).await?.pop())
    }

    /// One onboarding, opened.
    ///
    /// # Errors
    /// [`StoreError::Passing`]; [`StoreError::Setup`] when it cannot be opened here.
    pub async fn onboarding(&self, id: OnboardingId) -> Result<Option<Onboarding>, StoreError> {
        let seen = self.seen(id).await?;
        seen.map(|seen| {
            seen.map_err(|shut| StoreError::Setup(format!("an onboarding cannot be read here: {}", shut.why)))
        })
        .transpose()
    }

    /// Onboardings by filter, newest first, each opened by itself: one that does not open does not hide the others.
    ///
    /// # Errors
    /// [`StoreError::Passing`].
    pub async fn onboardings(&self, filter: &Filter) -> Result<Vec<Seen>, StoreError> {
        let mut find = onboardings::Entity::find().limit(u64::from(filter.limit));
        for (column, wanted) in [
            (onboardings::Column::Flow, &filter.flow),
            (onboardings::Column::State, &filter.state),
            (onboardings::Column::Status, &filter.status),
        ] {
            if let Some(wanted) = wanted {
                find = find.filter(column.eq(wanted));
            }
        }
        if let Some(cause) = &filter.cause {
            find = find.filter(onboardings::Column::Cause.eq(cause)).filter(status_is(Status::Review));
        }
        // A constant and not a parameter: only then the index of what waits longest is found.
        if let Some(status) = filter.status.as_deref().and_then(Status::from_word).filter(|_| filter.longest) {
            find = find.filter(status_is(status));
        }
        if !filter.longest {
            let older = filter.cursor.map(|(_, id)| onboardings::Column::Id.lt(id.0));
            return self.opened(older.into_iter().fold(find, |find, older| find.filter(older))).await;
        }
        if let Some((since, id)) = filter.cursor {
            let column = |column: onboardings::Column| Expr::col((onboardings::Entity, column));
            let later = Expr::tuple([column(onboardings::Column::Since), column(onboardings::Column::Id)]);
            find = find.filter(later.gt(Expr::tuple([Expr::value(since.0), Expr::value(id.0)])));
        }
        let find = find.order_by_asc(onboardings::Column::Since).order_by_asc(onboardings::Column::Id);
        self.read(find).await
    }

    /// Why people are asked now: each cause with its flow, how many onboardings it has, and since when the oldest is
    /// open; the most frequent first, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::Passing`].
    pub async fn causes(&self, limit: u32) -> Result<Vec<Cause>, StoreError> {
        let find = onboardings::Entity::find()
            .select_only()
            .columns([onboardings::Column::Flow, onboardings::Column::Cause])
            .column_as(onboardings::Column::Id.count(), "count")
            .column_as(onboardings::Column::Since.min(), "oldest")
            .filter(status_is(Status::Review))
            .group_by(onboardings::Column::Flow)
            .group_by(onboardings::Column::Cause)
            .order_by_desc(onboardings::Column::Id.count())
            .order_by_asc(onboardings::Column::Flow)
            .order_by_asc(onboardings::Column::Cause)
            .limit(u64::from(limit));
        find.into_model::<Cause>().all(self.screens()).await.map_err(Self::screens_failed)
    }

    async fn opened(&self, find: Select<onboardings::Entity>) -> Result<Vec<Seen>, StoreError> {
        self.read(find.order_by_desc(onboardings::Column::Id)).await
    }

    async fn read(&self, find: Select<onboardings::Entity>) -> Result<Vec<Seen>, StoreError> {
        let find = find.find_also_related(users::Entity);
        let found = find.all(self.screens()).await.map_err(Self::screens_failed)?;
        let opened = found.into_iter().map(|(row, user)| {
            let user = user.ok_or_else(|| rows::unknown_word("onboardings.user_id"))?;
            Ok(rows::opened(&self.keys, row, &user).map(|loaded| loaded.onboarding))
        });
        opened.collect()
    }

    /// An onboarding's journal in order, after `after`, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::Passing`].
    pub async fn journal(&self, id: OnboardingId, after: i64, limit: u32) -> Result<Vec<JournalEntry>, StoreError> {
        let find = events::Entity::find()
            .filter(events::Column::OnboardingId.eq(id.0))
            .filter(events::Column::Seq.gt(after))
            .order_by_asc(events::Column::Seq)
            .limit(u64::from(limit));
        let mut entries = self.entries(find).await?;
        self.add_words(&mut entries).await?;
        Ok(entries)
    }

    /// Adds the reason to what operators did, and to answers what the far end objected to.
    async fn add_words(&self, entries: &mut [JournalEntry]) -> Result<(), StoreError> {
        let worded = |entry: &&JournalEntry| entry.source.starts_with("operator:") || entry.kind == "effect.outcome";
        let wanted: Vec<i64> = entries.iter().filter(worded).map(|entry| entry.seq).collect();
        if wanted.is_empty() {
            return Ok(());
        }
        let find = events::Entity::find().filter(events::Column::Seq.is_in(wanted)).find_also_related(users::Entity);
        for (row, user) in find.all(self.screens()).await.map_err(Self::screens_failed)? {
            let Some(user) = user else { continue };
            let Some(entry) = entries.iter_mut().find(|entry| entry.seq == row.seq) else { continue };
            let key = self.keys.data_key(row.own_key.as_deref().unwrap_or(&user.wrapped_key));
            match key.and_then(|key| rows::open_event(&key, &row)) {
                Ok((event, _)) => add_words(entry, &event),
                Err(error) => entry.said = Some(format!("cannot be read here: {}", error.cause())),
            }
        }
        Ok(())
    }

    /// An onboarding's normalised events in order, opened: for replay.
    ///
    /// # Errors
    /// [`StoreError::Passing`].
    pub async fn history(&self, id: OnboardingId) -> Result<Vec<(JournalEntry, Event)>, StoreError> {
        let find = events::Entity::find()
            .filter(events::Column::OnboardingId.eq(id.0))
            .order_by_asc(events::Column::Seq)
            .find_also_related(users::Entity);
        let found = find.all(self.screens()).await.map_err(Self::screens_failed)?;
        let Some(user) = found.iter().find_map(|(_, user)| user.as_ref()) else { return Ok(Vec::new()) };
        // Every event of an onboarding is its user's: one key opens all but those that were kept beside it.
        let key = self.keys.data_key(&user.wrapped_key)?;
        let opened = found.into_iter().map(|(row, _)| {
            let own = row.own_key.as_deref().map(|own| self.keys.data_key(own)).transpose()?;
            let (event, _) = rows::open_event(own.as_ref().unwrap_or(&key), &row)?;
            Ok((entry(row), event))
        });
        opened.collect()
    }

    /// Events of one verdict, newest first, before `before`, at most `limit`. An unknown word finds nothing.
    ///
    /// # Errors
    /// [`StoreError::Passing`].
    pub async fn events_by_verdict(
        &self,
        verdict: &str,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<JournalEntry>, StoreError> {
        let Some(verdict) = Verdict::from_word(verdict) else { return Ok(Vec::new()) };
        // A constant and not a parameter: only then the index of the rare verdicts is found.
        let mut find = events::Entity::find()
            .filter(Expr::cust(format!("verdict = '{}'", verdict.word())))
            .order_by_desc(events::Column::Seq)
            .limit(u64::from(limit));
        if let Some(before) = before {
            find = find.filter(events::Column::Seq.lt(before));
        }
        self.entries(find).await
    }

    async fn entries(&self, find: Select<events::Entity>) -> Result<Vec<JournalEntry>, StoreError> {
        let found = find.into_partial_model::<EntryRow>().all(self.screens()).await.map_err(Self::screens_failed)?;
        Ok(found.into_iter().map(JournalEntry::from).collect())
    }
}

/// What a person of support or a far end said in an event: a reason stands with what was done.
pub(super) fn add_words(entry: &mut JournalEntry, event: &Event) {
    match &event.body {
        Body::Operator { reason, .. } => entry.detail = format!("{}; reason: {reason}", entry.detail),
        Body::Outcome { result: AttemptResult::Done(answer), .. } => {
            entry.said = Objection::of(answer, "", "", event.received_at).map(|objection| objection.words());
        }
        _ => {}
    }
}

pub(super) fn entry(row: events::Model) -> JournalEntry {
    JournalEntry {
        seq: row.seq,
        at: Timestamp(row.received_at),
        source: row.source,
        kind: row.kind,
        verdict: row.verdict,
        from: row.from_state,
        to: row.to_state,
        copies: rows::small(row.copies),
        detail: row.detail,
        said: None,
        onboarding: row.onboarding_id.map(OnboardingId),
        revision: row.revision.map(rows::count),
        decided_at: row.decided_at.map(Timestamp),
        times: row.times.map_or(1, rows::small),
        last: row.last_at.map(Timestamp),
    }
}
