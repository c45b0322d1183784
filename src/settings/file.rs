//! The settings file: text enters; its values, and the line of each, leave. Broken lines are reported, all of them, and
//! the rest is read on. Never here: a line's text in a problem; it may hold a secret.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize as _;
use toml::de::{DeTable, DeValue, Deserializer};
use toml::{Spanned, Table};

use super::Fault;

/// More broken lines than this say nothing new: most likely one quote is not closed.
const MOST: usize = 8;

/// What stands in a file.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    /// Its values.
    pub(super) table: Table,
    /// The line of each key, counted from 1; of each section too.
    pub(super) lines: BTreeMap<String, usize>,
    /// Whether every line could be read. If not, what seems to be missing may stand in a broken one.
    pub(super) whole: bool,
}

/// Reads a file; `name` is for the problems.
pub(super) fn parse(name: &str, text: &str, faults: &mut Vec<Fault>) -> Parsed {
    let (document, errors) = DeTable::parse_recoverable(text);
    let mut found: Vec<Fault> = Vec::new();
    for error in &errors {
        let span = error.span().unwrap_or_default();
        let key = format!("{name}:{}", line(text, span.start));
        // One slip may be told several times over.
        if !found.iter().any(|known| known.key == key) {
            found.push(broken(key, error.message(), given_twice(text, line(text, span.start))));
        }
    }
    found.truncate(MOST);
    faults.extend(found);
    let mut lines = BTreeMap::new();
    walk(document.get_ref(), "", text, &mut lines);
    let whole = errors.is_empty();
    match Table::deserialize(Deserializer::from(document)) {
        Ok(table) => Parsed { table, lines, whole },
        Err(error) => {
            if whole {
                let key = format!("{name}:{}", line(text, error.span().unwrap_or_default().start));
                faults.push(broken(key, error.message(), None));
            }
            Parsed { lines, ..Parsed::default() }
        }
    }
}

fn broken(key: String, message: &str, twice: Option<&str>) -> Fault {
    if let Some(name) = twice {
        return Fault::new(key, format!("`{name}` is given twice"), "keep one of the two, or join the two sections");
    }
    let hint = "text stands in \"quotes\", a section begins with its [name]; https://toml.io/en/v1.0.0";
    Fault::new(key, format!("is not TOML: {message}"), hint)
}

/// The key or section of this line, when a line above has it too.
fn given_twice(text: &str, at: usize) -> Option<&str> {
    let (mut section, mut seen) = ("", BTreeSet::new());
    for (number, line) in text.lines().enumerate() {
        let header = line.trim().strip_prefix('[').and_then(|rest| rest.split_once(']'));
        let key = line.split_once('=').map_or("", |(key, _)| key.trim().trim_matches('"'));
        section = header.map_or(section, |(name, _)| name.trim());
        let entry = if header.is_some() { (section, "") } else { (section, key) };
        let again = (header.is_some() || !key.is_empty()) && !seen.insert(entry);
        if number + 1 == at {
            return again.then_some(if header.is_some() { section } else { key });
        }
    }
    None
}

fn walk(table: &DeTable<'_>, above: &str, text: &str, lines: &mut BTreeMap<String, usize>) {
    for (name, value) in table {
        let key = if above.is_empty() { name.get_ref().to_string() } else { format!("{above}.{}", name.get_ref()) };
        lines.insert(key.clone(), line(text, name.span().start));
        if let DeValue::Table(inner) = Spanned::get_ref(value) {
            walk(inner, &key, text, lines);
        }
    }
}

fn line(text: &str, offset: usize) -> usize {
    text.get(..offset).unwrap_or_default().matches('\n').count() + 1
}
