//! Our webhook addresses at providers.

use sea_orm::entity::prelude::*;

/// One webhook that was registered.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "webhooks")]
pub struct Model {
    /// Gangway's own id, time-ordered.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The provider.
    pub provider: String,
    /// Its id at the provider.
    pub webhook_id: String,
    /// Address and secret, sealed with the master key.
    pub sealed: Vec<u8>,
    /// Since when, milliseconds since 1970.
    pub since: i64,
}

impl ActiveModelBehavior for ActiveModel {}
