//! One user in one flow: the state machine.

use sea_orm::entity::prelude::*;

/// An onboarding.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "onboardings")]
pub struct Model {
    /// Its id; ids are time-ordered.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Its user.
    pub user_id: Uuid,
    /// Name of its flow.
    pub flow: String,
    /// Version of its flow.
    pub version: i32,
    /// Name of the state.
    pub state: String,
    /// `active`, `waiting`, `review`, `completed`, `failed`, `cancelled`.
    pub status: String,
    /// When it entered the state.
    pub since: i64,
    /// When it must be woken although nothing came.
    pub wake_at: Option<i64>,
    /// Counts its changes.
    pub revision: i64,
    /// When it began.
    pub created_at: i64,
    /// When it ended.
    pub ended_at: Option<i64>,
    /// Why a person is asked, in words by which reviews are grouped; none when no person is. An older version that
    /// moves the onboarding on leaves it as it was: it counts only while `status` is `review`.
    pub cause: Option<String>,
    /// What it knows, sealed with the user's data key.
    pub sealed: Vec<u8>,
    /// Its user.
    #[sea_orm(belongs_to, from = "user_id", to = "id")]
    pub user: BelongsTo<super::users::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
