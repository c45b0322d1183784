//! The file's own keys: the provider's name, its settings, facts and webhooks, and the samples.

use std::collections::BTreeMap;

use gangway_core::catalogue::{Confirm, FactSpec};
use gangway_core::flow::check::Entries;
use gangway_core::flow::parse::{Node, Shape, Span};
use toml::Table;

use super::values::{Place, literal};
use super::{Reader, actions, auth, rate, rules, spoken};
use crate::providers::common::RetryOverlay;
use crate::providers::generic::model::{Auth, Definition, Hooks, Setting};
use crate::providers::generic::samples::{Sample, Told};
use crate::providers::registry;
use crate::providers::webhook::WebhookSettings;
use crate::settings::Faults;
use crate::settings::providers::{RESERVED, webhook};

const KEYS: [&str; 10] =
    ["provider", "title", "settings", "auth", "retry", "rate", "facts", "actions", "webhooks", "samples"];

/// Most identifiers of one delivery: while it has no owner, each of them is locked and has a row.
const NAMED_MOST: usize = 16;

/// Reads the whole file.
pub(super) fn read(reader: &mut Reader<'_>, node: &Node) -> Option<(Definition, Vec<Sample>)> {
    let top = reader.report.entries(node, 0..0, "the definition")?;
    top.only(&mut reader.report, &KEYS);
    let name = match top.need(&mut reader.report, "provider") {
        Some((key, node)) => reader.report.name(node, &key.span, "a provider").map(|name| (name, node.span.clone())),
        None => None,
    };
    if let Some((name, at)) = &name
        && (registry::row(name).is_some() || RESERVED.contains(name))
    {
        reader.wrong(at.clone(), format!("`{name}` is taken"), "gangway means something by it; choose another name");
    }
    settings(reader, &top);
    let auth = match top.need(&mut reader.report, "auth") {
        Some((key, node)) => auth::read(reader, node, &key.span),
        None => None,
    };
    let retry = match top.get("retry") {
        Some((key, node)) => reader.like_settings::<RetryOverlay>(node, &key.span, "`retry`"),
        None => Some(RetryOverlay::default()),
    };
    let mut definition = Definition {
        name: name.as_ref().map_or_else(|| "unnamed".to_owned(), |(name, _)| (*name).to_owned()),
        title: reader.text(&top, "title").unwrap_or_default(),
        settings: reader.settings.clone(),
        auth: auth.clone().unwrap_or(Auth::None),
        retry: retry.clone().unwrap_or_default(),
        rate: rate::read(reader, &top),
        actions: Vec::new(),
        facts: Vec::new(),
        hooks: None,
        verify: None,
        kinds: Vec::new(),
        spoken: BTreeMap::new(),
    };
    facts(reader, &mut definition, &top);
    actions::read(reader, &mut definition, &top);
    webhooks(reader, &mut definition, &top);
    confirmed(reader, &definition, &top);
    let samples = samples(reader, &top);
    (name.is_some() && auth.is_some() && retry.is_some()).then_some((definition, samples))
}

/// `settings`: each `required`, `secret`, `optional`, or `{ default: TEXT }`.
fn settings(reader: &mut Reader<'_>, top: &Entries<'_>) {
    let Some((key, node)) = top.get("settings") else { return };
    let Some(entries) = reader.report.entries(node, key.span.clone(), "`settings`") else { return };
    for (key, node) in &entries.entries {
        reader.is_name(&key.name, &key.span, "a setting");
        let setting = |secret, required, default| Setting { name: key.name.clone(), secret, required, default };
        let read = match &node.shape {
            Shape::Text(text) => match text.as_str() {
                "required" => Some(setting(false, true, None)),
                "optional" => Some(setting(false, false, None)),
                "secret" => Some(setting(true, true, None)),
                _ => None,
            },
            Shape::Map(_) => reader.report.entries(node, key.span.clone(), "a setting").and_then(|inner| {
                inner.only(&mut reader.report, &["default"]);
                Some(setting(false, false, Some(reader.text(&inner, "default")?)))
            }),
            _ => None,
        };
        match read {
            Some(setting) => reader.settings.push(setting),
            None => {
                let help = "`required`, `optional`, `secret` or `{ default: TEXT }`";
                reader.wrong(key.span.clone(), format!("the setting `{}` cannot be read", key.name), help);
            }
        }
    }
}

/// `facts`: what can be told, and the read that confirms a hint.
fn facts(reader: &mut Reader<'_>, definition: &mut Definition, top: &Entries<'_>) {
    let Some((key, node)) = top.get("facts") else { return };
    let Some(entries) = reader.report.entries(node, key.span.clone(), "`facts`") else { return };
    for (key, node) in &entries.entries {
        reader.is_name(&key.name, &key.span, "a fact");
        let what = format!("the fact `{}`", key.name);
        let Some(inner) = reader.report.entries(node, key.span.clone(), what) else { continue };
        inner.only(&mut reader.report, &[["about", "fields", "confirm"].as_slice(), &spoken::OF_FACTS].concat());
        let about = reader.text(&inner, "about").unwrap_or_default();
        let fields = match inner.get("fields") {
            Some((key, node)) => reader.like_settings::<Vec<String>>(node, &key.span, "`fields`").unwrap_or_default(),
            None => Vec::new(),
        };
        let confirm = confirm(reader, definition, &inner);
        let name = format!("{}.{}", definition.name, key.name);
        definition.spoken.insert(name.clone(), spoken::fact(reader, &inner, &definition.name));
        definition.facts.push((name, FactSpec { about, fields, confirm }));
    }
}

