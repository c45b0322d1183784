//! Hedera Guardian: an account with a DID is made by a task that is polled; its result is read as the new user.
//! Actions enter, conversations leave; nothing is sent from here. What is known and what is not:
//! docs/providers/guardian.md.

pub mod calls;
pub mod error;
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
use gangway_core::secret::PasswordRule;
use gangway_core::time::Millis;
use parking_lot::Mutex;

pub use self::calls::{DID, HEDERA_ACCOUNT_ID, TASK_ID, USERNAME};
use self::calls::{Desk, get_task, login_user, onboard, read_account};
use self::settings::GuardianSettings;
use super::registry::{Row, nothing, shipped_flow, shipped_templates};
use super::{Adapter, Call, Delivery, Far, Reading, Stop, Token, Unreadable};

/// Kinds of identifiers that this adapter writes.
pub const IDENTIFIER_KINDS: &[&str] = &[USERNAME, TASK_ID, DID, HEDERA_ACCOUNT_ID];

/// First look-up of an uncertain onboarding, unless this provider's settings say otherwise: a task makes an account on
/// the ledger before it registers the user, and until then a login finds no user. Three look-ups, each after twice the
/// wait, outlast that.
const SETTLE: Millis = Millis::secs(30);

/// Adds everything of this provider, with its usual password policy.
pub fn describe(catalogue: &mut Catalogue, policy: &Policy) {
    offers::describe(catalogue, policy, &patient(policy, None), ROW.form().usual::<PasswordRule>("password"));
}

/// The policy with a settle time of its own.
fn patient(policy: &Policy, settle: Option<Millis>) -> Policy {
    Policy { settle: settle.unwrap_or_else(|| policy.settle.max(SETTLE)), ..policy.clone() }
}

/// What is known of it without its settings.
pub const ROW: Row = Row {
    name: "guardian",
    settings: include_str!("settings.toml"),
    check: |section, faults| drop(section.check(GuardianSettings::faults, faults)),
    identifier_kinds: IDENTIFIER_KINDS,
    describe,
    phrases: &phrases::PHRASES,
    build: |section, general| Ok(Arc::new(Guardian::new(section.read(GuardianSettings::faults)?, general))),
    lacks: nothing,
    flow: shipped_flow!("guardian-account"),
    templates: shipped_templates! {
        "registry-account": "de", "en";
    },
};

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
        Self { desk: Desk { rule: settings.password.clone(), settings, refresh: Mutex::default() }, policy }
    }
}

#[async_trait]
impl Adapter for Guardian {
    fn name(&self) -> &str {
        "guardian"
    }

    fn describe(&self, catalogue: &mut Catalogue) {
        let onboard = patient(&self.policy, self.desk.settings.common.retry.settle);
        offers::describe(catalogue, &self.policy, &onboard, self.desk.rule.clone());
    }

    async fn call(&self, call: &Call<'_>, far: &dyn Far) -> Result<Answer, Stop> {
        let desk = &self.desk;
        match call.action {
            "onboard" => onboard::call(desk, call, far).await,
            "get_task" => get_task::call(desk, call, far).await,
            "login_user" => login_user::call(desk, call, far).await,
            "read_account" => read_account::call(desk, call, far).await,
            _ => Err(Stop::no_such_action("guardian")),
        }
    }

    async fn token(&self, _name: &str, far: &dyn Far) -> Result<Token, Stop> {
        token::get(&self.desk, far).await
    }

    fn read(&self, _delivery: &Delivery<'_>) -> Result<Reading, Unreadable> {
        Err(Unreadable("guardian sends no webhooks".to_owned()))
    }
}
