//! What is asked of the world.

use sea_orm::entity::prelude::*;

/// An effect: leased (`lease_until`), settled (`settled_at`), or due (neither).
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "effects")]
pub struct Model {
    /// The onboarding that asked.
    #[sea_orm(primary_key, auto_increment = false)]
    pub onboarding_id: Uuid,
    /// Its number there; negative for lifecycle publications.
    #[sea_orm(primary_key, auto_increment = false)]
    pub n: i64,
    /// `call`, `mail`, `publish`, `lifecycle`.
    pub kind: String,
    /// Action, template or event type.
    pub target: String,
    /// The kind of free slot that it needs: name of the provider, `mail`, `publish`.
    pub slot: String,
    /// What is asked, sealed with the user's data key.
    pub request: Vec<u8>,
    /// Attempts begun so far.
    pub attempt: i32,
    /// How the next attempt is made: `do`, `look_up`.
    pub mode: String,
    /// Since when an earlier attempt may have done the work unseen.
    pub uncertain_since: Option<i64>,
    /// When it was asked.
    pub asked_at: i64,
    /// When it is, or last was, due.
    pub due_at: i64,
    /// When the lease runs out, by the database's clock.
    pub lease_until: Option<i64>,
    /// Fencing token of the lease.
    pub lease_token: Option<Uuid>,
    /// How it ended.
    pub outcome: Option<String>,
    /// When it ended, by the database's clock.
    pub settled_at: Option<i64>,
    /// The onboarding that asked.
    #[sea_orm(belongs_to, from = "onboarding_id", to = "id")]
    pub onboarding: BelongsTo<super::onboardings::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