fn confirm(reader: &mut Reader<'_>, definition: &Definition, fact: &Entries<'_>) -> Option<Confirm> {
    let (key, node) = fact.get("confirm")?;
    let entries = reader.report.entries(node, key.span.clone(), "`confirm`")?;
    entries.only(&mut reader.report, &["action", "input"]);
    entries.need(&mut reader.report, "action")?;
    let action = reader.text(&entries, "action")?;
    let (key, node) = entries.need(&mut reader.report, "input")?;
    let input = reader.like_settings::<BTreeMap<String, String>>(node, &key.span, "`input`")?;
    let full = |name: &str| format!("{}.{name}", definition.name);
    let input = input.into_iter().map(|(field, kind)| (field, full(&kind))).collect();
    Some(Confirm { action: full(&action), input })
}

/// The reads that confirm, once all actions are known.
fn confirmed(reader: &mut Reader<'_>, definition: &Definition, top: &Entries<'_>) {
    let at = top.get("facts").map_or(0..0, |(key, _)| key.span.clone());
    for (name, fact) in &definition.facts {
        let Some(confirm) = &fact.confirm else { continue };
        let action = confirm.action.split_once('.').map_or("", |(_, action)| action);
        let action = definition.actions.iter().find(|(known, _)| known == action);
        match action {
            Some((_, action)) if !action.effectful => {
                let unknown =
                    confirm.input.keys().find(|field| !action.input.iter().any(|known| known.name == **field));
                if let Some(field) = unknown {
                    let what = format!("`{}`, which confirms `{name}`, has no input `{field}`", confirm.action);
                    reader.wrong(at.clone(), what, "see the action's `input`");
                }
            }
            _ => {
                let what =
                    format!("`{}`, which should confirm `{name}`, is not an action that only reads", confirm.action);
                reader.wrong(at.clone(), what, "name an action with a GET request");
            }
        }
        if let Some(kind) = confirm.input.values().find(|kind| !definition.kinds.contains(kind)) {
            let what = format!("`{name}` is confirmed by the identifier `{kind}`, which no outcome writes");
            reader.wrong(at.clone(), what, "write it below `identifiers` of an outcome");
        }
    }
}

/// A rule by which deliveries are verified, as the settings have it.
fn verify(reader: &mut Reader<'_>, node: &Node, at: &Span) -> Option<WebhookSettings> {
    let table = reader.like_settings::<Table>(node, at, "`verify`")?;
    match webhook(table).read(|_, _| Vec::new()) {
        Ok(rule) => Some(rule),
        Err(Faults(told)) => {
            for fault in told {
                reader.wrong(at.clone(), format!("`verify` cannot be read: {} {}", fault.key, fault.what), fault.hint);
            }
            None
        }
    }
}

fn webhooks(reader: &mut Reader<'_>, definition: &mut Definition, top: &Entries<'_>) {
    let Some((key, node)) = top.get("webhooks") else { return };
    let Some(entries) = reader.report.entries(node, key.span.clone(), "`webhooks`") else { return };
    entries.only(&mut reader.report, &["verify", "type", "key", "time", "varies", "identifiers", "facts"]);
    if let Some((key, node)) = entries.get("verify") {
        definition.verify = verify(reader, node, &key.span);
        if definition.verify.as_ref().is_some_and(|verify| !verify.secrets.is_empty()) {
            let help = "secrets belong into the settings: `[providers.NAME.webhook]`";
            reader.wrong(key.span.clone(), "`verify` holds secrets", help);
        }
    }
    let kind = match entries.need(&mut reader.report, "type") {
        Some((key, node)) => reader.mapping(node, &key.span, Place::Hook),
        None => None,
    };
    let varies = match entries.get("varies") {
        Some((key, node)) => reader.like_settings::<Vec<String>>(node, &key.span, "`varies`").unwrap_or_default(),
        None => Vec::new(),
    };
    let key = reader.optional(&entries, "key", Place::Hook);
    let time = reader.optional(&entries, "time", Place::Hook);
    let identifiers = rules::identifiers(reader, definition, &entries, Place::Hook);
    if identifiers.len() > NAMED_MOST
        && let Some((key, _)) = entries.get("identifiers")
    {
        let help = format!("name those by which a person is found, the most telling first, and at most {NAMED_MOST}");
        reader.wrong(key.span.clone(), format!("a delivery names {} identifiers", identifiers.len()), help);
    }
    let facts = rules::facts(reader, definition, &entries, Place::Hook);
    definition.hooks = kind.map(|kind| Hooks { kind, key, time, varies, identifiers, facts });
}

/// `samples`: maps, each tried when everything else is right.
fn samples(reader: &mut Reader<'_>, top: &Entries<'_>) -> Vec<Sample> {
    let Some((key, node)) = top.get("samples") else {
        let help = "give at least one answer of the provider's documentation for each action";
        reader.wrong(0..0, "the definition has no samples", help);
        return Vec::new();
    };
    let Shape::List(items) = &node.shape else {
        reader.report.wrong_shape(node, &key.span, "`samples`", "a list");
        return Vec::new();
    };
    let mut samples = Vec::new();
    for item in items {
        let at = if item.span.is_empty() { key.span.clone() } else { item.span.clone() };
        match Told::read(literal(item)) {
            Ok(told) => samples.push(Sample { at, told }),
            Err(error) => {
                let help = "see docs/guides/your-own-provider.md, \"Samples\"";
                reader.wrong(at, format!("this sample cannot be read: {error}"), help);
            }
        }
    }
    samples
}
