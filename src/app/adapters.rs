//! The providers of these settings: adapters, their slots, and how their webhooks are verified.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use gangway_core::retry::Policy;

use super::webhooks::Registered;
use crate::inbound::signature::Profile;
use crate::inbound::webhook::Hook;
use crate::providers::Adapter;
use crate::providers::common::ProviderSettings;
use crate::providers::generic::settings::GenericSettings;
use crate::providers::generic::{self, Generic};
use crate::providers::registry::{self, Row};
use crate::providers::webhook::WebhookSettings;
use crate::settings::{Fault, Faults, Provider, Settings, text};

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
pub(super) fn build(settings: &Settings) -> Result<Adapters, Faults> {
    let general = &settings.outbound.retry.policy();
    let (mut adapters, mut faults) = (Adapters::default(), Vec::new());
    for (name, provider) in &settings.providers.0 {
        let built = match registry::row(name) {
            Some(row) => built_in(row, provider, general),
            None => defined(name, provider, settings),
        };
        match built {
            Ok((adapter, concurrency, webhook)) => adapters.add(adapter, concurrency, webhook),
            Err(Faults(wrong)) => faults.extend(wrong),
        }
    }
    for (name, webhook) in &adapters.webhooks {
        for warning in webhook.warnings(&at(name)) {
            tracing::warn!(key = warning.key, hint = warning.hint, "{}", warning.what);
        }
    }
    if let Err(Faults(wrong)) = adapters.hooks(&Registered::default()) {
        faults.extend(wrong);
    }
    if faults.is_empty() { Ok(adapters) } else { Err(Faults(faults)) }
}

/// The section of a provider's webhooks.
fn at(name: &str) -> String {
    format!("providers.{name}.webhook")
}

/// An adapter, how many requests it may have under way, and how its webhooks are verified.
type Made = (Arc<dyn Adapter>, u32, Option<WebhookSettings>);

fn built_in(row: &Row, provider: &Provider, general: &Policy) -> Result<Made, Faults> {
    let adapter = (row.build)(&provider.section, general)?;
    let webhook = provider.webhook.as_ref().map(WebhookSettings::of).transpose()?;
    Ok((adapter, ProviderSettings::of(&provider.section)?.concurrency, webhook))
}

/// One that a definition file describes.
fn defined(name: &str, provider: &Provider, settings: &Settings) -> Result<Made, Faults> {
    let (general, patience) = (&settings.outbound.retry.policy(), settings.outbound.patience());
    let adapter: GenericSettings = provider.section.read(GenericSettings::faults)?;
    let webhook = provider.webhook.as_ref().map(WebhookSettings::of).transpose()?;
    let (at, file) = (format!("providers.{name}"), adapter.definition.display().to_string());
    let wrong = |what: String, hint: &str| Faults(vec![Fault::new(format!("{at}.definition"), what, hint)]);
    let text =
        text::read(&adapter.definition).map_err(|told| wrong(format!("{} {}", told.key, told.what), &told.hint))?;
    let definition = generic::load(&file, &text)
        .map_err(|told| wrong(format!("{file} does not load:\n{told}"), "try it with `gangway check`"))?;
    if definition.name != *name {
        let what = format!("{file} describes `{}`, not `{name}`", definition.name);
        return Err(wrong(what, "the section has the name that the file gives after `provider:`"));
    }
    let verified = webhook.as_ref().map(|webhook| definition.verified(webhook));
    let mut faults = Generic::faults(&definition, &adapter, webhook.as_ref(), &at);
    let hook = verified.as_ref().map(|rule| rule.faults(&self::at(name))).unwrap_or_default();
    if !faults.is_empty() || !hook.is_empty() {
        if hook.is_empty() {
            // It gets no hook, so what is wrong with that is told here.
            faults.extend(verified.and_then(|rule| Profile::new(&rule, &self::at(name)).err()).unwrap_or_default());
        }
        faults.extend(hook);
        return Err(Faults(faults));
    }
    // More conversations than turns would only wait for each other.
    let fitting = definition.rate.map_or(u32::MAX, |rate| rate.fitting(patience));
    let concurrency = adapter.common.concurrency.min(fitting);
    Ok((Arc::new(Generic::new(Arc::new(definition), adapter, general)), concurrency, verified))
}

impl Adapters {
    fn add(&mut self, adapter: Arc<dyn Adapter>, concurrency: u32, webhook: Option<WebhookSettings>) {
        let name = adapter.name().to_owned();
        self.concurrency.insert(name.clone(), concurrency);
        self.webhooks.extend(webhook.map(|webhook| (name.clone(), webhook)));
        self.by_name.insert(name, adapter);
    }

    /// The providers that send webhooks, and how each delivery is verified: by the settings, and by what was
    /// registered.
    ///
    /// # Errors
    /// Every webhook profile that cannot be used.
    pub(super) fn hooks(&self, registered: &Registered) -> Result<HashMap<String, Hook>, Faults> {
        let (mut hooks, mut faults) = (HashMap::new(), Vec::new());
        for (name, webhook) in &self.webhooks {
            let Some(adapter) = self.by_name.get(name).map(Arc::clone) else { continue };
            match Profile::new(&registered.beside(name, webhook), &at(name)) {
                Ok(profile) => drop(hooks.insert(name.clone(), Hook { adapter, profile })),
                Err(wrong) => faults.extend(wrong),
            }
        }
        if faults.is_empty() { Ok(hooks) } else { Err(Faults(faults)) }
    }
}
