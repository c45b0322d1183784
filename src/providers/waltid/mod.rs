//! walt.id Enterprise: accounts, roles and wallet services. Actions and deliveries enter, conversations and
//! readings leave; nothing is sent from here. What is known and what is not: docs/providers/waltid.md.

pub mod calls;
pub mod error;
pub mod hooks;
mod offers;
mod phrases;
pub mod settings;
pub mod template;
pub mod token;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;
use gangway_core::catalogue::Catalogue;
use gangway_core::outcome::Answer;
use gangway_core::retry::Policy;

pub use self::calls::ACCOUNT_ID;
use self::calls::{Desk, assign_role, find_account, init_wallet_service, register};
pub use self::offers::describe;
use self::settings::WaltidSettings;
use super::registry::{Row, shipped_flow, shipped_templates};
use super::{Adapter, Call, Delivery, Far, Reading, Stop, Token, Unreadable};

/// Kinds of identifiers that this adapter writes.
pub const IDENTIFIER_KINDS: &[&str] = &[ACCOUNT_ID];

/// What is known of it without its settings.
pub const ROW: Row = Row {
    name: "waltid",
    settings: include_str!("settings.toml"),
    check: |section, faults| drop(section.check(WaltidSettings::faults, faults)),
    identifier_kinds: IDENTIFIER_KINDS,
    describe,
    phrases: &phrases::PHRASES,
    build: |section, general| Ok(Arc::new(Waltid::new(section.read(WaltidSettings::faults)?, general))),
    lacks: settings::lacks,
    flow: shipped_flow!("waltid-enterprise"),
    templates: shipped_templates! {
        "enterprise-account": "de", "en";
        "enterprise-known": "de", "en";
    },
};

/// The adapter.
#[derive(Debug)]
pub struct Waltid {
    desk: Desk,
    policy: Policy,
}

impl Waltid {
    /// The adapter with these settings; `general` is how calls are retried unless the settings say otherwise.
    #[must_use]
    pub fn new(settings: WaltidSettings, general: &Policy) -> Self {
        let policy = settings.common.retry.over(general);
        Self { desk: Desk { settings }, policy }
    }
}

#[async_trait]
impl Adapter for Waltid {
    fn name(&self) -> &str {
        "waltid"
    }

    fn describe(&self, catalogue: &mut Catalogue) {
        describe(catalogue, &self.policy);
        catalogue.passwords.insert("waltid".to_owned(), self.desk.settings.password_rule.clone());
    }

    async fn call(&self, call: &Call<'_>, far: &dyn Far) -> Result<Answer, Stop> {
        let desk = &self.desk;
        match call.action {
            "register" => register::call(desk, call, far).await,
            "find_account" => find_account::call(desk, call, far).await,
            "assign_role" => assign_role::call(desk, call, far).await,
            "init_wallet_service" => init_wallet_service::call(desk, call, far).await,
            _ => Err(Stop::no_such_action("waltid")),
        }
    }

    async fn token(&self, _name: &str, far: &dyn Far) -> Result<Token, Stop> {
        token::get(&self.desk, far).await
    }

    fn read(&self, delivery: &Delivery<'_>) -> Result<Reading, Unreadable> {
        hooks::read(delivery)
    }
}
