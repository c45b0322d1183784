//! DIDx (YoID): an account is made at once, then a credential is issued and its offer sent to the person's wallet.
//! Actions and deliveries enter, conversations and readings leave; nothing is sent from here. What is known and
//! what is not: docs/providers/didx.md.

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

use self::calls::{Desk, create_user, get_issuance, issue_credential, register_webhook, revoke_credential, send_offer};
pub use self::calls::{ISSUANCE_ID, USERNAME};
pub use self::offers::describe;
use self::settings::DidxSettings;
use super::registry::{Row, nothing, shipped_flow, shipped_templates};
use super::{Adapter, Call, Delivery, Far, Reading, Stop, Token, Unreadable};

/// Kinds of identifiers that this adapter writes.
pub const IDENTIFIER_KINDS: &[&str] = &[USERNAME, ISSUANCE_ID];

/// What is known of it without its settings.
pub const ROW: Row = Row {
    name: "didx",
    settings: include_str!("settings.toml"),
    check: |section, faults| drop(section.check(DidxSettings::faults, faults)),
    identifier_kinds: IDENTIFIER_KINDS,
    describe,
    phrases: &phrases::PHRASES,
    build: |section, general| Ok(Arc::new(Didx::new(section.read(DidxSettings::faults)?, general))),
    lacks: nothing,
    flow: shipped_flow!("didx-credential"),
    templates: shipped_templates! {
        // Of flow versions that people are pinned to.
        "youth-account": "de", "en";
        "youth-welcome": "de", "en";
    },
};

/// The adapter.
#[derive(Debug)]
pub struct Didx {
    desk: Desk,
    policy: Policy,
}

impl Didx {
    /// The adapter with these settings; `general` is how calls are retried unless the settings say otherwise.
    #[must_use]
    pub fn new(settings: DidxSettings, general: &Policy) -> Self {
        let policy = settings.common.retry.over(general);
        Self { desk: Desk { settings }, policy }
    }
}

#[async_trait]
impl Adapter for Didx {
    fn name(&self) -> &str {
        "didx"
    }

    fn describe(&self, catalogue: &mut Catalogue) {
        describe(catalogue, &self.policy);
    }

    async fn call(&self, call: &Call<'_>, far: &dyn Far) -> Result<Answer, Stop> {
        let desk = &self.desk;
        match call.action {
            "create_user" => create_user::call(desk, call, far).await,
            "issue_credential" => issue_credential::call(desk, call, far).await,
            "send_offer" => send_offer::call(desk, call, far).await,
            "get_issuance" => get_issuance::call(desk, call, far).await,
            "revoke_credential" => revoke_credential::call(desk, call, far).await,
            "register_webhook" => register_webhook::call(desk, call, far).await,
            _ => Err(Stop::no_such_action("didx")),
        }
    }

    async fn token(&self, _name: &str, far: &dyn Far) -> Result<Token, Stop> {
        token::get(&self.desk, far).await
    }

    fn read(&self, delivery: &Delivery<'_>) -> Result<Reading, Unreadable> {
        hooks::read(&self.desk.settings.events, delivery)
    }
}
