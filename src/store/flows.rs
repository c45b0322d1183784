//! Definitions live in the database: a version is written once and never changed.

use std::collections::HashMap;

use gangway_core::onboarding::FlowRef;
use gangway_entities::flow_versions;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue, EntityTrait, QueryOrder, QuerySelect, TransactionTrait};

use super::dialect::IMMEDIATE;
use super::{Store, StoreError, rows};

/// A stored definition.
#[derive(Clone, Debug)]
pub struct StoredFlow {
    /// Name and version.
    pub id: FlowRef,
    /// Digest of the text.
    pub digest: String,
    /// The text.
    pub text: String,
}

impl Store {
    /// All stored definitions, by name and version.
    ///
    /// # Errors
    /// [`StoreError::Passing`].
    pub async fn flows(&self) -> Result<Vec<StoredFlow>, StoreError> {
        let find = flow_versions::Entity::find()
            .order_by_asc(flow_versions::Column::Name)
            .order_by_asc(flow_versions::Column::Version);
        let found = find.all(self.screens()).await.map_err(Self::screens_failed)?;
        let stored = found.into_iter().map(|row| StoredFlow {
            id: rows::flow(row.name, row.version),
            digest: row.digest,
            text: row.body,
        });
        Ok(stored.collect())
    }

    /// The names of all stored definitions.
    ///
    /// # Errors
    /// [`StoreError::Passing`].
    pub async fn flow_versions(&self) -> Result<Vec<FlowRef>, StoreError> {
        let find = flow_versions::Entity::find()
            .select_only()
            .columns([flow_versions::Column::Name, flow_versions::Column::Version]);
        let found: Vec<(String, i32)> = find.into_tuple().all(self.work()).await.map_err(Self::work_failed)?;
        Ok(found.into_iter().map(|(name, version)| rows::flow(name, version)).collect())
    }

    /// One stored definition.
    ///
    /// # Errors
    /// [`StoreError::Passing`].
    pub async fn flow(&self, id: &FlowRef) -> Result<Option<StoredFlow>, StoreError> {
        let find = flow_versions::Entity::find_by_id((id.name.clone(), rows::whole(id.version)));
        let found = find.one(self.work()).await.map_err(Self::work_failed)?;
        Ok(found.map(|row| StoredFlow { id: id.clone(), digest: row.digest, text: row.body }))
    }

    /// Stores definitions that are not there yet; answers those already stored under the same version with another
    /// digest. Stores all of them or, after a failure, none.
    ///
    /// # Errors
    /// [`StoreError::Passing`]: none was stored.
    pub async fn add_flows(&self, flows: &[StoredFlow]) -> Result<Vec<FlowRef>, StoreError> {
        if flows.is_empty() {
            return Ok(Vec::new());
        }
        let mut sorted: Vec<&StoredFlow> = flows.iter().collect();
        sorted.sort_by(|a, b| a.id.cmp(&b.id));
        let fresh = sorted.iter().map(|flow| flow_versions::ActiveModel {
            name: ActiveValue::Set(flow.id.name.clone()),
            version: ActiveValue::Set(rows::whole(flow.id.version)),
            digest: ActiveValue::Set(flow.digest.clone()),
            body: ActiveValue::Set(flow.text.clone()),
        });
        let tx = self.work().begin_with_options(IMMEDIATE).await.map_err(Self::work_failed)?;
        let insert = flow_versions::Entity::insert_many(fresh).on_conflict(OnConflict::new().do_nothing().to_owned());
        insert.exec_without_returning(&tx).await.map_err(Self::work_failed)?;
        let stored = flow_versions::Entity::find().all(&tx).await.map_err(Self::work_failed)?;
        tx.commit().await.map_err(Self::work_failed)?;
        let stored: HashMap<FlowRef, String> =
            stored.into_iter().map(|row| (rows::flow(row.name, row.version), row.digest)).collect();
        let differs = sorted.into_iter().filter(|flow| stored.get(&flow.id) != Some(&flow.digest));
        Ok(differs.map(|flow| flow.id.clone()).collect())
    }
}
