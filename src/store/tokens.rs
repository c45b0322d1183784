//! Access tokens: only a digest is stored.

use super::{Store, StoreError};

/// Who an access token stands for and what it may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenGrant {
    /// Name of the token: the actor of operator events.
    pub name: String,
    /// `read`, `publish`, `operate`.
    pub scopes: Vec<String>,
}

impl Store {
    /// Adds a token by its SHA-256; a name that is taken is a [`StoreError::Poison`] that says so.
    pub async fn add_token(&self, _digest: [u8; 32], _grant: &TokenGrant) -> Result<(), StoreError> {
        todo!()
    }

    /// The grant of the token with this SHA-256.
    pub async fn token(&self, _digest: [u8; 32]) -> Result<Option<TokenGrant>, StoreError> {
        todo!()
    }
}
