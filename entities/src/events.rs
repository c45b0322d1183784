//! Inbox, journal and audit in one.

use sea_orm::entity::prelude::*;

/// A journal row; never changed, except for `copies` and the one move out of `held` or `kept`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "events")]
pub struct Model {
    /// Its number, in the order of arrival.
    #[sea_orm(primary_key)]
    pub seq: i64,
    /// Keyed hash of source and key.
    #[sea_orm(unique)]
    pub dedupe: Vec<u8>,
    /// Keyed digest of its content.
    pub digest: Vec<u8>,
    /// Its origin.
    pub source: String,
    /// Type.
    pub kind: String,
    /// When it was received.
    pub received_at: i64,
    /// When it happened, by its sender's clock.
    pub occurred_at: Option<i64>,
    /// The onboarding that owns it.
    pub onboarding_id: Option<Uuid>,
    /// The user that owns it.
    pub user_id: Option<Uuid>,
    /// What became of it.
    pub verdict: String,
    /// State before.
    pub from_state: Option<String>,
    /// State after.
    pub to_state: Option<String>,
    /// Revision of the onboarding after it.
    pub revision: Option<i64>,
    /// Copies received, itself included.
    pub copies: i32,
    /// One line of explanation.
    pub detail: String,
    /// The event and its bytes, sealed with the owner's data key, or with `own_key`.
    pub sealed: Vec<u8>,
    /// Its own data key, wrapped, while it has no owner, or while its owner's key does not open.
    pub own_key: Option<Vec<u8>>,
    /// When it was decided, where that is not when it was received.
    pub decided_at: Option<i64>,
    /// The user that owns it.
    #[sea_orm(belongs_to, from = "user_id", to = "id")]
    pub user: BelongsTo<Option<super::users::Entity>>,
    /// When the last of the events was received that share this row; absent when it has one.
    pub last_at: Option<i64>,
    /// How many events share it; absent when it has one.
    pub times: Option<i32>,
}

impl ActiveModelBehavior for ActiveModel {}
