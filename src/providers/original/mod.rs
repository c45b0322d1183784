//! Original: a user is made at once, its wallet at the first use on a chain. Actions and deliveries enter, requests,
//! outcomes and readings leave; nothing is sent from here. What is known and what is not: docs/providers/original.md.

pub mod calls;
pub mod error;
pub mod hooks;
mod offers;
pub mod token;

#[cfg(test)]
mod tests;

use gangway_core::catalogue::Catalogue;
use gangway_core::retry::Policy;

pub use self::calls::{ASSET_UID, USER_UID};
use self::calls::{Desk, broken, create_asset, create_user, get_asset, get_user};
pub use self::offers::describe;
use self::token::Tokens;
use super::{Adapter, Call, Delivery, Reading, Reply, Stage, Turn, Unreadable};
use crate::settings::original::OriginalSettings;

/// Kinds of identifiers that this adapter writes.
pub const IDENTIFIER_KINDS: &[&str] = &[USER_UID, ASSET_UID];

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

#[async_trait::async_trait]
impl Adapter for Original {
    fn name(&self) -> &str {
        "original"
    }

    fn describe(&self, catalogue: &mut Catalogue) {
        describe(catalogue, &self.policy);
    }

    fn begin(&self, call: &Call<'_>) -> Turn {
        match call.action {
            "create_user" => create_user::begin(&self.desk, call),
            "get_user" => get_user::begin(&self.desk, call),
            "create_asset" => create_asset::begin(&self.desk, call),
            "get_asset" => get_asset::begin(&self.desk, call),
            _ => unknown(),
        }
    }

    fn resume(&self, call: &Call<'_>, stage: &Stage, reply: &Reply) -> Turn {
        match call.action {
            "create_user" => create_user::resume(&self.desk, call, stage, reply),
            "get_user" => get_user::resume(call, reply),
            "create_asset" => create_asset::resume(&self.desk, call, stage, reply),
            "get_asset" => get_asset::resume(call, reply),
            _ => unknown(),
        }
    }

    fn read(&self, delivery: &Delivery<'_>) -> Result<Reading, Unreadable> {
        hooks::read(&self.desk.settings.events, delivery)
    }
}

/// A pinned flow of an older gangway may name an action that is no more.
fn unknown() -> Turn {
    broken("this gangway knows no such action of original; move the onboarding to a state that it knows")
}
