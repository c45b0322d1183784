//! What a section takes, told by a commented text that is compiled in: each key with its default, or with a value that
//! could stand there. Sentences in the comment above a key say what its value does not:
//! "Needed." it must be set, the value is an example. "Optional." it may be left out, the value is an example.
//! "Any keys." a section in which any key may stand; it is replaced as a whole. "One of: a, b." the words it takes.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use toml::{Table, Value};

use super::section::Section;
use super::value_type::{find, leaves, put, take};

/// A key's path.
type Path = Vec<String>;

/// Every key that a section takes, with a value that is right.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shape {
    table: Table,
    notes: BTreeMap<Path, Note>,
    /// The page that describes it.
    pub(super) docs: String,
}

/// What the comment above a key says.
#[derive(Clone, Debug, Default)]
struct Note {
    needed: bool,
    optional: bool,
    any_keys: bool,
    words: Vec<String>,
}

impl Note {
    fn of(comment: &str) -> Self {
        let says = |sentence: &str| comment.contains(sentence);
        let words =
            comment.split_once("One of: ").and_then(|(_, rest)| rest.split_once('.')).map_or("", |(all, _)| all);
        let words = words.split(", ").filter(|word| !word.is_empty()).map(str::to_owned).collect();
        Self { needed: says("Needed."), optional: says("Optional."), any_keys: says("Any keys."), words }
    }
}

impl Shape {
    /// Reads a commented text; `docs` is the page that describes it.
    #[expect(clippy::expect_used, reason = "the texts are compiled in, and tests read each of them")]
    pub(crate) fn of(text: &str, docs: &str) -> Self {
        let table = text.parse().expect("a compiled-in text is TOML");
        Self { table, notes: notes(text), docs: docs.to_owned() }
    }

    /// The keys of `self`, and those of the other that it lacks.
    pub(crate) fn over(mut self, other: &Self) -> Self {
        self.table = laid(other.table.clone(), &self.table, &mut |_| false);
        let further = other.notes.iter().filter(|(path, _)| !self.notes.contains_key(*path));
        let further: Vec<_> = further.map(|(path, note)| (path.clone(), note.clone())).collect();
        self.notes.extend(further);
        self
    }

    /// What one section of it takes.
    pub(crate) fn section(&self, name: &str) -> Self {
        let below = |(path, note): (&Path, &Note)| match path.split_first() {
            Some((first, rest)) if first == name => Some((rest.to_vec(), note.clone())),
            _ => None,
        };
        Self {
            table: self.table.get(name).and_then(Value::as_table).cloned().unwrap_or_default(),
            notes: self.notes.iter().filter_map(below).collect(),
            docs: self.docs.clone(),
        }
    }

    /// Without this key and what is below it.
    pub(crate) fn without(mut self, key: &str) -> Self {
        self.table.remove(key);
        self.notes.retain(|path, _| path.first().is_none_or(|first| first != key));
        self
    }

    /// Every key with a value that is right.
    pub(crate) const fn table(&self) -> &Table {
        &self.table
    }

    /// Whether any key may stand below this path.
    pub(super) fn any_keys(&self, path: &[String]) -> bool {
        self.notes.get(path).is_some_and(|note| note.any_keys)
    }

    /// Whether this path lies in a section in which any key may stand, with any value.
    pub(super) fn free(&self, path: &[String]) -> bool {
        (1..path.len()).filter_map(|depth| path.get(..depth)).any(|above| self.any_keys(above))
    }

    /// The words that may stand at this path; none where it takes something else.
    pub(super) fn words(&self, path: &[String]) -> &[String] {
        self.notes.get(path).map_or(&[], |note| note.words.as_slice())
    }

    /// Every path that must be set, with an example.
    pub(super) fn needed(&self) -> Vec<(Path, &Value)> {
        let needed = self.notes.iter().filter(|(_, note)| note.needed);
        needed.filter_map(|(path, _)| Some((path.clone(), find(&self.table, path)?))).collect()
    }

    /// What was set, over the defaults.
    pub(super) fn filled(&self, set: &Table) -> Table {
        let mut defaults = self.table.clone();
        for (path, _) in leaves(&self.table) {
            let mut above = (0..=path.len()).filter_map(|depth| self.notes.get(path.get(..depth)?));
            if above.any(|note| note.needed || note.optional) {
                take(&mut defaults, &path);
            }
        }
        laid(defaults, set, &mut |path| self.any_keys(path))
    }

