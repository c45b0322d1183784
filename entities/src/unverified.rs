//! Deliveries that failed verification.

use sea_orm::entity::prelude::*;

/// A delivery whose signature or secret was wrong; never an event.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "unverified")]
pub struct Model {
    /// Its id; time-ordered.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Where it came from.
    pub source: String,
    /// Why it was not believed.
    pub reason: String,
    /// When it was received.
    pub received_at: i64,
    /// Its bytes, sealed under the master key.
    pub sealed: Vec<u8>,
}

impl ActiveModelBehavior for ActiveModel {}
