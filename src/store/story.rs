//! The read side of one person's story: the newest events of an onboarding, opened, and what they were about; what is
//! held and may be somebody's; the mails that were asked. Ids enter, rows leave. Nothing is written.

use std::collections::HashMap;

use gangway_core::decision::Verdict;
use gangway_core::event::{Event, Identifier, OnboardingId, UserId};
use gangway_core::time::Timestamp;
use gangway_entities::{effects, events, held, users};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select};

use super::search::JournalEntry;
use super::{Store, StoreError, rows};

/// A row of the journal with its event, where that can be opened here.
#[derive(Clone, Debug)]
pub struct Told {
    /// The row, with what was said.
    pub entry: JournalEntry,
    /// The event; else why it cannot be opened.
    pub event: Result<Event, String>,
    /// The user that owns it.
    pub user: Option<UserId>,
}

/// A mail that an onboarding asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailRow {
    /// Its number among the onboarding's effects.
    pub n: i64,
    /// Name of its template.
    pub template: String,
    /// Attempts begun so far.
    pub attempts: u32,
    /// How it ended; `None` while it has not.
    pub outcome: Option<String>,
    /// When it was asked.
    pub asked_at: Timestamp,
    /// When it ended.
    pub settled_at: Option<Timestamp>,
}

impl Store {
    /// An onboarding's journal backwards, before `before`, at most `limit` rows.
    ///
    /// # Errors
    /// [`StoreError::Passing`].
    pub async fn story(&self, id: OnboardingId, before: Option<i64>, limit: u32) -> Result<Vec<Told>, StoreError> {
        let mut find = events::Entity::find()
            .filter(events::Column::OnboardingId.eq(id.0))
            .order_by_desc(events::Column::Seq)
            .limit(u64::from(limit));
        if let Some(before) = before {
            find = find.filter(events::Column::Seq.lt(before));
        }
        self.told(find).await
    }

    /// The event of this number.
    ///
    /// # Errors
    /// [`StoreError::Passing`].
    pub async fn event(&self, seq: i64) -> Result<Option<Told>, StoreError> {
        Ok(self.told(events::Entity::find_by_id(seq)).await?.pop())
    }

    /// The event of this source that has this key.
    ///
    /// # Errors
    /// [`StoreError::Passing`].
    pub async fn event_by_key(&self, source: &str, key: &str) -> Result<Option<Told>, StoreError> {
        let dedupe = self.keys.dedupe(source, key);
        let find = events::Entity::find().filter(events::Column::Dedupe.eq(dedupe.0.to_vec()));
        Ok(self.told(find).await?.pop())
    }

    /// The newest held events that name one of these identifiers.
    ///
    /// # Errors
    /// [`StoreError::Passing`].
    pub async fn held_naming(&self, identifiers: &[Identifier], limit: u32) -> Result<Vec<Told>, StoreError> {
        if identifiers.is_empty() {
            return Ok(Vec::new());
        }
        let blinds = identifiers.iter().map(|identifier| self.keys.blind(identifier).0.to_vec());
        let seqs: Vec<i64> = held::Entity::find()
            .select_only()
            .column(held::Column::Seq)
            .filter(held::Column::Blind.is_in(blinds))
            .order_by_desc(held::Column::Seq)
            .limit(u64::from(limit))
            .into_tuple()
            .all(self.screens())
            .await
            .map_err(Self::screens_failed)?;
        let find = held_events().filter(events::Column::Seq.is_in(seqs)).order_by_desc(events::Column::Seq);
        self.told(find).await
    }

    /// The newest held events of this source that were received within this time.
    ///
    /// # Errors
    /// [`StoreError::Passing`].
    pub async fn held_between(
        &self,
        source: &str,
        from: Timestamp,
        to: Timestamp,
        limit: u32,
    ) -> Result<Vec<Told>, StoreError> {
        let find = held_events()
            .filter(events::Column::ReceivedAt.between(from.0, to.0))
            .filter(events::Column::Source.eq(source))
            .order_by_desc(events::Column::Seq)
            .limit(u64::from(limit));
        self.told(find).await
    }

    /// What these effects of an onboarding ask for, as the onboarding names it: `original.get_user`, `mail welcome`.
    ///
    /// # Errors
    /// [`StoreError::Passing`].
    pub async fn targets(&self, id: OnboardingId, effects: &[i64]) -> Result<HashMap<i64, String>, StoreError> {
        if effects.is_empty() {
            return Ok(HashMap::new());
        }
        let found: Vec<(i64, String, String)> = effects::Entity::find()
            .select_only()
            .columns([effects::Column::N, effects::Column::Kind, effects::Column::Target])
            .filter(effects::Column::OnboardingId.eq(id.0))
            .filter(effects::Column::N.is_in(effects.iter().copied()))
            .into_tuple()
            .all(self.screens())
            .await
            .map_err(Self::screens_failed)?;
        let named = |(n, kind, target): (i64, String, String)| match kind.as_str() {
            "call" => (n, target),
            _ => (n, format!("{kind} {target}")),
        };
        Ok(found.into_iter().map(named).collect())
    }

    /// The mails of an onboarding, the newest first, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::Passing`].
    pub async fn mails(&self, id: OnboardingId, limit: u32) -> Result<Vec<MailRow>, StoreError> {
        let found = effects::Entity::find()
            .filter(effects::Column::OnboardingId.eq(id.0))
            .filter(effects::Column::Kind.eq("mail"))
            .order_by_desc(effects::Column::N)
            .limit(u64::from(limit))
            .all(self.screens())
            .await
            .map_err(Self::screens_failed)?;
        let row = |row: effects::Model| MailRow {
            n: row.n,
            template: row.target,
            attempts: rows::small(row.attempt),
            outcome: row.outcome,
            asked_at: Timestamp(row.asked_at),
            settled_at: row.settled_at.map(Timestamp),
        };
        Ok(found.into_iter().map(row).collect())
    }

    async fn told(&self, find: Select<events::Entity>) -> Result<Vec<Told>, StoreError> {
        let found = find.find_also_related(users::Entity).all(self.screens()).await.map_err(Self::screens_failed)?;
        Ok(found.into_iter().map(|(row, user)| self.told_of(row, user.as_ref())).collect())
    }

    fn told_of(&self, row: events::Model, user: Option<&users::Model>) -> Told {
        let opened = match (user, row.own_key.as_deref()) {
            (None, _) => rows::unowned_event(&self.keys, &row).map(|(_, _, event, _)| event),
            (Some(user), own) => {
                let key = self.keys.data_key(own.unwrap_or(&user.wrapped_key));
                key.and_then(|key| rows::open_event(&key, &row)).map(|(event, _)| event)
            }
        };
        let user = row.user_id.map(UserId);
        let mut entry = super::search::entry(row);
        let event = opened.map_err(|error| error.cause().to_owned());
        match &event {
            Ok(event) => super::search::add_words(&mut entry, event),
            Err(why) => entry.said = Some(format!("cannot be read here: {why}")),
        }
        Told { entry, event, user }
    }
}

/// Held events. A constant and not a parameter: only then the index of held events is found.
fn held_events() -> Select<events::Entity> {
    events::Entity::find().filter(Expr::cust(format!("events.verdict = '{}'", Verdict::Held.word())))
}
