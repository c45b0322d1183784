//! Values that pass through: sealed, and deleted after their last reader.

use sea_orm::entity::prelude::*;

/// One secret of one onboarding, or of a held event that brought it.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "secrets")]
pub struct Model {
    /// The onboarding; of a held event, a name made of its dedupe key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub owner: Uuid,
    /// The flow's name for it; of a held event, the path in its data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    /// Sealed with the user's data key, or with `own_key`.
    pub sealed: Vec<u8>,
    /// Wrapped key of a secret while its user is not known yet.
    pub own_key: Option<Vec<u8>>,
    /// Since when it is kept, milliseconds since 1970.
    pub since: i64,
}

impl ActiveModelBehavior for ActiveModel {}
