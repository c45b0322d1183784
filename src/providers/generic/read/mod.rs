//! Definition file -> [`Definition`], or every problem of it with line, column, cause and hint. Read like a flow: the
//! same YAML within the same limits, the same expressions.

mod actions;
mod auth;
mod oauth2;
mod rate;
mod register;
mod rules;
mod signing;
mod spoken;
mod top;
mod values;

use gangway_core::catalogue::{Catalogue, Field};
use gangway_core::flow::check::Report;
use gangway_core::flow::diagnostic::{Code, Diagnostic, Diagnostics};
use gangway_core::flow::parse::{self, Span};

use super::model::{Definition, Setting};
use super::samples;

/// Reads, checks and tries a definition.
///
/// # Errors
/// Every problem of the file; when it has none, every sample that ends otherwise than it says.
pub fn load(file: &str, text: &str) -> Result<Definition, Diagnostics> {
    let told = |diagnostics| Diagnostics::of(file, text, diagnostics);
    let node = parse::parse(text).map_err(|diagnostic| told(vec![diagnostic]))?;
    let catalogue = Catalogue::default();
    let mut reader = Reader {
        report: Report { catalogue: &catalogue, text, stored: false, diagnostics: Vec::new() },
        settings: Vec::new(),
        input: Vec::new(),
        each: false,
        paged: false,
    };
    let read = top::read(&mut reader, &node);
    let diagnostics = reader.report.diagnostics;
    match read {
        Some((definition, samples)) if diagnostics.is_empty() => {
            let failed = samples::run(&definition, &samples);
            if failed.is_empty() { Ok(definition) } else { Err(told(failed)) }
        }
        _ => Err(told(diagnostics)),
    }
}

/// Whether a file is a definition, as far as its first words tell.
#[must_use]
pub fn is_definition(text: &str) -> bool {
    text.lines().any(|line| line.starts_with("provider:"))
}

/// What the reading carries along.
struct Reader<'a> {
    report: Report<'a>,
    settings: Vec<Setting>,
    input: Vec<Field>,
    /// Whether what is read is about each `item` of a list.
    each: bool,
    /// Whether what is read is about a `page` of a list.
    paged: bool,
}

impl Reader<'_> {
    fn wrong(&mut self, at: Span, what: impl Into<String>, help: impl Into<String>) {
        self.report.add(Diagnostic::new(Code::BadDefinition, at, what).help(help));
    }
}
