//! Access tokens: only a digest is stored.

use gangway_core::time::Timestamp;
use gangway_entities::tokens;
use sea_orm::{ActiveValue, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, TransactionTrait};

use super::dialect::IMMEDIATE;
use super::{Store, StoreError};

/// The name an access token stands for and what it may do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenGrant {
    /// Name of the token: the actor of operator events.
    pub name: String,
    /// `read`, `publish`, `operate`.
    pub scopes: Vec<String>,
    /// CloudEvents sources that it may publish under; none: any.
    pub sources: Vec<String>,
    /// When it was made; unknown of those that versions before made.
    pub created_at: Option<Timestamp>,
    /// When it stops working; absent: never.
    pub expires_at: Option<Timestamp>,
}

impl TokenGrant {
    /// Whether its time is over.
    #[must_use]
    pub fn expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|at| at <= now)
    }
}

impl Store {
    /// Adds a token by its SHA-256; a name that is taken is a [`StoreError::Poison`] that says so.
    ///
    /// # Errors
    /// See [`Tx`](super::Tx), and [`StoreError::Passing`].
    pub async fn add_token(&self, digest: [u8; 32], grant: &TokenGrant) -> Result<(), StoreError> {
        let tx = self.work().begin_with_options(IMMEDIATE).await.map_err(Self::work_failed)?;
        let same_name = tokens::Entity::find().filter(tokens::Column::Name.eq(&grant.name));
        if same_name.one(&tx).await.map_err(Self::work_failed)?.is_some() {
            return Err(StoreError::Poison(format!("a token named `{}` is there already", grant.name)));
        }
        let row = tokens::ActiveModel {
            digest: ActiveValue::Set(digest.to_vec()),
            name: ActiveValue::Set(grant.name.clone()),
            scopes: ActiveValue::Set(grant.scopes.join(",")),
            created_at: ActiveValue::Set(grant.created_at.map(|at| at.0)),
            expires_at: ActiveValue::Set(grant.expires_at.map(|at| at.0)),
            sources: ActiveValue::Set((!grant.sources.is_empty()).then(|| grant.sources.join("\n"))),
        };
        tokens::Entity::insert(row).exec_without_returning(&tx).await.map_err(Self::work_failed)?;
        tx.commit().await.map_err(Self::work_failed)
    }

    /// Takes the token of this name back; whether there was one. Its name is free again.
    ///
    /// # Errors
    /// [`StoreError::Passing`].
    pub async fn remove_token(&self, name: &str) -> Result<bool, StoreError> {
        let named = tokens::Entity::delete_many().filter(tokens::Column::Name.eq(name));
        let removed = named.exec(self.work()).await.map_err(Self::work_failed)?;
        Ok(removed.rows_affected > 0)
    }

    /// The grant of the token with this SHA-256.
    ///
    /// # Errors
    /// [`StoreError::Passing`].
    pub async fn token(&self, digest: [u8; 32]) -> Result<Option<TokenGrant>, StoreError> {
        let find = tokens::Entity::find_by_id(digest.to_vec());
        let found = find.one(self.screens()).await.map_err(Self::screens_failed)?;
        Ok(found.map(grant))
    }

    /// Every token, by name; the tokens themselves are not stored.
    ///
    /// # Errors
    /// [`StoreError::Passing`].
    pub async fn tokens(&self) -> Result<Vec<TokenGrant>, StoreError> {
        let find = tokens::Entity::find().order_by_asc(tokens::Column::Name);
        let found = find.all(self.screens()).await.map_err(Self::screens_failed)?;
        Ok(found.into_iter().map(grant).collect())
    }
}

fn grant(row: tokens::Model) -> TokenGrant {
    TokenGrant {
        name: row.name,
        scopes: row.scopes.split(',').filter(|scope| !scope.is_empty()).map(str::to_owned).collect(),
        sources: row.sources.iter().flat_map(|sources| sources.lines()).map(str::to_owned).collect(),
        created_at: row.created_at.map(Timestamp),
        expires_at: row.expires_at.map(Timestamp),
    }
}
