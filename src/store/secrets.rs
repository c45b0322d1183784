//! Sealed secret rows: put in with the event that brought them, opened for the one effect that names them, deleted in
//! the transaction after which nothing can read them any more. Nothing else of gangway keeps a secret of a user.

use std::collections::{BTreeMap, BTreeSet};

use gangway_core::event::OnboardingId;
use gangway_core::secret::Secrets;
use gangway_core::time::Timestamp;
use gangway_entities::{onboardings, secrets, users};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::Value;
use uuid::Uuid;

use super::keys::{DataKey, Dedupe, Place};
use super::tx::Tx;
use super::types::StoreError;
use super::{Store, rows};

/// A secret to keep.
#[derive(Clone, Debug)]
pub struct NewSecret {
    /// The onboarding that it belongs to.
    pub onboarding: OnboardingId,
    /// The flow's name for it.
    pub name: String,
    /// The value; its `Debug` says only that there is one.
    pub value: Secrets,
    /// Seals it.
    pub key: DataKey,
}

/// Secrets of a held event by their paths: kept under a name made of its dedupe key until it finds its owner.
pub(super) fn held_owner(dedupe: &Dedupe) -> Uuid {
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(dedupe.0).for_each(|(to, from)| *to = from);
    Uuid::from_bytes(bytes)
}

impl Tx {
    /// Keeps secrets; one of the same name is replaced.
    ///
    /// # Errors
    /// See [`Tx`].
    pub async fn put_secrets(&mut self, new: &[NewSecret], now: Timestamp) -> Result<(), StoreError> {
        let mut sealed = BTreeMap::new();
        for secret in new {
            let Some(value) = secret.value.0.values().next() else { continue };
            let row = self.secret_row(secret.onboarding.0, &secret.name, value, &secret.key, now)?;
            sealed.insert((row.owner, row.name.clone()), row);
        }
        if sealed.is_empty() { Ok(()) } else { self.session().put_secrets(sealed.into_values().collect()).await }
    }

    /// Keeps what a held event brought, with a key of its own.
    ///
    /// # Errors
    /// See [`Tx`].
    pub async fn hold_secrets(&mut self, dedupe: &Dedupe, held: &Secrets, now: Timestamp) -> Result<(), StoreError> {
        let key = self.new_data_key();
        let mut sealed = Vec::new();
        for (path, value) in &held.0 {
            let mut row = self.secret_row(held_owner(dedupe), path, value, &key, now)?;
            row.own_key = Some(key.wrapped().to_vec());
            sealed.push(row);
        }
        if sealed.is_empty() { Ok(()) } else { self.session().put_secrets(sealed).await }
    }

    /// Takes what a held or kept event brought: it finds its owner in this transaction, or expires. The inner error
    /// says why one cannot be opened here; then none is taken.
    ///
    /// # Errors
    /// See [`Tx`].
    pub async fn take_held_secrets(&mut self, dedupe: &Dedupe) -> Result<Result<Secrets, String>, StoreError> {
        let owner = held_owner(dedupe);
        let mut taken = Secrets::default();
        let mut names = Vec::new();
        for row in self.session().secrets_of(owner).await? {
            let wrapped = row.own_key.as_deref().ok_or_else(|| rows::unknown_word("secrets.own_key"));
            let value = wrapped.and_then(|wrapped| open(&self.keyring().data_key(wrapped)?, &row));
            match value {
                Ok(value) => drop(taken.0.insert(row.name.clone(), value)),
                Err(error) => return Ok(Err(format!("a secret of it: {}", error.cause()))),
            }
            names.push((owner, row.name));
        }
        if !names.is_empty() {
            self.session().erase_secrets(&names).await?;
        }
        Ok(Ok(taken))
    }

    /// Erases all secrets of an onboarding.
    ///
    /// # Errors
    /// See [`Tx`].
    pub async fn erase_all_secrets(&mut self, of: OnboardingId) -> Result<(), StoreError> {
        let found = self.session().secrets_of(of.0).await?;
        let names: Vec<(Uuid, String)> = found.into_iter().map(|row| (row.owner, row.name)).collect();
        if names.is_empty() { Ok(()) } else { self.session().erase_secrets(&names).await }
    }

    /// Erases secrets that nothing can read any more; those that are not there are not missed.
    ///
    /// # Errors
    /// See [`Tx`].
    pub async fn erase_secrets(&mut self, of: &BTreeSet<(OnboardingId, String)>) -> Result<(), StoreError> {
        let names: Vec<(Uuid, String)> = of.iter().map(|(id, name)| (id.0, name.clone())).collect();
        if names.is_empty() { Ok(()) } else { self.session().erase_secrets(&names).await }
    }

    fn secret_row(
        &self,
        owner: Uuid,
        name: &str,
        value: &Value,
        key: &DataKey,
        now: Timestamp,
    ) -> Result<secrets::Model, StoreError> {
        let place = place_of(owner, name);
        let plain = rows::json(value)?;
        let sealed = key.seal(self.chance(), Place { table: "secrets", row: &place }, &plain)?;
        Ok(secrets::Model { owner, name: name.to_owned(), sealed, own_key: None, since: now.0 })
    }
}

impl Store {
    /// An onboarding's secrets of these names; those that are not there are left out.
    ///
    /// # Errors
    /// [`StoreError::Passing`], or [`StoreError::Setup`] when they cannot be opened.
    pub async fn secrets(&self, onboarding: OnboardingId, names: &BTreeSet<String>) -> Result<Secrets, StoreError> {
        let find = onboardings::Entity::find_by_id(onboarding.0).find_also_related(users::Entity);
        let Some((_, Some(user))) = find.one(self.work()).await.map_err(Self::work_failed)? else {
            return Ok(Secrets::default());
        };
        let key = self.keys.data_key(&user.wrapped_key)?;
        let find = secrets::Entity::find()
            .filter(secrets::Column::Owner.eq(onboarding.0))
            .filter(secrets::Column::Name.is_in(names));
        let found = find.all(self.work()).await.map_err(Self::work_failed)?;
        let opened = found.iter().map(|row| Ok((row.name.clone(), open(&key, row)?)));
        Ok(Secrets(opened.collect::<Result<_, StoreError>>()?))
    }
}

fn open(key: &DataKey, row: &secrets::Model) -> Result<Value, StoreError> {
    let place = place_of(row.owner, &row.name);
    let plain = key.open(Place { table: "secrets", row: &place }, &row.sealed)?;
    rows::read_json(&plain)
}

/// What binds the sealed bytes to their row.
fn place_of(owner: Uuid, name: &str) -> Vec<u8> {
    [owner.as_bytes(), name.as_bytes()].concat()
}
