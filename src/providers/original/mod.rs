//! Original: a user is made at once, its wallet at the first use on a chain. Actions and deliveries enter,
//! conversations and readings leave; nothing is sent from here. What is known and what is not:
//! docs/providers/original.md.

pub mod calls;
pub mod error;
pub mod hooks;
mod offers;
mod phrases;
pub mod settings;
pub mod token;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;
use gangway_core::catalogue::Catalogue;
use gangway_core::outcome::Answer;
use gangway_core::retry::Policy;

pub use self::calls::{ASSET_UID, USER_UID};
use self::calls::{Desk, create_asset, create_user, get_asset, get_user};
pub use self::offers::describe;
use self::settings::OriginalSettings;
use self::token::Tokens;
use super::registry::{Row, nothing, shipped_flow};
use super::{Adapter, Call, Delivery, Far, Reading, Stop, Unreadable};

/// Kinds of identifiers that this adapter writes.
pub const IDENTIFIER_KINDS: &[&str] = &[USER_UID, ASSET_UID];

/// What `gangway webhooks register` is told.
const BY_HAND: &str = "it takes webhook addresses in its developer console only: enter \
                       https://HOST/webhooks/original/SECRET there, with a secret of providers.original.webhook";

/// What is known of it without its settings.
pub const ROW: Row = Row {
    name: "original",
    settings: include_str!("settings.toml"),
    check: |section, faults| drop(section.check(OriginalSettings::faults, faults)),
    identifier_kinds: IDENTIFIER_KINDS,
    describe,
    phrases: &phrases::PHRASES,
    build: |section, general| Ok(Arc::new(Original::new(section.read(OriginalSettings::faults)?, general))),
    lacks: nothing,
    flow: shipped_flow!("original-wallet"),
    templates: &[],
};

/// The adapter.
#[derive(Debug)]
pub struct Original {
    desk: Desk,
    policy: Policy,
}

impl Original {
    /// The adapter with these settings; `general` is how calls are retried unless the settings say otherwise.
    #[must_use]
    pub fn new(settings: OriginalSettings, general: &Policy) -> Self {
        let policy = settings.common.retry.over(general);
        Self { desk: Desk { tokens: Tokens::new(&settings), settings }, policy }
    }
}

#[async_trait]
impl Adapter for Original {
    fn name(&self) -> &str {
        "original"
    }

    fn describe(&self, catalogue: &mut Catalogue) {
        describe(catalogue, &self.policy);
    }

    async fn call(&self, call: &Call<'_>, far: &dyn Far) -> Result<Answer, Stop> {
        let desk = &self.desk;
        match call.action {
            "create_user" => create_user::call(desk, call, far).await,
            "get_user" => get_user::call(desk, call, far).await,
            "create_asset" => create_asset::call(desk, call, far).await,
            "get_asset" => get_asset::call(desk, call, far).await,
            "register_webhook" => Err(Stop::broken(BY_HAND)),
            _ => Err(Stop::no_such_action("original")),
        }
    }

    fn read(&self, delivery: &Delivery<'_>) -> Result<Reading, Unreadable> {
        hooks::read(&self.desk.settings.events, delivery)
    }
}