    /// The first part of the path that is no key here, as its number; none where all are.
    pub(super) fn stranger(&self, path: &[String]) -> Option<usize> {
        let mut known = &self.table;
        for (depth, part) in path.iter().enumerate() {
            match known.get(part) {
                Some(_) if self.any_keys(path.get(..=depth).unwrap_or_default()) => return None,
                Some(Value::Table(inner)) => known = inner,
                Some(_) if depth + 1 == path.len() => return None,
                Some(_) => return Some(depth + 1),
                None => return Some(depth),
            }
        }
        None
    }

    /// A section that lacks everything it needs.
    #[expect(clippy::expect_used, reason = "the texts are compiled in, and tests type the defaults of each")]
    pub(crate) fn usual<T: DeserializeOwned>(&self) -> T {
        let (shape, set) = (self.clone(), Table::new());
        let section = Section { at: String::new(), set, shape, whole: false, empty_is_none: true };
        section.read(|_, _| Vec::new()).expect("the defaults of a compiled-in text are right")
    }
}

/// One table over another, key by key; a section that is `whole` replaces the one below.
fn laid(mut below: Table, above: &Table, whole: &mut dyn FnMut(&[String]) -> bool) -> Table {
    let mut replaced: Vec<Path> = Vec::new();
    for (path, value) in leaves(above) {
        let own =
            (1..=path.len()).filter_map(|depth| path.get(..depth)).find(|part| whole(part)).map(<[String]>::to_vec);
        if let Some(own) = own
            && !replaced.contains(&own)
        {
            take(&mut below, &own);
            replaced.push(own);
        }
        let empty_section = value.as_table().is_some_and(Table::is_empty);
        if !empty_section || find(&below, &path).is_none() {
            put(&mut below, &path, value.clone());
        }
    }
    below
}

fn notes(text: &str) -> BTreeMap<Path, Note> {
    let (mut notes, mut section, mut comment) = (BTreeMap::new(), Path::new(), String::new());
    for line in text.lines().map(str::trim) {
        if let Some(more) = line.strip_prefix('#') {
            comment = format!("{comment} {}", more.trim());
            continue;
        }
        let name = line.strip_prefix('[').and_then(|rest| rest.split_once(']')).map(|(name, _)| name);
        let key = line.split_once('=').map(|(key, _)| key.trim());
        if let Some(name) = name {
            section = name.split('.').map(str::to_owned).collect();
            notes.insert(section.clone(), Note::of(&comment));
        } else if let Some(key) = key {
            notes.insert([section.clone(), vec![key.to_owned()]].concat(), Note::of(&comment));
        }
        comment.clear();
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::Shape;
    use toml::Table;

    const TEXT: &str = "# Needed. Where.\nurl = \"x\"\n# Optional.\nname = \"n\"\n# One of: a, b. More.\nword = \"a\"\n\
        # Any keys.\nbody = { k = 1 }\n[inner]\nsize = 3\n# Optional.\n[inner.retry]\nfirst = \"1s\"\n";

    #[test]
    fn what_is_set_lies_over_the_defaults_and_examples_are_none() {
        let filled = |set: &str| Shape::of(TEXT, "").filled(&set.parse().unwrap());
        assert_eq!(filled(""), "word = \"a\"\nbody = { k = 1 }\ninner = { size = 3 }".parse::<Table>().unwrap());
        let set = "url = \"y\"\nbody = { l = { m = 2 } }\ninner = { retry = { first = \"2s\" } }";
        let whole =
            "url = \"y\"\nword = \"a\"\nbody = { l = { m = 2 } }\ninner = { size = 3, retry = { first = \"2s\" } }";
        assert_eq!(filled(set), whole.parse::<Table>().unwrap());
        assert!(filled("body = {}")["body"].as_table().unwrap().is_empty());
    }

    #[test]
    fn the_comments_say_what_is_needed_which_words_there_are_and_where_any_key_may_stand() {
        let shape = Shape::of(TEXT, "");
        let path = |path: &str| path.split('.').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(shape.needed().len(), 1);
        assert_eq!(shape.words(&path("word")), ["a", "b"]);
        assert_eq!(shape.section("inner").stranger(&path("size")), None);
        assert_eq!(
            ["body.any", "inner.siz", "url.x", "inner"].map(|at| shape.stranger(&path(at))),
            [None, Some(1), Some(1), None]
        );
    }
}
