//! Definitions of flows.

use sea_orm::entity::prelude::*;

/// A version of a flow; written once.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "flow_versions")]
pub struct Model {
    /// Name of the flow.
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    /// Its version.
    #[sea_orm(primary_key, auto_increment = false)]
    pub version: i32,
    /// Digest of the text.
    pub digest: String,
    /// The text.
    pub body: String,
}

impl ActiveModelBehavior for ActiveModel {}
