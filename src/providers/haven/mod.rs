//! IBM Digital Asset Haven: delegated end users and their wallets. Actions and deliveries enter, requests, outcomes and readings leave; nothing is sent from here. What is
//! known and what is not: docs/providers/haven.md.

use gangway_core::catalogue::Catalogue;
use gangway_core::retry::Policy;

use super::{Adapter, Call, Delivery, Reading, Reply, Stage, Turn, Unreadable};
use crate::providers::parts::broken;
use crate::settings::haven::HavenSettings;

/// Kinds of identifiers that this adapter writes.
pub const IDENTIFIER_KINDS: &[&str] = &[];

/// Adds everything of this provider.
pub fn describe(catalogue: &mut Catalogue, _policy: &Policy) {
    catalogue.providers.insert("haven".to_owned());
}

/// The adapter.
#[derive(Debug)]
pub struct Haven {
    settings: HavenSettings,
    policy: Policy,
}

impl Haven {
    /// The adapter with these settings; `general` is how calls are retried unless the settings say otherwise.
    #[must_use]
    pub fn new(settings: HavenSettings, general: &Policy) -> Self {
        let policy = settings.common.retry.over(general);
        Self { settings, policy }
    }
}

impl Adapter for Haven {
    fn name(&self) -> &str {
        "haven"
    }

    fn describe(&self, catalogue: &mut Catalogue) {
        describe(catalogue, &self.policy);
    }

    fn begin(&self, _call: &Call<'_>) -> Turn {
        broken(&self.settings.common.base_url)
    }

    fn resume(&self, _call: &Call<'_>, _stage: &Stage, _reply: &Reply) -> Turn {
        broken("this gangway knows no such action of haven; move the onboarding to a state that it knows")
    }

    fn read(&self, _delivery: &Delivery<'_>) -> Result<Reading, Unreadable> {
        Err(Unreadable("haven sends no webhooks".to_owned()))
    }
}
