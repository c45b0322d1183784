//! IBM Digital Asset Haven, the Dfns API under IBM's host: delegated end users and their wallets. Actions and deliveries
//! enter, requests, outcomes and readings leave; nothing is sent from here. What is known and what is not:
//! docs/providers/haven.md.

pub mod calls;
pub mod error;
pub mod hooks;
mod offers;
pub mod sign;

#[cfg(test)]
mod tests;

use gangway_core::catalogue::Catalogue;
use gangway_core::retry::Policy;

use self::calls::{
    Desk, activate_wallet, complete_enduser, get_wallet, list_wallets, recover, start_registration, start_with_code,
    webhooks,
};
pub use self::calls::{USER_ID, USERNAME, WALLET_ID};
pub use self::offers::describe;
use super::{Adapter, Call, Delivery, Reading, Reply, Stage, Turn, Unreadable};
use crate::providers::parts::broken;
use crate::settings::haven::HavenSettings;

/// Kinds of identifiers that this adapter writes.
pub const IDENTIFIER_KINDS: &[&str] = &[USER_ID, WALLET_ID, USERNAME];

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

#[async_trait::async_trait]
impl Adapter for Haven {
    fn name(&self) -> &str {
        "haven"
    }

    fn describe(&self, catalogue: &mut Catalogue) {
        describe(catalogue, &self.policy);
    }

    fn begin(&self, call: &Call<'_>) -> Turn {
        match call.action {
            "start_registration" => start_registration::begin(&self.desk, call),
            "start_with_code" => start_with_code::begin(&self.desk, call),
            "complete_enduser" => complete_enduser::begin(&self.desk, call),
            "recover" => recover::begin(&self.desk, call),
            "get_wallet" => get_wallet::begin(&self.desk, call),
            "list_wallets" => list_wallets::begin(&self.desk, call),
            "activate_wallet" => activate_wallet::begin(&self.desk, call),
            "register_webhook" => webhooks::register(&self.desk, call),
            "missed_deliveries" => webhooks::missed(&self.desk, call),
            _ => unknown(),
        }
    }

    fn resume(&self, call: &Call<'_>, stage: &Stage, reply: &Reply) -> Turn {
        if sign::is_one_of(stage) {
            return sign::resume(&self.desk, call, stage, reply);
        }
        match call.action {
            "start_registration" => start_registration::resume(&self.desk, call, stage, reply),
            "start_with_code" => start_with_code::resume(&self.desk, call, reply),
            "complete_enduser" => complete_enduser::resume(&self.desk, call, stage, reply),
            "recover" => recover::resume(&self.desk, call, stage, reply),
            "get_wallet" => get_wallet::resume(&self.desk, call, reply),
            "list_wallets" => list_wallets::resume(&self.desk, call, stage, reply),
            "activate_wallet" => activate_wallet::resume(&self.desk, call, stage, reply),
            "register_webhook" => webhooks::registered(&self.desk, call, reply),
            "missed_deliveries" => webhooks::listed(&self.desk, call, stage, reply),
            _ => unknown(),
        }
    }

    fn reads_back(&self) -> Option<Vec<String>> {
        Some(self.desk.settings.webhook_ids.clone())
    }

    fn read(&self, delivery: &Delivery<'_>) -> Result<Reading, Unreadable> {
        hooks::read(&self.desk.settings.events, delivery)
    }
}

/// A pinned flow of an older gangway may name an action that is no more.
fn unknown() -> Turn {
    broken("this gangway knows no such action of haven; move the onboarding to a state that it knows")
}
