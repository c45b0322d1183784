//! Our webhook addresses at providers and their secrets, sealed with the master key. A provider shows such a secret
//! once, so it is kept in the step that learns it.

use gangway_core::time::Timestamp;
use gangway_entities::webhooks;
use sea_orm::{ActiveValue, EntityTrait, QueryOrder};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::keys::Place;
use super::{Store, StoreError, rows};

/// A webhook that was registered.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// The provider.
    pub provider: String,
    /// Its id there.
    pub webhook_id: String,
    /// Our address; its path may hold a secret.
    pub url: SecretString,
    /// What the provider signs with, where it told one.
    pub secret: Option<SecretString>,
    /// When it was registered.
    pub since: Timestamp,
}

/// What is sealed.
#[derive(Serialize, Deserialize)]
struct Sealed {
    url: String,
    secret: Option<String>,
}

impl Store {
    /// Keeps a webhook.
    ///
    /// # Errors
    /// [`StoreError::Passing`]: it was not kept.
    pub async fn add_webhook(&self, webhook: &Webhook) -> Result<(), StoreError> {
        let id = self.chance.id(webhook.since);
        let sealed = Sealed {
            url: webhook.url.expose_secret().to_owned(),
            secret: webhook.secret.as_ref().map(|secret| secret.expose_secret().to_owned()),
        };
        let plain = rows::json(&sealed)?;
        let row = webhooks::ActiveModel {
            id: ActiveValue::Set(id),
            provider: ActiveValue::Set(webhook.provider.clone()),
            webhook_id: ActiveValue::Set(webhook.webhook_id.clone()),
            sealed: ActiveValue::Set(self.keys.seal_aside(&*self.chance, place(&id), &plain)?),
            since: ActiveValue::Set(webhook.since.0),
        };
        webhooks::Entity::insert(row).exec_without_returning(self.work()).await.map(drop).map_err(Self::work_failed)
    }

    /// All webhooks, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Passing`], or [`StoreError::Setup`] when they cannot be opened.
    pub async fn webhooks(&self) -> Result<Vec<Webhook>, StoreError> {
        let find = webhooks::Entity::find().order_by_asc(webhooks::Column::Id);
        let found = find.all(self.work()).await.map_err(Self::work_failed)?;
        let opened = found.into_iter().map(|row| {
            let plain = self.keys.open_aside(place(&row.id), &row.sealed)?;
            let Sealed { url, secret } = rows::read_json(&plain)?;
            Ok(Webhook {
                provider: row.provider,
                webhook_id: row.webhook_id,
                url: url.into(),
                secret: secret.map(SecretString::from),
                since: Timestamp(row.since),
            })
        });
        opened.collect()
    }
}

/// What binds the sealed bytes to their row.
fn place(id: &Uuid) -> Place<'_> {
    Place { table: "webhooks", row: id.as_bytes() }
}
