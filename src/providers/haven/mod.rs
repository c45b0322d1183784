//! IBM Digital Asset Haven, the Dfns API under IBM's host: delegated end users and their wallets. Actions and
//! deliveries enter, conversations and readings leave; nothing is sent from here. What is known and what is not:
//! docs/providers/haven.md.

pub mod calls;
pub mod error;
pub mod hooks;
pub mod key;
mod offers;
mod phrases;
pub mod settings;
pub mod sign;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;
use gangway_core::catalogue::Catalogue;
use gangway_core::outcome::Answer;
use gangway_core::retry::Policy;

use self::calls::{
    Desk, activate_wallet, complete_enduser, create_user, get_wallet, list_wallets, recover, start_registration,
    start_with_code, webhooks,
};
pub use self::calls::{USER_ID, USERNAME, WALLET_ID};
pub use self::offers::describe;
use self::settings::HavenSettings;
use super::registry::{Row, nothing, shipped_flow, shipped_templates};
use super::{Adapter, Call, Delivery, Far, Reading, Stop, Unreadable};

/// Kinds of identifiers that this adapter writes.
pub const IDENTIFIER_KINDS: &[&str] = &[USER_ID, WALLET_ID, USERNAME];

/// What is known of it without its settings.
pub const ROW: Row = Row {
    name: "haven",
    settings: include_str!("settings.toml"),
    check: |section, faults| drop(section.check(HavenSettings::faults, faults)),
    identifier_kinds: IDENTIFIER_KINDS,
    describe,
    phrases: &phrases::PHRASES,
    build: |section, general| Ok(Arc::new(Haven::new(section.read(HavenSettings::faults)?, general))),
    lacks: nothing,
    flow: shipped_flow!("haven-custody"),
    templates: shipped_templates! {
        "custody-invite": "de", "en";
    },
};

/// The adapter.
#[derive(Debug)]
pub struct Haven {
    desk: Desk,
    policy: Policy,
}

impl Haven {
    /// The adapter with these settings; `general` is how calls are retried unless the settings say otherwise.
    #[must_use]
    pub fn new(settings: HavenSettings, general: &Policy) -> Self {
        let policy = settings.common.retry.over(general);
        Self { desk: Desk::new(settings), policy }
    }
}

#[async_trait]
impl Adapter for Haven {
    fn name(&self) -> &str {
        "haven"
    }

    fn describe(&self, catalogue: &mut Catalogue) {
        describe(catalogue, &self.policy);
    }

    async fn call(&self, call: &Call<'_>, far: &dyn Far) -> Result<Answer, Stop> {
        let desk = &self.desk;
        match call.action {
            "create_user" => create_user::call(desk, call, far).await,
            "start_registration" => start_registration::call(desk, call, far).await,
            "start_with_code" => start_with_code::call(desk, call, far).await,
            "complete_enduser" => complete_enduser::call(desk, call, far).await,
            "recover" => recover::call(desk, call, far).await,
            "get_wallet" => get_wallet::call(desk, call, far).await,
            "list_wallets" => list_wallets::call(desk, call, far).await,
            "activate_wallet" => activate_wallet::call(desk, call, far).await,
            "register_webhook" => webhooks::register(desk, call, far).await,
            "missed_deliveries" => webhooks::missed(desk, call, far).await,
            _ => Err(Stop::no_such_action("haven")),
        }
    }

    fn reads_back(&self) -> Option<Vec<String>> {
        Some(self.desk.settings.webhook_ids.clone())
    }

    fn read(&self, delivery: &Delivery<'_>) -> Result<Reading, Unreadable> {
        hooks::read(&self.desk.settings.events, delivery)
    }
}
