//! walt.id Enterprise: accounts, roles and wallet services. Actions and deliveries enter, requests, outcomes and
//! readings leave; nothing is sent from here. What is known and what is not: docs/providers/waltid.md.

pub mod calls;
pub mod error;
pub mod hooks;
mod offers;
pub mod template;
pub mod token;

#[cfg(test)]
mod tests;

use gangway_core::catalogue::Catalogue;
use gangway_core::retry::Policy;
use gangway_core::time::Timestamp;

pub use self::calls::ACCOUNT_ID;
use self::calls::{Desk, assign_role, find_account, init_wallet_service, register};
pub use self::offers::describe;
use super::{Adapter, Call, Delivery, Reading, Reply, Stage, TokenTurn, Turn, Unreadable};
use crate::providers::parts::broken;
use crate::settings::waltid::WaltidSettings;

/// Kinds of identifiers that this adapter writes.
pub const IDENTIFIER_KINDS: &[&str] = &[ACCOUNT_ID];

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

#[async_trait::async_trait]
impl Adapter for Waltid {
    fn name(&self) -> &str {
        "waltid"
    }

    fn describe(&self, catalogue: &mut Catalogue) {
        describe(catalogue, &self.policy);
        catalogue.passwords.insert("waltid".to_owned(), self.desk.settings.password_rule.rule());
    }

    fn begin(&self, call: &Call<'_>) -> Turn {
        match call.action {
            "register" => register::begin(&self.desk, call),
            "find_account" => find_account::begin(&self.desk, call),
            "assign_role" => assign_role::begin(&self.desk, call),
            "init_wallet_service" => init_wallet_service::begin(&self.desk, call),
            _ => unknown(),
        }
    }

    fn resume(&self, call: &Call<'_>, stage: &Stage, reply: &Reply) -> Turn {
        match call.action {
            "register" => register::resume(&self.desk, call, stage, reply),
            "find_account" => find_account::resume(&self.desk, call, stage, reply),
            "assign_role" => assign_role::resume(&self.desk, call, reply),
            "init_wallet_service" => init_wallet_service::resume(&self.desk, call, reply),
            _ => unknown(),
        }
    }

    fn begin_token(&self, _name: &str, _now: Timestamp) -> TokenTurn {
        token::begin(&self.desk)
    }

    fn token_reply(&self, _name: &str, _stage: &Stage, reply: &Reply, now: Timestamp) -> TokenTurn {
        token::reply(&self.desk, reply, now)
    }

    fn read(&self, delivery: &Delivery<'_>) -> Result<Reading, Unreadable> {
        hooks::read(delivery)
    }
}

/// A pinned flow of an older gangway may name an action that is no more.
fn unknown() -> Turn {
    broken("this gangway knows no such action of waltid; move the onboarding to a state that it knows")
}
