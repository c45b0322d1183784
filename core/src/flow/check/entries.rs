//! Reading maps of the file: which keys are there, which are missing, repeated or unknown. Diagnostics are collected,
//! never returned: one mistake does not hide the next.

use crate::catalogue::Catalogue;
use crate::flow::diagnostic::{Code, Diagnostic};
use crate::flow::parse::{Key, Node, Shape, Span};
use crate::flow::words::{did_you_mean, duration, is_name, listed};
use crate::time::Millis;

/// What one check carries along: what flows may name, the text, and the problems found so far.
pub struct Report<'a> {
    /// What flows may name.
    pub catalogue: &'a Catalogue,
    /// The file's text.
    pub text: &'a str,
    /// Whether people are pinned to this text: it was right when it was stored, and is not held to today's catalogue.
    pub stored: bool,
    /// What was found.
    pub diagnostics: Vec<Diagnostic>,
}

/// A map of the file, each key once.
#[derive(Clone, Debug)]
pub struct Entries<'n> {
    /// What people call this map, such as ``state `wallet` ``.
    pub what: String,
    /// Where problems of the whole map are shown.
    pub at: Span,
    /// Its entries in the order of the file.
    pub entries: Vec<(&'n Key, &'n Node)>,
}

impl Report<'_> {
    /// Adds a problem.
    pub fn add(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Adds a problem between the text and the catalogue. A stored version has none: its people go on without what is
    /// not there any more, and meet a review where they would need it.
    pub fn judge(&mut self, diagnostic: Diagnostic) {
        if !self.stored {
            self.add(diagnostic);
        }
    }

    /// Reads a map; repeated keys are problems, and the first of them counts.
    pub fn entries<'n>(&mut self, node: &'n Node, at: Span, what: impl Into<String>) -> Option<Entries<'n>> {
        let what = what.into();
        let Shape::Map(raw) = &node.shape else {
            self.wrong_shape(node, &at, &what, "a map");
            return None;
        };
        let mut entries: Vec<(&Key, &Node)> = Vec::with_capacity(raw.len());
        let mut seen = std::collections::HashSet::with_capacity(raw.len());
        for (key, value) in raw {
            if seen.insert(key.name.as_str()) {
                entries.push((key, value));
            } else {
                let message = format!("`{}` stands twice in {what}", key.name);
                self.add(Diagnostic::new(Code::DuplicateKey, key.span.clone(), message));
            }
        }
        Some(Entries { what, at, entries })
    }

    /// Reads a text.
    pub fn text<'n>(&mut self, node: &'n Node, at: &Span, what: &str) -> Option<&'n str> {
        match &node.shape {
            Shape::Text(text) => Some(text),
            _ => {
                self.wrong_shape(node, at, what, "a text");
                None
            }
        }
    }

    /// Reads a name.
    pub fn name<'n>(&mut self, node: &'n Node, at: &Span, what: &str) -> Option<&'n str> {
        let text = self.text(node, at, what)?;
        if is_name(text) {
            return Some(text);
        }
        self.bad_name(node.span.clone(), text, what);
        None
    }

    /// Says that this is no name.
    pub fn bad_name(&mut self, at: Span, text: &str, what: &str) {
        let help = "a name begins with a lower-case letter; lower-case letters, digits, `_` and `-` follow";
        self.add(Diagnostic::new(Code::BadName, at, format!("`{text}` cannot be the name of {what}")).help(help));
    }

    /// Reads a length of time.
    pub fn duration(&mut self, node: &Node, at: &Span, what: &str) -> Option<Millis> {
        let text = self.text(node, at, what)?;
        let read = duration(text);
        if read.is_none() {
            self.bad_duration(node.span.clone(), text, what);
        }
        read
    }

    /// Says that this is not a length of time.
    pub fn bad_duration(&mut self, at: Span, text: &str, what: &str) {
        let help = "write a whole number and a unit: `250ms`, `90s`, `5m`, `24h` or `7d`; ten years at most";
        self.add(
            Diagnostic::new(Code::BadDuration, at, format!("{what} is not a length of time: `{text}`")).help(help),
        );
    }

    /// Says that a value has the wrong shape.
    pub fn wrong_shape(&mut self, node: &Node, at: &Span, what: &str, wanted: &str) {
        let at = if node.span.is_empty() { at.clone() } else { node.span.clone() };
        let message = format!("{what} must be {wanted}, not {}", node.described());
        self.add(Diagnostic::new(Code::WrongShape, at, message));
    }
}

impl<'n> Entries<'n> {
    /// The entry of this key.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<(&'n Key, &'n Node)> {
        self.entries.iter().find(|(key, _)| key.name == name).copied()
    }

    /// The entry of a key that must be there.
    pub fn need(&self, report: &mut Report<'_>, name: &str) -> Option<(&'n Key, &'n Node)> {
        let found = self.get(name);
        if found.is_none() {
            let message = format!("{} has no `{name}`", self.what);
            report.add(Diagnostic::new(Code::MissingKey, self.at.clone(), message));
        }
        found
    }

    /// Refuses every other key.
    pub fn only(&self, report: &mut Report<'_>, known: &[&str]) {
        for (key, _) in self.entries.iter().filter(|(key, _)| !known.contains(&key.name.as_str())) {
            let message = format!("unknown key `{}` in {}", key.name, self.what);
            let help = did_you_mean(&key.name, known.iter().copied())
                .unwrap_or_else(|| format!("it can have {}", listed(known.iter().copied())));
            report.add(Diagnostic::new(Code::UnknownKey, key.span.clone(), message).help(help));
        }
    }
}
