//! `[providers.NAME]`: which providers there are. Their own settings are typed beside their adapters; this file splits
//! a section into what the adapter reads and how its webhooks are verified.

use serde::de::DeserializeOwned;
use std::collections::BTreeMap;

use toml::{Table, Value};

use super::didx::DidxSettings;
use super::generic::GenericSettings;
use super::guardian::GuardianSettings;
use super::haven::HavenSettings;
use super::load::without_empty;
use super::merge::{Merged, unknown_provider};
use super::samples;
use super::typed::Section;
use super::waltid::WaltidSettings;
use super::webhooks::WebhookSettings;
use super::{OriginalSettings, Problem};

/// Names of all providers that gangway knows.
pub(crate) const KNOWN: [&str; 5] = ["didx", "guardian", "haven", "original", "waltid"];

/// Names that no provider can have: what gangway itself calls its events, effects and their slots.
pub(crate) const RESERVED: [&str; 7] = ["effect", "flow", "generic", "mail", "onboarding", "publish", "user"];

/// The providers that have a section; the others are not there.
#[derive(Clone, Debug, Default)]
pub struct Providers {
    /// `[providers.didx]`
    pub didx: Option<Provider<DidxSettings>>,
    /// `[providers.guardian]`
    pub guardian: Option<Provider<GuardianSettings>>,
    /// `[providers.haven]`
    pub haven: Option<Provider<HavenSettings>>,
    /// `[providers.original]`
    pub original: Option<Provider<OriginalSettings>>,
    /// `[providers.waltid]`
    pub waltid: Option<Provider<WaltidSettings>>,
    /// `[providers.NAME]` of those that a definition file describes, by name.
    pub generic: BTreeMap<String, Provider<GenericSettings>>,
}

/// One provider.
#[derive(Clone, Debug)]
pub struct Provider<T> {
    /// What its adapter reads.
    pub adapter: T,
    /// How its webhooks are verified; absent: it has none, or polls do without.
    pub webhook: Option<WebhookSettings>,
}

impl Providers {
    /// Reads all sections, and tells all that is wrong.
    pub(super) fn of(merged: &Merged, problems: &mut Vec<Problem>) -> Self {
        Self {
            didx: one(merged, "didx", DidxSettings::problems, problems),
            guardian: one(merged, "guardian", GuardianSettings::problems, problems),
            haven: one(merged, "haven", HavenSettings::problems, problems),
            original: one(merged, "original", OriginalSettings::problems, problems),
            waltid: one(merged, "waltid", WaltidSettings::problems, problems),
            generic: generic(merged, problems),
        }
    }
}

/// Every section of a name that gangway does not know.
fn generic(merged: &Merged, problems: &mut Vec<Problem>) -> BTreeMap<String, Provider<GenericSettings>> {
    let sections = merged.table.get("providers").and_then(Value::as_table);
    let mut found = BTreeMap::new();
    for (name, section) in sections.into_iter().flatten().filter(|(name, _)| !KNOWN.contains(&name.as_str())) {
        if RESERVED.contains(&name.as_str()) {
            let hint = match name.as_str() {
                "flow" => "events `flow.…` tell how onboardings end; choose another name, here and in the definition",
                _ => "gangway means something else by it; choose another name, here and in the definition",
            };
            problems.push(Problem::new(format!("providers.{name}"), "is a name that no provider can have", hint));
            continue;
        }
        if section.get("definition").is_none() {
            problems.push(unknown_provider(name));
            continue;
        }
        let Some(section) = section.as_table() else { continue };
        let section = with_rule(section.clone());
        if let Some(provider) = read(section, name, merged.whole, GenericSettings::problems, problems) {
            found.insert(name.clone(), provider);
        }
    }
    found
}

/// A section whose webhooks follow the definition's rule, unless it names another.
fn with_rule(mut table: Table) -> Table {
    if table.contains_key("webhook") || table.contains_key("webhook_secret") {
        let webhook = table.entry("webhook").or_insert_with(|| Value::Table(Table::new()));
        if let Some(webhook) = webhook.as_table_mut() {
            webhook.entry("verify").or_insert_with(|| Value::String("defined".to_owned()));
        }
    }
    table
}

fn one<T: DeserializeOwned>(
    merged: &Merged,
    name: &str,
    check: impl FnOnce(&T, &str) -> Vec<Problem>,
    problems: &mut Vec<Problem>,
) -> Option<Provider<T>> {
    let section = merged.table.get("providers").and_then(|all| all.get(name)).and_then(Value::as_table)?;
    read(section.clone(), name, merged.whole, check, problems)
}

fn read<T: DeserializeOwned>(
    section: Table,
    name: &str,
    whole: bool,
    check: impl FnOnce(&T, &str) -> Vec<Problem>,
    problems: &mut Vec<Problem>,
) -> Option<Provider<T>> {
    let at = format!("providers.{name}");
    let mut example = samples::section(name);
    let webhooks = example.remove("webhook").and_then(|sample| sample.as_table().cloned()).unwrap_or_default();
    let (set, webhook) = split(&at, section, webhooks, problems);
    let adapter = Section { at: &at, set, example, whole }.typed(check, problems)?;
    Some(Provider { adapter, webhook })
}

/// Takes the webhooks' part out of a provider's section: `webhook_secret = "…"`, short for
/// `webhook = { secrets = ["…"] }`, or the whole `[providers.NAME.webhook]`.
fn split(
    at: &str,
    mut section: Table,
    example: Table,
    problems: &mut Vec<Problem>,
) -> (Table, Option<WebhookSettings>) {
    let short = section.remove("webhook_secret").filter(|value| value.as_str() != Some(""));
    let long = section.remove("webhook");
    let key = format!("{at}.webhook");
    let mut webhook = match long {
        Some(Value::Table(table)) => table,
        Some(_) => {
            problems.push(Problem::new(&key, "must be a section", "see docs/providers"));
            return (section, None);
        }
        None if short.is_none() => return (section, None),
        None => Table::new(),
    };
    if let Some(secret) = short {
        if webhook.contains_key("secrets") {
            let hint = "keep webhook.secrets, which takes several while one is being replaced";
            problems.push(Problem::new(format!("{at}.webhook_secret"), "is given beside webhook.secrets", hint));
        }
        webhook.insert("secrets".to_owned(), Value::Array(vec![secret]));
    }
    let webhook = Section { at: &key, set: without_empty(webhook), example, whole: true };
    let webhook = webhook.typed(WebhookSettings::problems, problems);
    (section, webhook)
}

#[cfg(test)]
mod tests {
    use super::{KNOWN, RESERVED};

    #[test]
    fn no_provider_that_gangway_knows_has_a_reserved_name() {
        assert!(KNOWN.iter().all(|name| !RESERVED.contains(name)));
    }
}
