//! The providers of these settings: adapters, their slots, and how their webhooks are verified.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::webhooks::Registered;
use crate::inbound::signature::Profile;
use crate::inbound::webhook::Hook;
use crate::providers::Adapter;
use crate::providers::didx::Didx;
use crate::providers::generic::{self, Generic};
use crate::providers::guardian::Guardian;
use crate::providers::haven::Haven;
use crate::providers::original::Original;
use crate::providers::waltid::Waltid;
use crate::settings::webhooks::WebhookSettings;
use crate::settings::{Problem, Problems, Provider, Settings, text};

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
    build_with(settings, &Registered::default())
}

/// The same, with the secrets of webhooks that were registered beside those of the settings.
///
/// # Errors
/// Every webhook profile that cannot be used.
pub(super) fn build_with(settings: &Settings, registered: &Registered) -> Result<Adapters, Problems> {
    let general = &settings.outbound.retry.policy();
    let all = &settings.providers;
    let mut adapters = Adapters::default();
    let mut problems = Vec::new();
    let mut add = |adapter: Arc<dyn Adapter>, concurrency, webhook: Option<&WebhookSettings>| {
        let webhook = webhook.map(|webhook| registered.beside(adapter.name(), webhook));
        adapters.add(adapter, concurrency, webhook.as_ref(), &mut problems);
    };
    if let Some(Provider { adapter, webhook }) = &all.didx {
        add(Arc::new(Didx::new(adapter.clone(), general)), adapter.common.concurrency, webhook.as_ref());
    }
    if let Some(Provider { adapter, webhook }) = &all.guardian {
        add(Arc::new(Guardian::new(adapter.clone(), general)), adapter.common.concurrency, webhook.as_ref());
    }
    if let Some(Provider { adapter, webhook }) = &all.haven {
        add(Arc::new(Haven::new(adapter.clone(), general)), adapter.common.concurrency, webhook.as_ref());
    }
    if let Some(Provider { adapter, webhook }) = &all.original {
        add(Arc::new(Original::new(adapter.clone(), general)), adapter.common.concurrency, webhook.as_ref());
    }
    if let Some(Provider { adapter, webhook }) = &all.waltid {
        add(Arc::new(Waltid::new(adapter.clone(), general)), adapter.common.concurrency, webhook.as_ref());
    }
    adapters.add_defined(settings, registered, &mut problems);
    if problems.is_empty() { Ok(adapters) } else { Err(Problems(problems)) }
}

impl Adapters {
    /// Those that a definition file describes.
    fn add_defined(&mut self, settings: &Settings, registered: &Registered, problems: &mut Vec<Problem>) {
        let (general, patience) = (&settings.outbound.retry.policy(), settings.outbound.patience());
        for (name, Provider { adapter, webhook }) in &settings.providers.generic {
            let (at, file) = (format!("providers.{name}"), adapter.definition.display().to_string());
            let wrong = |what: String, hint: &str| Problem::new(format!("{at}.definition"), what, hint);
            let text = match text::read(&adapter.definition) {
                Ok(text) => text,
                Err(told) => {
                    problems.push(wrong(format!("{} {}", told.key, told.what), &told.hint));
                    continue;
                }
            };
            let definition = match generic::load(&file, &text) {
                Ok(definition) => definition,
                Err(told) => {
                    problems.push(wrong(format!("{file} does not load:\n{told}"), "try it with `gangway check`"));
                    continue;
                }
            };
            if definition.name != *name {
                let what = format!("{file} describes `{}`, not `{name}`", definition.name);
                problems.push(wrong(what, "the section has the name that the file gives after `provider:`"));
                continue;
            }
            problems.extend(Generic::problems(&definition, adapter, webhook.as_ref(), &at));
            let verified = webhook.as_ref().map(|webhook| registered.beside(name, &definition.verified(webhook)));
            // More conversations than turns would only wait for each other.
            let fitting = definition.rate.map_or(u32::MAX, |rate| rate.fitting(patience));
            let concurrency = adapter.common.concurrency.min(fitting);
            let adapter = Generic::new(Arc::new(definition), adapter.clone(), general);
            self.add(Arc::new(adapter), concurrency, verified.as_ref(), problems);
        }
    }

    fn add(
        &mut self,
        adapter: Arc<dyn Adapter>,
        concurrency: u32,
        webhook: Option<&WebhookSettings>,
        problems: &mut Vec<Problem>,
    ) {
        let name = adapter.name().to_owned();
        self.concurrency.insert(name.clone(), concurrency);
        if let Some(webhook) = webhook {
            let at = format!("providers.{name}.webhook");
            for warning in webhook.warnings(&at) {
                tracing::warn!(key = warning.key, hint = warning.hint, "{}", warning.what);
            }
            match Profile::new(webhook, &at) {
                Ok(profile) => {
                    self.hooks.insert(name.clone(), Hook { adapter: Arc::clone(&adapter), profile });
                }
                Err(wrong) => problems.extend(wrong),
            }
        }
        self.by_name.insert(name, adapter);
    }
}
