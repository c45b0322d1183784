//! Definition file -> [`Definition`], or every problem of it with line, column, cause and hint. Read like a flow: the
//! same YAML within the same limits, the same expressions.

mod actions;
mod auth;
mod rate;
mod register;
mod rules;
mod top;
mod values;

use gangway_core::catalogue::{Catalogue, Field};
use gangway_core::flow::check::Report;
use gangway_core::flow::parse::{self, Span};
use gangway_core::flow::problem::{Kind, Problem, Problems};

use super::model::{Definition, Setting};
use super::samples;

/// Reads, checks and tries a definition.
///
/// # Errors
/// Every problem of the file; when it has none, every sample that ends otherwise than it says.
pub fn load(file: &str, text: &str) -> Result<Definition, Problems> {
    let told = |problems| Problems::of(file, text, problems);
    let node = parse::parse(text).map_err(|problem| told(vec![problem]))?;
    let catalogue = Catalogue::default();
    let mut reader = Reader {
        report: Report { catalogue: &catalogue, text, stored: false, problems: Vec::new() },
        settings: Vec::new(),
        input: Vec::new(),
    };
    let read = top::read(&mut reader, &node);
    let problems = reader.report.problems;
    match read {
        Some((definition, samples)) if problems.is_empty() => {
            let failed = samples::run(&definition, &samples);
            if failed.is_empty() { Ok(definition) } else { Err(told(failed)) }
        }
        _ => Err(told(problems)),
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
}

impl Reader<'_> {
    fn wrong(&mut self, at: Span, what: impl Into<String>, help: impl Into<String>) {
        self.report.add(Problem::new(Kind::BadDefinition, at, what).help(help));
    }
}
