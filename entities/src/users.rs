//! The person.

use sea_orm::entity::prelude::*;

/// A user; found through `identifiers`, never through plaintext.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "users")]
pub struct Model {
    /// gangway's own id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// External id, e-mail and language, sealed with the user's data key.
    pub sealed: Vec<u8>,
    /// The user's data key, wrapped by the master key.
    pub wrapped_key: Vec<u8>,
    /// When gangway first heard of the person.
    pub created_at: i64,
    /// Keyed hash of the e-mail address, which several users may share.
    pub email_blind: Option<Vec<u8>>,
    /// The user's state machines.
    #[sea_orm(has_many)]
    pub onboardings: HasMany<super::onboardings::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
