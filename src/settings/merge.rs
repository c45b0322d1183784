//! Lays values over the defaults, one leaf at a time: known key? right kind? from where?

use std::collections::BTreeMap;

use toml::{Table, Value};

use super::Problem;
use super::installed;
use super::kind::Kind;
use super::nearest::nearest;
use super::samples;

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

    /// What could stand at this path: its default, or what a provider's sample has there.
    pub(crate) fn example(&self, path: &[String]) -> Option<&Value> {
        if let [section, provider, rest @ ..] = path
            && section == "providers"
        {
            return samples::of(provider, rest);
        }
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
                // Which keys there are, the provider's own settings know.
                let example = samples::of(part, path.get(depth + 1..).unwrap_or_default());
                return wrong_kind(&path.join("."), example?, "such as", value);
            }
            let here = path.get(..=depth).unwrap_or_default().join(".");
            let last = depth + 1 == path.len();
            match table.get(part) {
                Some(default) if last => return wrong_kind(&here, default, "the default is", value),
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

fn wrong_kind(key: &str, example: &Value, hint: &str, value: &Value) -> Option<Problem> {
    let (want, is) = (Kind::of(example), Kind::of(value));
    let hint =
        if example.is_table() { "docs/providers tells what is in it".into() } else { format!("{hint} {example}") };
    let problem = |what: String| Some(Problem::new(key, what, hint));
    if !want.takes(is) {
        return problem(format!("must be {}", want.words()));
    }
    if value.as_integer().is_some_and(|number| number < 0) { problem("is negative".to_owned()) } else { None }
}

fn unknown(key: &str, above: &str, part: &str, table: &Table) -> Problem {
    let hint = match nearest(part, table.keys().map(String::as_str)) {
        Some(known) if above.is_empty() => format!("did you mean {known}?"),
        Some(known) => format!("did you mean {above}.{known}?"),
        None => format!("known here: {}", table.keys().map(String::as_str).collect::<Vec<_>>().join(", ")),
    };
    Problem::new(key, "is not a setting", hint)
}

/// A section that is neither of a known provider nor says by which definition it is to be read.
pub(super) fn unknown_provider(name: &str) -> Problem {
    let hint = match nearest(name, installed::KNOWN) {
        Some(known) => format!("did you mean providers.{known}?"),
        None => {
            format!("known: {}; any other needs `definition`, the file that describes it", installed::KNOWN.join(", "))
        }
    };
    Problem::new(format!("providers.{name}"), "is not a provider", hint)
}
