//! The canary of the master key.

use sea_orm::entity::prelude::*;

/// The one row that only the right master key opens.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "vault")]
pub struct Model {
    /// Always 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i32,
    /// Known text, sealed.
    pub canary: Vec<u8>,
}

impl ActiveModelBehavior for ActiveModel {}
