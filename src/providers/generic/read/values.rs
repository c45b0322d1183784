//! Expressions, literals and short lists of a definition: what they read must be there to be read.

use gangway_core::flow::check::{Entries, Use, Uses, mapping};
use gangway_core::flow::diagnostic::{Code, Diagnostic};
use gangway_core::flow::expr::{Expr, Mapping};
use gangway_core::flow::parse::{Node, Shape, Span};
use gangway_core::flow::words::{did_you_mean, hyphenated, is_name, listed};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::Reader;

/// What a request can read of its effect.
const EFFECT: [&str; 2] = ["key", "attempt"];

/// What a signature can be over.
const REQUEST: [&str; 9] = ["method", "host", "path", "query", "target", "body", "body_sha256", "time", "millis"];

/// What a look-up over pages can read of the page.
const PAGE: [&str; 2] = ["number", "cursor"];

/// Where an expression stands: what it may read follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A request.
    HttpRequest,
    /// The meaning of an answer.
    Answer,
    /// The reading of a delivery.
    Hook,
    /// What is signed of a request.
    Signature,
}

impl Place {
    const fn roots(self) -> &'static [&'static str] {
        match self {
            Self::HttpRequest => &["input", "settings", "effect"],
            Self::Answer => &["status", "body", "headers", "input", "settings", "ours"],
            Self::Hook => &["body", "headers"],
            Self::Signature => &["request", "settings"],
        }
    }
}

impl Reader<'_> {
    /// Reads a mapping: texts are expressions.
    pub(super) fn mapping(&mut self, node: &Node, at: &Span, place: Place) -> Option<Mapping> {
        let mut uses = Uses::default();
        let read = mapping(&mut self.report, &mut uses, node, at);
        for used in &uses.exprs {
            for read in used.expr.reads() {
                self.readable(&read.path, used, place);
            }
        }
        read
    }

    /// Reads an expression.
    pub(super) fn expr(&mut self, node: &Node, at: &Span, place: Place, what: &str) -> Option<Expr> {
        match self.mapping(node, at, place)? {
            Mapping::Expr(expr) => Some(expr),
            Mapping::Literal(Value::Bool(truth)) => Expr::compile(if truth { "true" } else { "false" }).ok(),
            _ => {
                self.report.wrong_shape(node, at, what, "an expression");
                None
            }
        }
    }

    /// A mapping under a key, if it is there.
    pub(super) fn optional(&mut self, entries: &Entries<'_>, key: &str, place: Place) -> Option<Mapping> {
        let (key, node) = entries.get(key)?;
        self.mapping(node, &key.span, place)
    }

    /// A map of mappings under a key; names are checked.
    pub(super) fn named(&mut self, entries: &Entries<'_>, key: &str, place: Place) -> Vec<(String, Span, Mapping)> {
        let Some((key, node)) = entries.get(key) else { return Vec::new() };
        let what = format!("`{}`", key.name);
        let Some(entries) = self.report.entries(node, key.span.clone(), what) else { return Vec::new() };
        let mut named = Vec::new();
        for (key, node) in entries.entries {
            if let Some(mapping) = self.mapping(node, &key.span, place) {
                named.push((key.name.clone(), key.span.clone(), mapping));
            }
        }
        named
    }

    fn readable(&mut self, path: &[String], used: &Use, place: Place) {
        let at = used.at.clone();
        let Some((root, rest)) = path.split_first() else { return };
        let hyphen = || hyphenated(&used.expr.source, root);
        let more = [("item", self.each), ("page", self.paged && matches!(place, Place::HttpRequest | Place::Answer))];
        let more = more.into_iter().filter_map(|(name, there)| there.then_some(name));
        let roots: Vec<&str> = place.roots().iter().copied().chain(more).collect();
        if !roots.contains(&root.as_str()) {
            let help = hyphen()
                .or_else(|| did_you_mean(root, roots.iter().copied()))
                .unwrap_or_else(|| format!("here it can read {}", listed(roots.iter().copied())));
            return self
                .report
                .add(Diagnostic::new(Code::UnknownRoot, at, format!("there is no `{root}` here")).help(help));
        }
        let known: Vec<(String, bool)> = match root.as_str() {
            "input" => self.input.iter().map(|field| (field.name.clone(), field.secret)).collect(),
            "settings" => self.settings.iter().map(|setting| (setting.name.clone(), setting.secret)).collect(),
            "effect" => EFFECT.map(|name| (name.to_owned(), false)).to_vec(),
            "request" if place == Place::Signature => REQUEST.map(|name| (name.to_owned(), false)).to_vec(),
            "page" => PAGE.map(|name| (name.to_owned(), false)).to_vec(),
            _ => return,
        };
        let Some(name) = rest.first() else {
            let diagnostic = Diagnostic::new(Code::TooWide, at, format!("`{root}` is read whole"));
            let help = hyphen().unwrap_or_else(|| format!("name one of it: `{root}.NAME`"));
            return self.report.add(diagnostic.help(help));
        };
        match known.iter().find(|(known, _)| known == name) {
            None => {
                let names = known.iter().map(|(name, _)| name.as_str());
                let help = did_you_mean(name, names.clone()).unwrap_or_else(|| format!("it has {}", listed(names)));
                let diagnostic = Diagnostic::new(Code::UnknownPath, at, format!("`{root}` has no `{name}`"));
                self.report.add(diagnostic.help(help));
            }
            Some((_, true)) if root == "settings" || place == Place::Answer => {
                let diagnostic = Diagnostic::new(Code::SecretRead, at, format!("`{root}.{name}` is secret"));
                self.report.add(
                    diagnostic.help("a secret setting goes along by `auth` only, a secret input in a request only"),
                );
            }
            Some(_) => {}
        }
    }

    /// Reads a text under a key, if it is there.
    pub(super) fn text(&mut self, entries: &Entries<'_>, name: &str) -> Option<String> {
        let (key, node) = entries.get(name)?;
        self.report.text(node, &key.span, &format!("`{name}`")).map(str::to_owned)
    }

    /// Reads a truth value under a key, if it is there.
    pub(super) fn truth(&mut self, entries: &Entries<'_>, name: &str) -> Option<bool> {
        let (key, node) = entries.get(name)?;
        if let Shape::Literal(Value::Bool(truth)) = node.shape {
            return Some(truth);
        }
        self.report.wrong_shape(node, &key.span, &format!("`{name}`"), "true or false");
        None
    }

    /// A name of an action, outcome, fact or identifier.
    pub(super) fn is_name(&mut self, name: &str, at: &Span, what: &str) -> bool {
        if !is_name(name) {
            self.report.bad_name(at.clone(), name, what);
        }
        is_name(name)
    }

    /// What settings would have, read by the settings' own rules.
    pub(super) fn like_settings<T: DeserializeOwned>(&mut self, node: &Node, at: &Span, what: &str) -> Option<T> {
        match serde_json::from_value(literal(node)) {
            Ok(read) => Some(read),
            Err(error) => {
                self.wrong(at.clone(), format!("{what} cannot be read: {error}"), "it takes what the settings take");
                None
            }
        }
    }
}

/// A value of the file as it stands: its texts are texts.
pub(super) fn literal(node: &Node) -> Value {
    match &node.shape {
        Shape::Text(text) => Value::String(text.clone()),
        Shape::Literal(value) => value.clone(),
        Shape::List(items) => Value::Array(items.iter().map(literal).collect()),
        Shape::Map(entries) => {
            Value::Object(entries.iter().map(|(key, node)| (key.name.clone(), literal(node))).collect::<Map<_, _>>())
        }
    }
}
