//! `with` and `retry`: what a state hands over, and how it is retried.

use indexmap::IndexMap;
use serde_json::Value;

use crate::catalogue::{ActionSpec, TemplateSpec};
use crate::flow::check::entries::{Entries, Report};
use crate::flow::check::secrets::{SecretUse, secret_named};
use crate::flow::diagnostic::{Code, Diagnostic};
use crate::flow::expr::{CompileError, Expr, Mapping, Wrong};
use crate::flow::parse::{Node, Shape, Span};
use crate::flow::words::{did_you_mean, listed};
use crate::retry::Policy;

/// An expression where it is used.
#[derive(Clone, Debug)]
pub struct Use {
    /// The expression.
    pub expr: Expr,
    /// Where it stands in the file.
    pub at: Span,
}

/// What a state's values read.
#[derive(Clone, Debug, Default)]
pub struct Uses {
    /// Its expressions.
    pub exprs: Vec<Use>,
    /// The secrets that it names.
    pub secrets: Vec<SecretUse>,
    /// Whether a secret may be named here: only a call's input and a mail's values take one.
    pub takes_secrets: bool,
}

/// What a state hands over.
pub type With = IndexMap<String, Mapping>;

/// Reads a mapping; texts are expressions.
pub fn mapping(report: &mut Report<'_>, uses: &mut Uses, node: &Node, at: &Span) -> Option<Mapping> {
    match &node.shape {
        Shape::Literal(value) => Some(Mapping::Literal(value.clone())),
        Shape::Text(source) if uses.takes_secrets && secret_named(source).is_some() => {
            let name = secret_named(source).unwrap_or_default().to_owned();
            uses.secrets.push(SecretUse { name: name.clone(), at: node.span.clone() });
            Some(Mapping::Secret(name))
        }
        Shape::Text(source) => match Expr::compile(source) {
            Ok(expr) => {
                uses.exprs.push(Use { expr: expr.clone(), at: node.span.clone() });
                Some(Mapping::Expr(expr))
            }
            Err(error) => {
                refuse(report, node, source, &error);
                None
            }
        },
        Shape::List(items) => {
            // Items that are absent are left out, so a secret would have no fixed place in a list.
            let takes_secrets = std::mem::take(&mut uses.takes_secrets);
            let read: Vec<_> = items.iter().map(|item| mapping(report, uses, item, at)).collect();
            uses.takes_secrets = takes_secrets;
            read.into_iter().collect::<Option<Vec<_>>>().map(Mapping::List)
        }
        Shape::Map(_) => {
            let entries = report.entries(node, at.clone(), "this map")?;
            mappings(report, uses, &entries).map(Mapping::Object)
        }
    }
}

fn mappings(report: &mut Report<'_>, uses: &mut Uses, entries: &Entries<'_>) -> Option<With> {
    let read: Vec<_> = entries
        .entries
        .iter()
        .map(|(key, node)| Some((key.name.clone(), mapping(report, uses, node, &key.span)?)))
        .collect();
    read.into_iter().collect()
}

/// Says why an expression cannot be compiled.
fn refuse(report: &mut Report<'_>, node: &Node, source: &str, error: &CompileError) {
    let at = within(report.text, &node.span, source, &error.at);
    let diagnostic = match &error.wrong {
        Wrong::Syntax => Diagnostic::new(Code::BadExpression, at, format!("not an expression: {}", error.why))
            .help("every text here is an expression (CEL); a plain text is written in two quotes: \"'text'\""),
        Wrong::TooBig => {
            Diagnostic::new(Code::ExpressionTooBig, at, format!("the expression is too big: {}", error.why))
                .help("an expression maps a few values; let a service do the rest")
        }
        Wrong::Function(name) => Diagnostic::new(Code::UnknownFunction, at, error.why.clone()).help(
            did_you_mean(name, crate::flow::expr::FUNCTIONS)
                .unwrap_or_else(|| format!("functions are {}", listed(crate::flow::expr::FUNCTIONS))),
        ),
    };
    report.add(diagnostic);
}

/// A place within an expression as a place in the file; the whole value where quotes or line breaks hide it.
pub fn within(text: &str, value: &Span, source: &str, at: &Span) -> Span {
    let written = text.get(value.clone()).unwrap_or_default();
    let skip = if written == source {
        0
    } else if written.get(1..written.len().saturating_sub(1)) == Some(source) {
        1
    } else {
        return value.clone();
    };
    value.start + skip + at.start..value.start + skip + at.end
}

/// Reads `with` of an action: every required input, no unknown one, and secrets where they belong.
pub fn of_action(
    report: &mut Report<'_>,
    uses: &mut Uses,
    entries: &Entries<'_>,
    named: (&str, &Span),
    action: &ActionSpec,
) -> Option<With> {
    let (name, name_at) = named;
    let given = given(report, entries)?;
    for field in action.input.iter().filter(|field| field.required && given.get(&field.name).is_none()) {
        let message = format!("`{name}` needs the input `{}`", field.name);
        let at = entries.get("with").map_or_else(|| name_at.clone(), |(key, _)| key.span.clone());
        report.judge(
            Diagnostic::new(Code::MissingInput, at, message).help(format!("add it: `with: {{ {}: … }}`", field.name)),
        );
    }
    for (key, node) in &given.entries {
        let field = action.input.iter().find(|field| field.name == key.name);
        let is_secret = matches!(&node.shape, Shape::Text(source) if secret_named(source).is_some());
        if field.is_some_and(|field| field.secret) && !is_secret {
            let message = format!("the input `{}` of `{name}` is secret: an expression cannot fill it", key.name);
            let help = "name one of the flow's secrets: `secrets.NAME`";
            report.judge(Diagnostic::new(Code::SecretInput, key.span.clone(), message).help(help));
        } else if field.is_none() {
            let names = action.input.iter().map(|field| field.name.as_str());
            let help =
                did_you_mean(&key.name, names.clone()).unwrap_or_else(|| format!("its inputs are {}", listed(names)));
            let message = format!("`{name}` has no input `{}`", key.name);
            report.judge(Diagnostic::new(Code::UnknownInput, key.span.clone(), message).help(help));
        }
    }
    mappings(report, uses, &given)
}

