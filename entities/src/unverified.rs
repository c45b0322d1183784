//! Deliveries that failed verification.

use sea_orm::entity::prelude::*;

/// A delivery with a wrong signature or secret; never an event.
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
    /// What is needed to take it again, sealed under the master key; of a row without a form, its bytes.
    pub sealed: Vec<u8>,
    /// How that is written: 1. Absent in rows of versions before, which cannot be taken again.
    pub form: Option<i64>,
    /// Length of what is sealed; absent in rows of versions before.
    pub size: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}
