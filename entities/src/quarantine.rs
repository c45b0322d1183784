//! Events that the database refuses on their own.

use sea_orm::entity::prelude::*;

/// An event that is kept as bytes.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "quarantine")]
pub struct Model {
    /// Its id; time-ordered.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Where it came from.
    pub source: String,
    /// The database's words.
    pub reason: String,
    /// When it was received.
    pub received_at: i64,
    /// Its bytes, sealed under the master key.
    pub sealed: Vec<u8>,
}

impl ActiveModelBehavior for ActiveModel {}
