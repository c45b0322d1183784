//! `[providers.NAME]`: which providers have a section. The raw sections leave, without the part about webhooks, which
//! is the same for all of them; a provider types its own. Never here: the name of a provider.

use std::collections::BTreeMap;

use gangway_core::flow::words::nearest;
use serde::de::DeserializeOwned;
use toml::{Table, Value};

use super::merge::Merged;
use super::section::Section;
use super::shape::Shape;
use super::value_type::{find, leaves};
use super::{Fault, Faults};

/// Names that no provider can have: what gangway itself calls its events, effects and their slots.
pub(crate) const RESERVED: [&str; 7] = ["effect", "flow", "generic", "mail", "onboarding", "publish", "user"];

/// What every provider's section takes in addition to its own keys.
const COMMON: &str = include_str!("provider.toml");

/// Keys that every provider has, by names that say where they belong.
const COMMON_KEYS: [&str; 3] = ["base_url", "webhook_secret", "webhook"];

/// Tells all that is wrong with a provider's section.
pub type Check = fn(&Section, &mut Vec<Fault>);

/// What a provider's section takes, and how it is checked.
#[derive(Clone, Debug)]
pub struct Form {
    shape: Shape,
    check: Check,
}

impl Form {
    /// The form of a provider: this commented text lists its own keys; `docs` is the page that describes it.
    #[must_use]
    pub fn of(text: &str, docs: &str, check: Check) -> Self {
        Self { shape: Shape::of(text, docs).over(&Self::common().shape), check }
    }

    /// What the section of every provider takes.
    #[must_use]
    pub fn common() -> Self {
        Self { shape: Shape::of(COMMON, "docs/providers"), check: |_, _| () }
    }

    /// What a table of its text says by default.
    #[must_use]
    pub fn usual<T: DeserializeOwned>(&self, table: &str) -> T {
        self.shape.section(table).usual()
    }

    /// Reads a section's text, as a file would give it: for tests of adapters.
    ///
    /// # Errors
    /// Every problem that was found.
    pub fn read<T: DeserializeOwned>(
        &self,
        text: &str,
        at: &str,
        check: impl FnOnce(&T, &str) -> Vec<Fault>,
    ) -> Result<T, Faults> {
        let set = text.parse().map_err(|_| Faults(vec![Fault::new(at, "is not TOML", "")]))?;
        self.section(at, set, true).read(check)
    }

    fn section(&self, at: &str, set: Table, whole: bool) -> Section {
        let shape = self.shape.clone().without("webhook").without("webhook_secret");
        Section { at: at.to_owned(), set, shape, whole, empty_is_none: false }
    }
}

/// What takes sections: those of the providers that are built in, and of any other.
#[derive(Clone, Debug)]
pub struct Forms {
    /// The built-in provider of this name.
    pub built_in: BTreeMap<&'static str, Form>,
    /// A provider that a definition file describes.
    pub defined: Form,
    /// Tells all that is wrong with the part about webhooks.
    pub webhook: Check,
}

impl Forms {
    fn of(&self, provider: &str) -> &Form {
        self.built_in.get(provider).unwrap_or(&self.defined)
    }

    /// A value that could stand at this path of a provider's section; none when its form does not know the key, or
    /// lets anything stand there.
    pub(crate) fn example(&self, provider: &str, path: &[String]) -> Option<&Value> {
        let shape = &self.of(provider).shape;
        find(shape.table(), path).filter(|_| !shape.free(path))
    }

    /// Whether any value may stand at this path of a provider's section.
    pub(super) fn free(&self, provider: &str, path: &[String]) -> bool {
        self.of(provider).shape.free(path)
    }

    /// What a provider's text has at this path.
    #[cfg(test)]
    pub(crate) fn value(&self, provider: &str, path: &[String]) -> Option<&Value> {
        find(self.of(provider).shape.table(), path)
    }

    /// Every section that takes this key at its top, such as `providers.NAME`.
    pub(super) fn with(&self, key: &str) -> Vec<String> {
        if COMMON_KEYS.contains(&key) {
            return vec!["providers.NAME".to_owned()];
        }
        let common = Form::common().shape;
        let takes = |form: &Form| form.shape.table().contains_key(key) && !common.table().contains_key(key);
        let own = self.built_in.iter().filter(|(_, form)| takes(form));
        own.map(|(provider, _)| format!("providers.{provider}")).collect()
    }

    /// Every key of every provider that is built in, below `providers`.
    pub(crate) fn paths(&self) -> Vec<Vec<String>> {
        let own = |(provider, form): (&&str, &Form)| -> Vec<Vec<String>> {
            let below = |path: Vec<String>| [vec![(*provider).to_owned()], path].concat();
            leaves(form.shape.table()).into_iter().map(|(path, _)| below(path)).collect()
        };
        self.built_in.iter().flat_map(own).collect()
    }

