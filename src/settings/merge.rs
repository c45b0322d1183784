//! Lays values over the defaults, one leaf at a time: known key? right kind? from where?

use std::collections::BTreeMap;

use toml::{Table, Value};

use super::Problem;
use super::file::Parsed;
use super::installed;
use super::kind::{Kind, find, leaves, put};
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
    /// Where each key was last set, refused ones too: file and line, or the variable.
    places: BTreeMap<String, String>,
    /// Whether every line of the file could be read.
    pub(crate) whole: bool,
}

impl Merged {
    pub(crate) fn new(defaults: Table) -> Self {
        Self { table: defaults.clone(), defaults, sources: BTreeMap::new(), places: BTreeMap::new(), whole: true }
    }

    /// The values that stand where nothing was set.
    pub(crate) const fn defaults(&self) -> &Table {
        &self.defaults
    }

    /// Where this key was set, or the section that it belongs to; empty when nobody did.
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
            return samples::of(provider, rest);
        }
        find(&self.defaults, path)
    }

    /// Lays a whole file over it.
    pub(crate) fn lay(&mut self, name: &str, file: Parsed, problems: &mut Vec<Problem>) {
        self.whole = file.whole;
        self.places.extend(file.lines.into_iter().map(|(key, line)| (key, format!("{name}:{line}"))));
        for (path, value) in leaves(&file.table) {
            self.put(&path, value.clone(), Source::File(name.to_owned()), problems);
        }
    }

    /// Lays one value over it; what is not right is reported and left out, so that all problems are found.
    pub(crate) fn put(&mut self, path: &[String], value: Value, source: Source, problems: &mut Vec<Problem>) {
        if let Source::Environment(name) = &source {
            self.places.insert(path.join("."), name.clone());
        }
        if let Some(mut problem) = self.check(path, &value) {
            let exact = self.places.get(&problem.key).cloned();
            problem.place = exact.unwrap_or_else(|| self.place(&path.join(".")));
            if !problems.contains(&problem) {
                problems.push(problem);
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
            return;
        }
        let empty_section = value.as_table().is_some_and(Table::is_empty);
        if !empty_section {
            self.sources.insert(path.join("."), source);
        } else if find(&self.table, path).is_some() {
            return;
        }
        put(&mut self.table, path, value);
    }

    fn check(&self, path: &[String], value: &Value) -> Option<Problem> {
        if path.iter().any(String::is_empty) {
            let shown: Vec<_> = path.iter().map(|part| if part.is_empty() { "\"\"" } else { part }).collect();
            return Some(Problem::new(shown.join("."), "is an empty key", "give it a name, or remove it"));
        }
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

fn wrong_kind(key: &str, example: &Value, hint: &str, value: &Value) -> Option<Problem> {
    let (want, is) = (Kind::of(example), Kind::of(value));
    let hint = match example {
        Value::Table(table) => format!("it holds {}", table.keys().map(String::as_str).collect::<Vec<_>>().join(", ")),
        _ => format!("{hint} {example}"),
    };
    let problem = |what: String| Some(Problem::new(key, what, hint));
    if !want.takes(is) {
        return problem(format!("must be {}", want.words()));
    }
    if value.as_integer().is_some_and(|number| number < 0) { problem("is negative".to_owned()) } else { None }
}

fn unknown(key: &str, above: &str, part: &str, table: &Table) -> Problem {
    let hint = match nearest(part, table.keys().map(String::as_str)) {
        _ if above.is_empty() && installed::KNOWN.contains(&part) => format!("did you mean providers.{part}?"),
        Some(known) if above.is_empty() => format!("did you mean {known}?"),
        Some(known) => format!("did you mean {above}.{known}?"),
        None => match samples::with(part).as_slice() {
            [] => format!("known here: {}", table.keys().map(String::as_str).collect::<Vec<_>>().join(", ")),
            elsewhere => format!("it stands in {}", elsewhere.join(", ")),
        },
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
