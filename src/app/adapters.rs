//! The providers of these settings: adapters, their slots, and how their webhooks are verified.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::inbound::signature::Profile;
use crate::inbound::webhook::Hook;
use crate::providers::Adapter;
use crate::providers::original::Original;
use crate::settings::{Problems, Settings};

/// The providers, built.
#[derive(Debug, Default)]
pub(super) struct Adapters {
    /// By name.
    pub by_name: BTreeMap<String, Arc<dyn Adapter>>,
    /// Who sends webhooks, and how we know that it was them.
    pub hooks: HashMap<String, Hook>,
    /// Requests in flight at once, by slot.
    pub concurrency: BTreeMap<String, u32>,
}

/// Builds every provider that has a section.
///
/// # Errors
/// Every webhook profile that cannot be used.
pub(super) fn build(settings: &Settings) -> Result<Adapters, Problems> {
    let general = settings.outbound.retry.policy();
    let mut adapters = Adapters::default();
    let mut problems = Vec::new();
    if let Some(original) = &settings.providers.original {
        let adapter: Arc<dyn Adapter> = Arc::new(Original::new(original.adapter.clone(), &general));
        let name = adapter.name().to_owned();
        adapters.concurrency.insert(name.clone(), original.adapter.common.concurrency);
        if let Some(webhook) = &original.webhook {
            for warning in webhook.warnings("providers.original.webhook") {
                tracing::warn!(key = warning.key, hint = warning.hint, "{}", warning.what);
            }
            match Profile::new(webhook, "providers.original.webhook") {
                Ok(profile) => {
                    adapters.hooks.insert(name.clone(), Hook { adapter: Arc::clone(&adapter), profile });
                }
                Err(wrong) => problems.extend(wrong),
            }
        }
        adapters.by_name.insert(name, adapter);
    }
    if problems.is_empty() { Ok(adapters) } else { Err(Problems(problems)) }
}
