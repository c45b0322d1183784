//! What flows may name of a definition, and what its section in the settings must hold.

use std::collections::BTreeSet;

use gangway_core::catalogue::{ActionSpec, Catalogue, OutcomeSpec};
use gangway_core::phrases::{OutcomePhrases, Phrases};
use gangway_core::retry::Policy;
use secrecy::ExposeSecret as _;

use super::model::{Action, Auth, Definition, REGISTER, Rule, WEBHOOK_SECRET};
use super::{Generic, NOT_DONE};
use crate::providers::common::is_plain;
use crate::providers::generic::settings::GenericSettings;
use crate::providers::webhook::WebhookSettings;
use crate::settings::Fault;

/// Adds everything of this provider but what only a command asks for.
pub(super) fn describe(definition: &Definition, policy: &Policy, catalogue: &mut Catalogue) {
    catalogue.providers.insert(definition.name.clone());
    for (name, action) in definition.actions.iter().filter(|(name, _)| name != REGISTER) {
        let spec = ActionSpec {
            about: action.about.clone(),
            input: action.input.clone(),
            outcomes: outcomes(action),
            effectful: action.effectful,
            look_up: action.effectful && action.look_up.is_some(),
            policy: policy.clone(),
        };
        catalogue.actions.insert(format!("{}.{name}", definition.name), spec);
    }
    catalogue.facts.extend(definition.facts.iter().cloned());
    spoken(definition, &mut catalogue.phrases);
}

/// How people speak of it. Of several rules of one outcome, the first that says something is heard.
fn spoken(definition: &Definition, phrases: &mut Phrases) {
    let title = if definition.title.is_empty() { &definition.name } else { &definition.title };
    phrases.titles.insert(definition.name.clone(), title.clone());
    phrases.facts.extend(definition.spoken.clone());
    for (name, action) in &definition.actions {
        let name = format!("{}.{name}", definition.name);
        let rules = action.exchange.rules.iter().chain(action.look_up.iter().flat_map(|look_up| &look_up.rules));
        for rule in rules.filter(|rule| rule.spoken != OutcomePhrases::default()) {
            phrases.outcomes.entry((name.clone(), rule.outcome.clone())).or_insert_with(|| rule.spoken.clone());
        }
        phrases.actions.insert(name, action.spoken.clone());
    }
}

/// Every outcome that a rule has; one that several rules have always writes only what all of them write.
fn outcomes(action: &Action) -> Vec<OutcomeSpec> {
    let rules = action.exchange.rules.iter().chain(action.look_up.iter().flat_map(|look_up| &look_up.rules));
    let rules: Vec<&Rule> = rules.filter(|rule| !rule.look_up && rule.outcome != NOT_DONE).collect();
    let mut specs: Vec<OutcomeSpec> = Vec::new();
    for rule in &rules {
        if specs.iter().any(|spec| spec.name == rule.outcome) {
            continue;
        }
        let same = || rules.iter().filter(|other| other.outcome == rule.outcome);
        let all: BTreeSet<&str> = same().flat_map(|rule| &rule.fields).map(|(name, ..)| name.as_str()).collect();
        let always = |name: &str| same().all(|rule| rule.fields.iter().any(|(known, may, _)| known == name && !may));
        let (writes, may_write) = all.into_iter().map(str::to_owned).partition(|name: &String| always(name));
        let secrets: BTreeSet<String> = same().flat_map(|rule| &rule.secrets).map(|(name, _)| name.clone()).collect();
        specs.push(OutcomeSpec {
            name: rule.outcome.clone(),
            writes,
            may_write,
            secrets: secrets.into_iter().collect(),
        });
    }
    specs
}

impl Generic {
    /// What keeps the credentials from being sent: told at the start, not at the first request.
    fn credential_faults(definition: &Definition, settings: &GenericSettings, at: &str) -> Option<Fault> {
        let (name, what) = match &definition.auth {
            Auth::Bearer(name) | Auth::Header { value: name, .. } => {
                let secret = &settings.secrets.get(name)?.0;
                let what = "holds a blank or a character that is not ASCII, which no header can carry";
                (name, (!is_plain(secret.expose_secret())).then_some(what))
            }
            Auth::Signed(signing) => {
                let secret = &settings.secrets.get(&signing.key)?.0;
                (&signing.key, signing.form.bytes(secret.expose_secret()).err())
            }
            _ => return None,
        };
        let key = format!("{at}.secrets.{name}");
        what.map(|what| Fault::new(key, what, "copy it again, whole and alone"))
    }

    /// Everything in which a section does not fit its definition; `at` is its key.
    #[must_use]
    pub fn faults(
        definition: &Definition,
        settings: &GenericSettings,
        webhook: Option<&WebhookSettings>,
        at: &str,
    ) -> Vec<Fault> {
        let mut faults = Vec::new();
        if webhook.is_some_and(|webhook| webhook.registered) && !definition.registers() {
            let what =
                format!("is true, and no action `{REGISTER}` of the definition hands over a secret `{WEBHOOK_SECRET}`");
            let hint = "add the action to the definition; or register the address at the provider yourself and give its \
                        secret in webhook.secrets";
            faults.push(Fault::new(format!("{at}.webhook.registered"), what, hint));
        }
        for setting in &definition.settings {
            let (place, given) = match setting.secret {
                true => ("secrets", settings.secrets.contains_key(&setting.name)),
                false => ("values", settings.values.contains_key(&setting.name)),
            };
            if setting.required && setting.default.is_none() && !given {
                let key = format!("{at}.{place}.{}", setting.name);
                faults.push(Fault::new(key, "is not given, and the definition needs it", ""));
            }
        }
        faults.extend(Self::credential_faults(definition, settings, at));
        let given = [("values", false), ("secrets", true)];
        for (place, secret) in given {
            let names: Vec<&String> =
                if secret { settings.secrets.keys().collect() } else { settings.values.keys().collect() };
            let known = |name: &str| definition.settings.iter().any(|s| s.secret == secret && s.name == name);
            for name in names.into_iter().filter(|name| !known(name)) {
                let hint =
                    "see `settings` in the definition; secret ones stand below `secrets`, the others below `values`";
                faults.push(Fault::new(format!("{at}.{place}.{name}"), "is not a setting of the definition", hint));
            }
        }
        faults
    }
}