    /// Every path below `providers` that takes one of some words, with the words.
    #[cfg(test)]
    pub(crate) fn words(&self, provider: &str) -> Vec<(Vec<String>, Vec<String>)> {
        let shape = &self.of(provider).shape;
        let own = leaves(shape.table()).into_iter().map(|(path, _)| (shape.words(&path).to_vec(), path));
        let below = |path: Vec<String>| [vec![provider.to_owned()], path].concat();
        own.filter(|(words, _)| !words.is_empty()).map(|(words, path)| (below(path), words)).collect()
    }

    /// A section that neither names a known provider nor says which definition describes it.
    fn unknown(&self, name: &str) -> Fault {
        let hint = match nearest(name, self.built_in.keys().copied()) {
            Some(known) => format!("did you mean providers.{known}?"),
            None => {
                let known: Vec<&str> = self.built_in.keys().copied().collect();
                format!("known: {}; any other needs `definition`, the file that describes it", known.join(", "))
            }
        };
        Fault::new(format!("providers.{name}"), "is not a provider", hint)
    }
}

/// The providers that have a section; the others are not there.
#[derive(Clone, Debug, Default)]
pub struct Providers(pub BTreeMap<String, Provider>);

/// One provider.
#[derive(Clone, Debug)]
pub struct Provider {
    /// What its adapter reads.
    pub section: Section,
    /// How its webhooks are verified; absent: it has none, or polls do without.
    pub webhook: Option<Section>,
}

impl Providers {
    /// The provider of this name, where it has a section.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Provider> {
        self.0.get(name)
    }

    /// Reads all sections, and tells all that is wrong.
    pub(super) fn of(merged: &Merged<'_>, faults: &mut Vec<Fault>) -> Self {
        let sections = merged.table.get("providers").and_then(Value::as_table);
        let mut found = BTreeMap::new();
        for (name, section) in sections.into_iter().flatten() {
            let Some(mut section) = section.as_table().cloned() else { continue };
            if !merged.forms.built_in.contains_key(name.as_str()) {
                if let Some(fault) =
                    no_name(name).or_else(|| (!section.contains_key("definition")).then(|| merged.forms.unknown(name)))
                {
                    faults.push(fault);
                    continue;
                }
                section = with_rule(section);
            }
            let form = merged.forms.of(name);
            let at = format!("providers.{name}");
            let (set, webhook) = split(&at, section, form.shape.section("webhook"), faults);
            let section = form.section(&at, set, merged.whole);
            if let Some(webhook) = &webhook {
                (merged.forms.webhook)(webhook, faults);
            }
            (form.check)(&section, faults);
            found.insert(name.clone(), Provider { section, webhook });
        }
        Self(found)
    }
}

fn no_name(name: &str) -> Option<Fault> {
    let hint = match name {
        "flow" => "events `flow.…` tell how onboardings end; choose another name, here and in the definition",
        _ => "gangway means something else by it; choose another name, here and in the definition",
    };
    let what = "is a name that no provider can have";
    RESERVED.contains(&name).then(|| Fault::new(format!("providers.{name}"), what, hint))
}

/// A section with webhooks by the definition's rule, unless it names another.
fn with_rule(mut table: Table) -> Table {
    if table.contains_key("webhook") || table.contains_key("webhook_secret") {
        let webhook = table.entry("webhook").or_insert_with(|| Value::Table(Table::new()));
        if let Some(webhook) = webhook.as_table_mut() {
            webhook.entry("verify").or_insert_with(|| Value::String("defined".to_owned()));
        }
    }
    table
}

/// Takes the webhooks' part out of a provider's section: `webhook_secret = "…"`, short for
/// `webhook = { secrets = ["…"] }`, or the whole `[providers.NAME.webhook]`.
fn split(at: &str, mut section: Table, shape: Shape, faults: &mut Vec<Fault>) -> (Table, Option<Section>) {
    let short = section.remove("webhook_secret").filter(|value| value.as_str() != Some(""));
    let long = section.remove("webhook");
    let at_webhook = format!("{at}.webhook");
    let mut set = match long {
        Some(Value::Table(table)) => table,
        Some(_) => {
            faults.push(Fault::new(&at_webhook, "must be a section", "see docs/providers"));
            return (section, None);
        }
        None if short.is_none() => return (section, None),
        None => Table::new(),
    };
    if let Some(secret) = short {
        if set.contains_key("secrets") {
            let hint = "keep webhook.secrets, which takes several while one is being replaced";
            faults.push(Fault::new(format!("{at}.webhook_secret"), "is given together with webhook.secrets", hint));
        }
        set.insert("secrets".to_owned(), Value::Array(vec![secret]));
    }
    let webhook = Section { at: at_webhook, set, shape, whole: true, empty_is_none: true };
    (section, Some(webhook))
}

/// A section about webhooks that stands by itself, as in a definition file.
#[must_use]
pub fn webhook(set: Table) -> Section {
    let shape = Form::common().shape.section("webhook");
    Section { at: "webhook".to_owned(), set, shape, whole: true, empty_is_none: true }
}