/// Reads `with` of a mail: every value of the template and no other.
pub fn of_template(
    report: &mut Report<'_>,
    uses: &mut Uses,
    entries: &Entries<'_>,
    named: (&str, &Span),
    template: &TemplateSpec,
) -> Option<With> {
    let (name, name_at) = named;
    let given = given(report, entries)?;
    for value in template.values.iter().filter(|value| given.get(value).is_none()) {
        let message = format!("the template `{name}` needs the value `{value}`");
        report.judge(
            Diagnostic::new(Code::MissingValue, name_at.clone(), message)
                .help(format!("add it: `with: {{ {value}: … }}`")),
        );
    }
    for (key, _) in given.entries.iter().filter(|(key, _)| !template.values.contains(&key.name)) {
        let message = format!("the template `{name}` does not use the value `{}`", key.name);
        let help = did_you_mean(&key.name, template.values.iter().map(String::as_str));
        report.judge(Diagnostic::new(Code::UnknownValue, key.span.clone(), message).maybe_help(help));
    }
    mappings(report, uses, &given)
}

/// Reads `with` of something that takes anything.
pub fn of_anything(report: &mut Report<'_>, uses: &mut Uses, entries: &Entries<'_>) -> Option<With> {
    let given = given(report, entries)?;
    mappings(report, uses, &given)
}

/// Reads `show` of a wait: what the front end of the waiting person needs.
pub fn shown(report: &mut Report<'_>, uses: &mut Uses, entries: &Entries<'_>) -> Option<With> {
    let Some((key, node)) = entries.get("show") else { return Some(With::new()) };
    let given = report.entries(node, key.span.clone(), "`show`")?;
    mappings(report, uses, &given)
}

/// The entries of `with`; none when it is not there.
fn given<'n>(report: &mut Report<'_>, entries: &Entries<'n>) -> Option<Entries<'n>> {
    match entries.get("with") {
        Some((key, node)) => report.entries(node, key.span.clone(), "`with`"),
        None => Some(Entries { what: "`with`".to_owned(), at: entries.at.clone(), entries: Vec::new() }),
    }
}

/// The policy, overlaid by `retry`.
pub fn retry(report: &mut Report<'_>, entries: &Entries<'_>, base: &Policy) -> Policy {
    let mut policy = base.clone();
    let Some((key, node)) = entries.get("retry") else { return policy };
    let Some(given) = report.entries(node, key.span.clone(), "`retry`") else { return policy };
    given.only(report, &["attempts", "first", "max", "deadline", "settle", "look_ups"]);
    for (key, node) in &given.entries {
        let what = format!("`retry.{}`", key.name);
        match key.name.as_str() {
            "attempts" => policy.attempts = count(report, node, &key.span, &what).unwrap_or(policy.attempts),
            "look_ups" => policy.look_ups = count(report, node, &key.span, &what).unwrap_or(policy.look_ups),
            "first" => policy.first = report.duration(node, &key.span, &what).unwrap_or(policy.first),
            "max" => policy.max = report.duration(node, &key.span, &what).unwrap_or(policy.max),
            "deadline" => policy.deadline = report.duration(node, &key.span, &what).unwrap_or(policy.deadline),
            "settle" => policy.settle = report.duration(node, &key.span, &what).unwrap_or(policy.settle),
            _ => {}
        }
    }
    let contradiction = if policy.first > policy.max {
        Some(format!("the first wait ({}) is longer than the longest ({})", policy.first, policy.max))
    } else if policy.first > policy.deadline {
        Some(format!("the first wait ({}) is longer than the deadline ({})", policy.first, policy.deadline))
    } else {
        None
    };
    if let Some(why) = contradiction {
        let diagnostic =
            Diagnostic::new(Code::BadRetry, key.span.clone(), format!("this retry rule contradicts itself: {why}"));
        report.add(diagnostic.note("what `retry` does not say is taken from the provider's own rule"));
    }
    policy
}

/// A whole number from 1 to 1000.
fn count(report: &mut Report<'_>, node: &Node, at: &Span, what: &str) -> Option<u32> {
    let read = match &node.shape {
        Shape::Literal(Value::Number(number)) => number.as_u64().and_then(|count| u32::try_from(count).ok()),
        _ => None,
    };
    let read = read.filter(|count| (1..=1000).contains(count));
    if read.is_none() {
        let at = if node.span.is_empty() { at.clone() } else { node.span.clone() };
        report.add(Diagnostic::new(Code::BadRetry, at, format!("{what} must be a whole number from 1 to 1000")));
    }
    read
}
