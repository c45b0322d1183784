//! Lays values over the defaults, one leaf at a time: known key? right kind? from where?

use std::collections::BTreeMap;

use gangway_core::flow::words::nearest;
use toml::{Table, Value};

use super::file::Parsed;
use super::providers::Forms;
use super::shape::Shape;
use super::value_type::{ValueType, find, leaves, put};
use super::{Fault, pasted};

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// `gangway.default.toml`.
    Default,
    /// This file.
    File(String),
    /// This variable.
    Environment(String),
}

/// The defaults, and what was laid over them.
#[derive(Debug)]
pub(crate) struct Merged<'a> {
    /// What the general sections take.
    pub(crate) defaults: Shape,
    /// What providers' sections take.
    pub(crate) forms: &'a Forms,
    /// What is in force.
    pub(crate) table: Table,
    sources: BTreeMap<String, Source>,
    /// Where each key was last set, refused ones too: file and line, or the variable.
    places: BTreeMap<String, String>,
    /// Whether every line of the file could be read.
    pub(crate) whole: bool,
}

impl<'a> Merged<'a> {
    pub(crate) fn new(defaults: Shape, forms: &'a Forms) -> Self {
        let table = defaults.table().clone();
        Self { table, defaults, forms, sources: BTreeMap::new(), places: BTreeMap::new(), whole: true }
    }

    /// Where this key, or the section it belongs to, was set; empty when it was not.
    pub(crate) fn place(&self, key: &str) -> String {
        let short = key.strip_suffix("webhook.secrets").map(|above| format!("{above}webhook_secret"));
        let short = short.and_then(|short| self.places.get(&short));
        let mut key = key;
        loop {
            if let Some(place) = self.places.get(key).or(short) {
                return place.clone();
            }
            let Some((above, _)) = key.rsplit_once('.') else { return String::new() };
            key = above;
        }
    }

    /// Where the value of this key came from.
    pub(crate) fn source(&self, key: &str) -> &Source {
        self.sources.get(key).unwrap_or(&Source::Default)
    }

    /// What could stand at this path: its default, or what a provider's sample has there.
    pub(crate) fn example(&self, path: &[String]) -> Option<&Value> {
        if let [section, provider, rest @ ..] = path
            && section == "providers"
        {
            return self.forms.example(provider, rest);
        }
        find(self.defaults.table(), path)
    }

    /// Lays a whole file over it.
    pub(crate) fn lay(&mut self, name: &str, file: Parsed, faults: &mut Vec<Fault>) {
        self.whole = file.whole;
        self.places.extend(file.lines.into_iter().map(|(key, line)| (key, format!("{name}:{line}"))));
        for (path, value) in leaves(&file.table) {
            self.put(&path, value.clone(), Source::File(name.to_owned()), faults);
        }
    }

    /// Lays one value over it; what is not right is reported and left out, so that all problems are found.
    pub(crate) fn put(&mut self, path: &[String], value: Value, source: Source, faults: &mut Vec<Fault>) {
        if let Source::Environment(name) = &source {
            self.places.insert(path.join("."), name.clone());
        }
        let quoted = matches!(source, Source::Environment(_));
        let meant = pasted::meant(path, value, self.free(path), quoted)
            .and_then(|meant| self.check(path, &meant).map_or(Ok(meant), Err));
        let value = match meant {
            Ok(value) => value,
            Err(fault) => return self.refuse(path, fault, faults),
        };

        let empty_section = value.as_table().is_some_and(Table::is_empty);
        if !empty_section {
            self.sources.insert(path.join("."), source);
        } else if find(&self.table, path).is_some() {
            return;
        }
        put(&mut self.table, path, value);
    }

    /// Tells what is wrong with a value that is left out.
    fn refuse(&mut self, path: &[String], mut fault: Fault, faults: &mut Vec<Fault>) {
        let exact = self.places.get(&fault.key).cloned();
        fault.place = exact.unwrap_or_else(|| self.place(&path.join(".")));
        if !faults.contains(&fault) {
            faults.push(fault);
        }
        if let [section, provider, _, ..] = path
            && section == "providers"
        {
            // It is there, so what else it needs is told as well.
            let section = [section.clone(), provider.clone()];
            if find(&self.table, &section).is_none() {
                put(&mut self.table, &section, Value::Table(Table::new()));
            }
        }
    }

    /// Whether any value may stand at this path.
    fn free(&self, path: &[String]) -> bool {
        matches!(path, [section, provider, rest @ ..] if section == "providers" && self.forms.free(provider, rest))
    }

    fn check(&self, path: &[String], value: &Value) -> Option<Fault> {
        if path.iter().any(String::is_empty) {
            let shown: Vec<_> = path.iter().map(|part| if part.is_empty() { "\"\"" } else { part }).collect();
            return Some(Fault::new(shown.join("."), "is an empty key", "give it a name, or remove it"));
        }
        let mut table = self.defaults.table();
        for (depth, part) in path.iter().enumerate() {
            let above = path.get(..depth).unwrap_or_default().join(".");
            if above == "providers" {
                // Which keys there are is looked at when the section is whole.
                let example = self.forms.example(part, path.get(depth + 1..).unwrap_or_default());
                return wrong_kind(&path.join("."), example?, "such as", value);
            }
            let here = path.get(..=depth).unwrap_or_default().join(".");
            let last = depth + 1 == path.len();
            match table.get(part) {
                Some(default) if last => return wrong_kind(&here, default, "the default is", value),
                Some(Value::Table(inner)) => table = inner,
                Some(_) => {
                    return Some(Fault::new(
                        path.join("."),
                        "is not a setting",
                        format!("{here} is a value, not a section"),
                    ));
                }
                None => return Some(self.unknown(&here, &above, part, table)),
            }
        }
        None
    }

    fn unknown(&self, key: &str, above: &str, part: &str, table: &Table) -> Fault {
        let hint = match nearest(part, table.keys().map(String::as_str)) {
            _ if above.is_empty() && self.forms.built_in.contains_key(part) => {
                format!("did you mean providers.{part}?")
            }
            Some(known) if above.is_empty() => format!("did you mean {known}?"),
            Some(known) => format!("did you mean {above}.{known}?"),
            None => match self.forms.with(part).as_slice() {
                [] => format!("known here: {}", table.keys().map(String::as_str).collect::<Vec<_>>().join(", ")),
                elsewhere => format!("it belongs in {}", elsewhere.join(", ")),
            },
        };
        Fault::new(key, "is not a setting", hint)
    }
}

fn wrong_kind(key: &str, example: &Value, hint: &str, value: &Value) -> Option<Fault> {
    let (want, is) = (ValueType::of(example), ValueType::of(value));
    let hint = match example {
        Value::Table(table) if table.is_empty() => "any keys may stand in it".to_owned(),
        Value::Table(table) => format!("it holds {}", table.keys().map(String::as_str).collect::<Vec<_>>().join(", ")),
        Value::String(text) if text.is_empty() => "it is empty by default".to_owned(),
        _ => format!("{hint} {example}"),
    };
    let fault = |what: String| Some(Fault::new(key, what, hint));
    if !want.takes(is) {
        return fault(format!("must be {}", want.words()));
    }
    if let (Value::Array(examples), Value::Array(items)) = (example, value) {
        // A list without an example is one of texts.
        let want = examples.first().map_or(ValueType::Text, ValueType::of);
        let stranger = items.iter().any(|item| !want.takes(ValueType::of(item)));
        return if stranger { fault(format!("holds something that is not {}", want.words())) } else { None };
    }
    if value.as_integer().is_some_and(|number| number < 0) { fault("is negative".to_owned()) } else { None }
}
