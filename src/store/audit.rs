//! What an audit reads, in pages: nothing here holds a lock, or reads a large table with one statement.

use std::collections::{BTreeSet, HashMap};

use gangway_core::event::{Identifier, OnboardingId, UserId};
use gangway_entities::{effects, events, identifiers, onboardings};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Statement};
use uuid::Uuid;

use super::{Blind, Store, StoreError, rows};

/// Rows of the journal that end in one verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// The verdict's word.
    pub verdict: String,
    /// Number of rows.
    pub rows: i64,
    /// Events received, copies included.
    pub copies: i64,
}

impl Store {
    /// Ids of onboardings after this one, in order, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::Passing`].
    pub async fn onboarding_ids(
        &self,
        after: Option<OnboardingId>,
        limit: u32,
    ) -> Result<Vec<OnboardingId>, StoreError> {
        let mut find = onboardings::Entity::find().select_only().column(onboardings::Column::Id);
        if let Some(after) = after {
            find = find.filter(onboardings::Column::Id.gt(after.0));
        }
        let find = find.order_by_asc(onboardings::Column::Id).limit(u64::from(limit)).into_tuple();
        let found: Vec<Uuid> = find.all(self.screens()).await.map_err(Self::screens_failed)?;
        Ok(found.into_iter().map(OnboardingId).collect())
    }

    /// Those of these onboardings that have asked for something which is not settled.
    ///
    /// # Errors
    /// [`StoreError::Passing`].
    pub async fn still_asking(&self, ids: &[OnboardingId]) -> Result<BTreeSet<OnboardingId>, StoreError> {
        let find = effects::Entity::find()
            .select_only()
            .column(effects::Column::OnboardingId)
            .filter(effects::Column::OnboardingId.is_in(ids.iter().map(|id| id.0)))
            .filter(effects::Column::N.gt(0))
            .filter(effects::Column::SettledAt.is_null())
            .into_tuple();
        let found: Vec<Uuid> = find.all(self.screens()).await.map_err(Self::screens_failed)?;
        Ok(found.into_iter().map(OnboardingId).collect())
    }

    /// The user that owns each of these identifiers, through an onboarding or directly; identifiers without an owner
    /// are left out.
    ///
    /// # Errors
    /// [`StoreError::Passing`].
    pub async fn users_of(&self, wanted: &[Identifier]) -> Result<HashMap<Identifier, UserId>, StoreError> {
        let blinds: HashMap<Blind, &Identifier> = wanted.iter().map(|one| (self.keys.blind(one), one)).collect();
        let find = identifiers::Entity::find()
            .filter(identifiers::Column::Blind.is_in(blinds.keys().map(|blind| blind.0.to_vec())));
        let found = find.all(self.screens()).await.map_err(Self::screens_failed)?;
        let through: Vec<Uuid> = found.iter().filter_map(|row| row.onboarding_id).collect();
        let find = onboardings::Entity::find()
            .select_only()
            .columns([onboardings::Column::Id, onboardings::Column::UserId])
            .filter(onboardings::Column::Id.is_in(through))
            .into_tuple();
        let users: Vec<(Uuid, Uuid)> = find.all(self.screens()).await.map_err(Self::screens_failed)?;
        let users: HashMap<Uuid, Uuid> = users.into_iter().collect();
        let mut owners = HashMap::new();
        for row in &found {
            let user = row.onboarding_id.map_or(row.user_id, |id| users.get(&id).copied());
            if let (Some(user), Some(identifier)) = (user, blinds.get(&rows::blind(&row.blind)?)) {
                owners.insert((*identifier).clone(), UserId(user));
            }
        }
        Ok(owners)
    }

    /// What the rows `after` to `up_to` of the journal end in. Absent when there is none beyond `after`.
    ///
    /// # Errors
    /// [`StoreError::Passing`].
    pub async fn tally(&self, after: i64, up_to: i64) -> Result<Option<Vec<Tally>>, StoreError> {
        let next = events::Entity::find()
            .select_only()
            .column(events::Column::Seq)
            .filter(events::Column::Seq.gt(after))
            .order_by_asc(events::Column::Seq)
            .limit(1)
            .into_tuple::<i64>();
        if next.one(self.screens()).await.map_err(Self::screens_failed)?.is_none() {
            return Ok(None);
        }
        let find = events::Entity::find()
            .select_only()
            .column(events::Column::Verdict)
            .column_as(Expr::cust("count(*)"), "rows")
            .column_as(Expr::cust("CAST(sum(copies) AS bigint)"), "copies")
            .filter(events::Column::Seq.gt(after))
            .filter(events::Column::Seq.lte(up_to))
            .group_by(events::Column::Verdict)
            .into_tuple();
        let found: Vec<(String, i64, i64)> = find.all(self.screens()).await.map_err(Self::screens_failed)?;
        Ok(Some(found.into_iter().map(|(verdict, rows, copies)| Tally { verdict, rows, copies }).collect()))
    }

    /// Identifiers after this one on which events are held: at most `limit`, in order, each with whether it is owned.
    ///
    /// # Errors
    /// [`StoreError::Passing`].
    pub async fn held_on_after(&self, after: Option<Blind>, limit: u32) -> Result<Vec<(Blind, bool)>, StoreError> {
        let sql = "SELECT h.blind AS blind, (i.onboarding_id IS NOT NULL OR i.user_id IS NOT NULL) AS owned \
                   FROM (SELECT DISTINCT blind FROM held WHERE blind > $1 ORDER BY blind LIMIT $2) h \
                   LEFT JOIN identifiers i ON i.blind = h.blind ORDER BY h.blind";
        let after = after.map(|blind| blind.0.to_vec()).unwrap_or_default();
        let values = [after.into(), i64::from(limit).into()];
        let statement = Statement::from_sql_and_values(self.screens().get_database_backend(), sql, values);
        let found = self.screens().query_all_raw(statement).await.map_err(Self::screens_failed)?;
        let row = |row: &sea_orm::QueryResult| {
            let blind: Vec<u8> = row.try_get("", "blind").map_err(Self::screens_failed)?;
            let owned: Option<bool> = row.try_get("", "owned").map_err(Self::screens_failed)?;
            Ok((rows::blind(&blind)?, owned.unwrap_or(false)))
        };
        found.iter().map(row).collect()
    }
}
