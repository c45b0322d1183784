//! `outcomes` of an exchange: guards in the order of the file, and what each writes; facts in answers and deliveries.

use gangway_core::flow::check::Entries;
use gangway_core::flow::expr::Mapping;
use gangway_core::flow::parse::{Key, Node};
use gangway_core::flow::words::{did_you_mean, listed};

use super::values::Place;
use super::{Reader, spoken};
use crate::providers::generic::NOT_DONE;
use crate::providers::generic::model::{Definition, FactRule, Rule};

/// Reads `outcomes` of this map.
pub(super) fn read(
    reader: &mut Reader<'_>,
    definition: &mut Definition,
    entries: &Entries<'_>,
    in_look_up: bool,
) -> Vec<Rule> {
    let Some((key, node)) = entries.need(&mut reader.report, "outcomes") else { return Vec::new() };
    let Some(outcomes) = reader.report.entries(node, key.span.clone(), "`outcomes`") else { return Vec::new() };
    if outcomes.entries.is_empty() {
        reader.wrong(
            key.span.clone(),
            "`outcomes` is empty",
            "say what each answer means: `created: { when: status == 201 }`",
        );
    }
    outcomes.entries.iter().filter_map(|(key, node)| one(reader, definition, key, node, in_look_up)).collect()
}

fn one(reader: &mut Reader<'_>, definition: &mut Definition, key: &Key, node: &Node, in_look_up: bool) -> Option<Rule> {
    reader.is_name(&key.name, &key.span, "an outcome");
    let entries = reader.report.entries(node, key.span.clone(), format!("the outcome `{}`", key.name))?;
    let keys = ["when", "look_up", "fields", "secrets", "identifiers", "facts"];
    entries.only(&mut reader.report, &[keys.as_slice(), &spoken::OF_OUTCOMES].concat());
    let when = match entries.need(&mut reader.report, "when") {
        Some((at, node)) => reader.expr(node, &at.span, Place::Answer, "`when`"),
        None => None,
    };
    let look_up = reader.truth(&entries, "look_up").unwrap_or(false);
    if look_up && in_look_up {
        reader.wrong(key.span.clone(), "a look-up cannot be settled by a look-up", "say what its answer means");
    }
    if key.name == NOT_DONE && !in_look_up {
        let help = "only a look-up can find that something was not done";
        reader.wrong(key.span.clone(), format!("`{NOT_DONE}` is not an outcome of the action itself"), help);
    }
    let mut fields = Vec::new();
    for (name, at, mapping) in reader.named(&entries, "fields", Place::Answer) {
        let optional = name.ends_with('?');
        let name = name.trim_end_matches('?').to_owned();
        plain(reader, &name, &at);
        fields.push((name, optional, mapping));
    }
    let secrets = reader.named(&entries, "secrets", Place::Answer);
    let secrets = secrets.into_iter().map(|(name, _, mapping)| (name, mapping)).collect();
    let identifiers = identifiers(reader, definition, &entries, Place::Answer);
    let facts = facts(reader, definition, &entries, Place::Answer);
    let spoken = spoken::outcome(reader, &entries);
    Some(Rule { outcome: key.name.clone(), when: when?, look_up, fields, secrets, identifiers, facts, spoken })
}

/// A field's name: a provider's own words, so that capitals are allowed.
pub(super) fn plain(reader: &mut Reader<'_>, name: &str, at: &std::ops::Range<usize>) {
    let is_plain = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !is_plain {
        reader.wrong(at.clone(), format!("`{name}` cannot name a field"), "a letter, then letters, digits and `_`");
    }
}

/// Reads `identifiers`: short names become kinds of this provider.
pub(super) fn identifiers(
    reader: &mut Reader<'_>,
    definition: &mut Definition,
    entries: &Entries<'_>,
    place: Place,
) -> Vec<(String, Mapping)> {
    let mut read = Vec::new();
    for (name, at, mapping) in reader.named(entries, "identifiers", place) {
        reader.is_name(&name, &at, "an identifier");
        let kind = format!("{}.{name}", definition.name);
        if !definition.kinds.contains(&kind) {
            definition.kinds.push(kind.clone());
        }
        read.push((kind, mapping));
    }
    read
}

/// Reads `facts` of an outcome or of the webhooks.
pub(super) fn facts(
    reader: &mut Reader<'_>,
    definition: &Definition,
    entries: &Entries<'_>,
    place: Place,
) -> Vec<FactRule> {
    let Some((key, node)) = entries.get("facts") else { return Vec::new() };
    let Some(facts) = reader.report.entries(node, key.span.clone(), "`facts`") else { return Vec::new() };
    facts.entries.iter().filter_map(|(key, node)| fact(reader, definition, key, node, place)).collect()
}

fn fact(reader: &mut Reader<'_>, definition: &Definition, key: &Key, node: &Node, place: Place) -> Option<FactRule> {
    let name = format!("{}.{}", definition.name, key.name);
    let known = definition.facts.iter().find(|(known, _)| *known == name).map(|(_, spec)| spec.fields.clone());
    if known.is_none() {
        let short = |full: &str| full.rsplit('.').next().unwrap_or_default().to_owned();
        let names: Vec<String> = definition.facts.iter().map(|(name, _)| short(name)).collect();
        let names = names.iter().map(String::as_str);
        let help =
            did_you_mean(&key.name, names.clone()).unwrap_or_else(|| format!("`facts` declares {}", listed(names)));
        reader.wrong(key.span.clone(), format!("the fact `{}` is not declared", key.name), help);
    }
    let entries = reader.report.entries(node, key.span.clone(), format!("the fact `{}`", key.name))?;
    entries.only(&mut reader.report, &["each", "when", "resource", "fields"]);
    let each = reader.optional(&entries, "each", place);
    reader.each = each.is_some();
    let read = fact_of(reader, name, each, &entries, (key, known), place);
    reader.each = false;
    read
}

/// The rest of a fact, which may read `item` where it has `each`.
fn fact_of(
    reader: &mut Reader<'_>,
    name: String,
    each: Option<Mapping>,
    entries: &Entries<'_>,
    (key, known): (&Key, Option<Vec<String>>),
    place: Place,
) -> Option<FactRule> {
    let when = match entries.get("when") {
        Some((at, node)) => Some(reader.expr(node, &at.span, place, "`when`")?),
        None => None,
    };
    let resource = match entries.need(&mut reader.report, "resource") {
        Some((at, node)) => reader.mapping(node, &at.span, place),
        None => None,
    };
    let mut fields = Vec::new();
    for (field, at, mapping) in reader.named(entries, "fields", place) {
        if known.as_ref().is_some_and(|known| !known.contains(&field)) {
            let fields = known.iter().flatten().map(String::as_str);
            reader.wrong(
                at,
                format!("the fact `{}` has no field `{field}`", key.name),
                format!("it has {}", listed(fields)),
            );
        }
        fields.push((field, mapping));
    }
    Some(FactRule { name, each, when, resource: resource?, fields })
}
