//! Which identifiers held events wait on.

use sea_orm::entity::prelude::*;

/// One identifier that a held event names: there while the event is held, and no longer.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "held")]
pub struct Model {
    /// The identifier, by its keyed hash.
    #[sea_orm(primary_key, auto_increment = false)]
    pub blind: Vec<u8>,
    /// The event's number in the journal.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seq: i64,
    /// Its place among the event's identifiers, the most telling first, from 0.
    pub place: i32,
}

impl ActiveModelBehavior for ActiveModel {}
