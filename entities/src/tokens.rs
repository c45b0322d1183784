//! Access tokens.

use sea_orm::entity::prelude::*;

/// What a token may do; the token itself is not stored.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "tokens")]
pub struct Model {
    /// SHA-256 of the token.
    #[sea_orm(primary_key, auto_increment = false)]
    pub digest: Vec<u8>,
    /// Name of the token.
    #[sea_orm(unique)]
    pub name: String,
    /// What it may do, separated by commas.
    pub scopes: String,
    /// When it was made; absent in rows of versions before.
    pub created_at: Option<i64>,
    /// When it stops working; absent: never.
    pub expires_at: Option<i64>,
    /// CloudEvents sources that it may publish under, one a line; absent: any.
    pub sources: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
