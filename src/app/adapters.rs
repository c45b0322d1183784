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
    /// Requests in flight at once, by slot.
    pub concurrency: BTreeMap<String, u32>,
    /// How deliveries are verified, by the name of their provider, before what was registered.
    webhooks: BTreeMap<String, WebhookSettings>,
}

/// Builds every provider that has a section.
///
/// # Errors
/// Every definition and every webhook profile that cannot be used.
pub(super) fn build(settings: &Settings) -> Result<Adapters, Problems> {
    let general = &settings.outbound.retry.policy();
    let all = &settings.providers;
    let mut adapters = Adapters::default();
    if let Some(Provider { adapter, webhook }) = &all.didx {
        adapters.add(Arc::new(Didx::new(adapter.clone(), general)), adapter.common.concurrency, webhook.clone());
    }
    if let Some(Provider { adapter, webhook }) = &all.guardian {
        adapters.add(Arc::new(Guardian::new(adapter.clone(), general)), adapter.common.concurrency, webhook.clone());
    }
    if let Some(Provider { adapter, webhook }) = &all.haven {
        adapters.add(Arc::new(Haven::new(adapter.clone(), general)), adapter.common.concurrency, webhook.clone());
    }
    if let Some(Provider { adapter, webhook }) = &all.original {
        adapters.add(Arc::new(Original::new(adapter.clone(), general)), adapter.common.concurrency, webhook.clone());
    }
    if let Some(Provider { adapter, webhook }) = &all.waltid {
        adapters.add(Arc::new(Waltid::new(adapter.clone(), general)), adapter.common.concurrency, webhook.clone());
    }
    let mut problems = Vec::new();
    adapters.add_defined(settings, &mut problems);
    for (name, webhook) in &adapters.webhooks {
        for warning in webhook.warnings(&at(name)) {
            tracing::warn!(key = warning.key, hint = warning.hint, "{}", warning.what);
        }
    }
    if let Err(Problems(wrong)) = adapters.hooks(&Registered::default()) {
        problems.extend(wrong);
    }
    if problems.is_empty() { Ok(adapters) } else { Err(Problems(problems)) }
}

/// The section of a provider's webhooks.
fn at(name: &str) -> String {
    format!("providers.{name}.webhook")
}

impl Adapters {
    /// Those that a definition file describes.
    fn add_defined(&mut self, settings: &Settings, problems: &mut Vec<Problem>) {
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
            let verified = webhook.as_ref().map(|webhook| definition.verified(webhook));
            // More conversations than turns would only wait for each other.
            let fitting = definition.rate.map_or(u32::MAX, |rate| rate.fitting(patience));
            let concurrency = adapter.common.concurrency.min(fitting);
            let adapter = Generic::new(Arc::new(definition), adapter.clone(), general);
            self.add(Arc::new(adapter), concurrency, verified);
        }
    }

    fn add(&mut self, adapter: Arc<dyn Adapter>, concurrency: u32, webhook: Option<WebhookSettings>) {
        let name = adapter.name().to_owned();
        self.concurrency.insert(name.clone(), concurrency);
        self.webhooks.extend(webhook.map(|webhook| (name.clone(), webhook)));
        self.by_name.insert(name, adapter);
    }

    /// Who sends webhooks, and how a delivery is known to be theirs: by the settings, and by what was registered.
    ///
    /// # Errors
    /// Every webhook profile that cannot be used.
    pub(super) fn hooks(&self, registered: &Registered) -> Result<HashMap<String, Hook>, Problems> {
        let (mut hooks, mut problems) = (HashMap::new(), Vec::new());
        for (name, webhook) in &self.webhooks {
            let Some(adapter) = self.by_name.get(name).map(Arc::clone) else { continue };
            match Profile::new(&registered.beside(name, webhook), &at(name)) {
                Ok(profile) => drop(hooks.insert(name.clone(), Hook { adapter, profile })),
                Err(wrong) => problems.extend(wrong),
            }
        }
        if problems.is_empty() { Ok(hooks) } else { Err(Problems(problems)) }
    }
}
