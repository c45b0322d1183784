//! Hedera Guardian: an account with a DID is made by a task that is polled; its result is read as the new user.
//! Actions enter, requests and outcomes leave; nothing is sent from here. What is known and what is not:
//! docs/providers/guardian.md.

pub mod calls;
pub mod error;
mod offers;
pub mod token;

#[cfg(test)]
mod tests;

use gangway_core::catalogue::Catalogue;
use gangway_core::retry::Policy;
use gangway_core::time::{Millis, Timestamp};

pub use self::calls::{DID, HEDERA_ACCOUNT_ID, TASK_ID, USERNAME};
use self::calls::{Desk, get_task, login_user, onboard, read_account};
use super::{Adapter, Call, Delivery, Reading, Reply, Stage, TokenTurn, Turn, Unreadable};
use crate::providers::parts::broken;
use crate::settings::guardian::GuardianSettings;
use crate::settings::password::PasswordSettings;

/// Kinds of identifiers that this adapter writes.
pub const IDENTIFIER_KINDS: &[&str] = &[USERNAME, TASK_ID, DID, HEDERA_ACCOUNT_ID];

/// First look-up of an uncertain onboarding, unless this provider's settings say otherwise: a task makes an account on
/// the ledger before it registers the user, and until then a login finds nobody. Three of them, each twice as long
/// after the last, are longer than that takes.
const SETTLE: Millis = Millis::secs(30);

/// Adds everything of this provider, with its usual password policy.
pub fn describe(catalogue: &mut Catalogue, policy: &Policy) {
    offers::describe(catalogue, policy, &patient(policy, None), PasswordSettings::default().rule());
}

/// The policy with a settle time of its own.
fn patient(policy: &Policy, settle: Option<Millis>) -> Policy {
    Policy { settle: settle.unwrap_or_else(|| policy.settle.max(SETTLE)), ..policy.clone() }
}

/// The adapter.
#[derive(Debug)]
pub struct Guardian {
    desk: Desk,
    policy: Policy,
}

impl Guardian {
    /// The adapter with these settings; `general` is how calls are retried unless the settings say otherwise.
    #[must_use]
    pub fn new(settings: GuardianSettings, general: &Policy) -> Self {
        let policy = settings.common.retry.over(general);
        Self { desk: Desk { rule: settings.password.rule(), settings }, policy }
    }
}

#[async_trait::async_trait]
impl Adapter for Guardian {
    fn name(&self) -> &str {
        "guardian"
    }

    fn describe(&self, catalogue: &mut Catalogue) {
        let onboard = patient(&self.policy, self.desk.settings.common.retry.settle);
        offers::describe(catalogue, &self.policy, &onboard, self.desk.rule.clone());
    }

    fn begin(&self, call: &Call<'_>) -> Turn {
        match call.action {
            "onboard" => onboard::begin(&self.desk, call),
            "get_task" => get_task::begin(&self.desk, call),
            "login_user" => login_user::begin(&self.desk, call),
            "read_account" => read_account::begin(&self.desk, call),
            _ => unknown(),
        }
    }

    fn resume(&self, call: &Call<'_>, stage: &Stage, reply: &Reply) -> Turn {
        match call.action {
            "onboard" => onboard::resume(&self.desk, call, stage, reply),
            "get_task" => get_task::resume(&self.desk, call, reply),
            "login_user" => login_user::resume(call, reply),
            "read_account" => read_account::resume(&self.desk, call, stage, reply),
            _ => unknown(),
        }
    }

    fn begin_token(&self, _name: &str, _now: Timestamp) -> TokenTurn {
        token::ask(&self.desk)
    }

    fn token_reply(&self, _name: &str, stage: &Stage, reply: &Reply, now: Timestamp) -> TokenTurn {
        token::answered(&self.desk, stage, reply, now)
    }

    fn read(&self, _delivery: &Delivery<'_>) -> Result<Reading, Unreadable> {
        Err(Unreadable("guardian sends no webhooks".to_owned()))
    }
}

/// A pinned flow of an older gangway may name an action that is no more.
fn unknown() -> Turn {
    broken("this gangway knows no such action of guardian; move the onboarding to a state that it knows")
}
