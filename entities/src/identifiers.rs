//! The owners of identifiers.

use sea_orm::entity::prelude::*;

/// An identifier by its keyed hash; without an owner it is the placeholder that held events wait on.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "identifiers")]
pub struct Model {
    /// Keyed hash of kind and value.
    #[sea_orm(primary_key, auto_increment = false)]
    pub blind: Vec<u8>,
    /// Kind.
    pub kind: String,
    /// The onboarding that owns it.
    pub onboarding_id: Option<Uuid>,
    /// The user that owns it.
    pub user_id: Option<Uuid>,
    /// When it got its owner, or was made as a placeholder.
    pub since: i64,
}

impl ActiveModelBehavior for ActiveModel {}
