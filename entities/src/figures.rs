//! What is counted as it changes.

use sea_orm::entity::prelude::*;

/// How much one transaction changed one count, or the sum of several such. The sum over all rows of a name is the
/// count.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "figures")]
pub struct Model {
    /// In the order of writing.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// What is counted.
    pub name: String,
    /// The flow; empty where the count is not by flow.
    pub flow: String,
    /// The status; empty where the count is not by status.
    pub status: String,
    /// How many came; negative: went.
    pub number: i64,
}

impl ActiveModelBehavior for ActiveModel {}
