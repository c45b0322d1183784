//! DIDx (YoID): an account is made at once, then a credential is issued and its offer sent to the person's wallet.
//! Actions and deliveries enter, requests, outcomes and readings leave; nothing is sent from here. What is known and
//! what is not: docs/providers/didx.md.

pub mod calls;
pub mod error;
pub mod hooks;
mod offers;
pub mod token;

#[cfg(test)]
mod tests;

use gangway_core::catalogue::Catalogue;
use gangway_core::retry::Policy;
use gangway_core::time::Timestamp;

use self::calls::{Desk, create_user, get_issuance, issue_credential, register_webhook, revoke_credential, send_offer};
pub use self::calls::{ISSUANCE_ID, USERNAME};
pub use self::offers::describe;
use super::{Adapter, Call, Delivery, Reading, Reply, Stage, TokenTurn, Turn, Unreadable};
use crate::providers::parts::broken;
use crate::settings::didx::DidxSettings;

/// Kinds of identifiers that this adapter writes.
pub const IDENTIFIER_KINDS: &[&str] = &[USERNAME, ISSUANCE_ID];

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

#[async_trait::async_trait]
impl Adapter for Didx {
    fn name(&self) -> &str {
        "didx"
    }

    fn describe(&self, catalogue: &mut Catalogue) {
        describe(catalogue, &self.policy);
    }

    fn begin(&self, call: &Call<'_>) -> Turn {
        match call.action {
            "create_user" => create_user::begin(&self.desk, call),
            "issue_credential" => issue_credential::begin(&self.desk, call),
            "send_offer" => send_offer::begin(&self.desk, call),
            "get_issuance" => get_issuance::begin(&self.desk, call),
            "revoke_credential" => revoke_credential::begin(&self.desk, call),
            "register_webhook" => register_webhook::begin(&self.desk, call),
            _ => unknown(),
        }
    }

    fn resume(&self, call: &Call<'_>, stage: &Stage, reply: &Reply) -> Turn {
        match call.action {
            "create_user" => create_user::resume(call, reply),
            "issue_credential" => issue_credential::resume(call, reply),
            "send_offer" => send_offer::resume(call, reply),
            "get_issuance" => get_issuance::resume(&self.desk, call, stage, reply),
            "revoke_credential" => revoke_credential::resume(call, reply),
            "register_webhook" => register_webhook::resume(call, reply),
            _ => unknown(),
        }
    }

    fn begin_token(&self, _name: &str, _now: Timestamp) -> TokenTurn {
        token::ask(&self.desk)
    }

    fn token_reply(&self, _name: &str, _stage: &Stage, reply: &Reply, now: Timestamp) -> TokenTurn {
        token::answered(&self.desk, reply, now)
    }

    fn read(&self, delivery: &Delivery<'_>) -> Result<Reading, Unreadable> {
        hooks::read(&self.desk.settings.events, delivery)
    }
}

/// A pinned flow of an older gangway may name an action that is no more.
fn unknown() -> Turn {
    broken("this gangway knows no such action of didx; move the onboarding to a state that it knows")
}
