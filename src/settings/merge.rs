//! Lays values over the defaults, one leaf at a time: known key? right kind? from where?

use std::collections::BTreeMap;

use toml::{Table, Value};

use super::Problem;
use super::installed;
use super::kind::Kind;
use super::nearest::nearest;

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
pub(crate) struct Merged {
    defaults: Table,
    /// What is in force.
    pub(crate) table: Table,
    sources: BTreeMap<String, Source>,
}

impl Merged {
    pub(crate) fn new(defaults: Table) -> Self {
        Self { table: defaults.clone(), defaults, sources: BTreeMap::new() }
    }

    /// Where the value of this key came from.
    pub(crate) fn source(&self, key: &str) -> &Source {
        self.sources.get(key).unwrap_or(&Source::Default)
    }

    /// The default of this path, where there is one.
    pub(crate) fn default_of(&self, path: &[String]) -> Option<&Value> {
        let (last, parents) = path.split_last()?;
        let table = parents.iter().try_fold(&self.defaults, |table, part| table.get(part)?.as_table())?;
        table.get(last)
    }

    /// Lays a whole file over it.
    pub(crate) fn lay(&mut self, file: Table, source: &Source, problems: &mut Vec<Problem>) {
        let mut leaves = Vec::new();
        flatten(&mut Vec::new(), file, &mut leaves);
        for (path, value) in leaves {
            self.put(&path, value, source.clone(), problems);
        }
    }

    /// Lays one value over it; what is not right is reported and left out, so that all problems are found.
    pub(crate) fn put(&mut self, path: &[String], value: Value, source: Source, problems: &mut Vec<Problem>) {
        if let Some(problem) = self.check(path, &value) {
            if !problems.contains(&problem) {
                problems.push(problem);
            }
            return;
        }
        let Some((last, parents)) = path.split_last() else { return };
        let mut table = &mut self.table;
        for part in parents {
            let entry = table.entry(part.clone()).or_insert_with(|| Value::Table(Table::new()));
            let Value::Table(inner) = entry else { return };
            table = inner;
        }
        let empty_section = value.as_table().is_some_and(Table::is_empty);
        if empty_section {
            table.entry(last.clone()).or_insert(value);
        } else {
            self.sources.insert(path.join("."), source);
            table.insert(last.clone(), value);
        }
    }

    fn check(&self, path: &[String], value: &Value) -> Option<Problem> {
        let mut table = &self.defaults;
        for (depth, part) in path.iter().enumerate() {
            let above = path.get(..depth).unwrap_or_default().join(".");
            if above == "providers" {
                // What is below is known to the provider's own settings.
                return unknown_provider(part);
            }
            let here = path.get(..=depth).unwrap_or_default().join(".");
            let last = depth + 1 == path.len();
            match table.get(part) {
                Some(default) if last => return wrong_kind(&here, default, value),
                Some(Value::Table(inner)) => table = inner,
                Some(_) => {
                    return Some(Problem::new(
                        path.join("."),
                        "is not a setting",
                        format!("{here} is a value, not a section"),
                    ));
                }
                None => return Some(unknown(&here, &above, part, table)),
            }
        }
        None
    }
}

fn flatten(path: &mut Vec<String>, table: Table, leaves: &mut Vec<(Vec<String>, Value)>) {
    for (key, value) in table {
        path.push(key);
        match value {
            Value::Table(inner) if !inner.is_empty() => flatten(path, inner, leaves),
            leaf => leaves.push((path.clone(), leaf)),
        }
        path.pop();
    }
}

fn wrong_kind(key: &str, default: &Value, value: &Value) -> Option<Problem> {
    let (want, is) = (Kind::of(default), Kind::of(value));
    if !want.takes(is) {
        return Some(Problem::new(key, format!("must be {}", want.words()), format!("the default is {default}")));
    }
    let negative = value.as_integer().is_some_and(|number| number < 0);
    negative.then(|| Problem::new(key, "is negative", format!("the default is {default}")))
}

fn unknown(key: &str, above: &str, part: &str, table: &Table) -> Problem {
    let hint = match nearest(part, table.keys().map(String::as_str)) {
        Some(known) if above.is_empty() => format!("did you mean {known}?"),
        Some(known) => format!("did you mean {above}.{known}?"),
        None => format!("known here: {}", table.keys().map(String::as_str).collect::<Vec<_>>().join(", ")),
    };
    Problem::new(key, "is not a setting", hint)
}

fn unknown_provider(name: &str) -> Option<Problem> {
    if installed::KNOWN.contains(&name) {
        return None;
    }
    let hint = match nearest(name, installed::KNOWN) {
        Some(known) => format!("did you mean providers.{known}?"),
        None => format!("known: {}", installed::KNOWN.join(", ")),
    };
    Some(Problem::new(format!("providers.{name}"), "is not a provider", hint))
}
