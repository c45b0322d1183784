//! The head of a flow file: name, version, title, start.

use serde_json::Value;

use crate::event::OF_FLOWS;
use crate::flow::check::entries::{Entries, Report};
use crate::flow::check::with::{self, Uses};
use crate::flow::diagnostic::{Code, Diagnostic};
use crate::flow::expr::{Expr, Mapping};
use crate::flow::model::{Start, StartEvent};
use crate::flow::parse::{Node, Shape, Span};
use crate::flow::words::is_event_type;
use crate::onboarding::FlowRef;

/// The head, as far as it could be read.
#[derive(Debug, Default)]
pub struct Header {
    /// Name and version.
    pub id: Option<FlowRef>,
    /// Where the version stands.
    pub version_at: Span,
    /// What people call the flow.
    pub title: Option<String>,
    /// How it begins.
    pub start: Option<Start>,
    /// The type of the start event, and where it stands.
    pub on: Option<(String, Span)>,
    /// The expressions of the start.
    pub uses: Uses,
}

/// Reads the head, and gives all of the file's entries.
pub fn read<'n>(report: &mut Report<'_>, root: &'n Node) -> (Header, Option<Entries<'n>>) {
    let mut header = Header::default();
    let at = match &root.shape {
        Shape::Map(entries) => entries.first().map_or(0..0, |(key, _)| key.span.clone()),
        _ => root.span.clone(),
    };
    let Some(top) = report.entries(root, at, "a flow file") else { return (header, None) };
    top.only(report, &["flow", "version", "title", "start", "secrets", "states"]);
    let name = top.need(report, "flow").and_then(|(key, node)| report.name(node, &key.span, "a flow"));
    let version = top.need(report, "version").and_then(|(key, node)| {
        header.version_at = if node.span.is_empty() { key.span.clone() } else { node.span.clone() };
        version(report, node, &header.version_at)
    });
    header.id = name.zip(version).map(|(name, version)| FlowRef { name: name.to_owned(), version });
    header.title = sentence(report, &top, "title");
    if let Some((key, node)) = top.need(report, "start") {
        start(report, &mut header, node, &key.span);
    }
    (header, Some(top))
}

/// What this key says to people, if it is there.
pub fn sentence(report: &mut Report<'_>, entries: &Entries<'_>, name: &str) -> Option<String> {
    let (key, node) = entries.get(name)?;
    report.text(node, &key.span, &format!("a {name}")).map(str::to_owned)
}

fn version(report: &mut Report<'_>, node: &Node, at: &Span) -> Option<u32> {
    let read = match &node.shape {
        Shape::Literal(Value::Number(number)) => number.as_u64().and_then(|version| u32::try_from(version).ok()),
        _ => None,
    };
    let read = read.filter(|version| (1..=1_000_000).contains(version));
    if read.is_none() {
        let diagnostic = Diagnostic::new(Code::BadVersion, at.clone(), "a version is a whole number from 1");
        report.add(diagnostic.help("begin with `version: 1`; add one whenever the flow changes"));
    }
    read
}

fn start(report: &mut Report<'_>, header: &mut Header, node: &Node, at: &Span) {
    let Some(entries) = report.entries(node, at.clone(), "`start`") else { return };
    entries.only(report, &["on", "user", "again"]);
    let again = entries.get("again").map_or(Some(false), |(key, node)| truth(report, node, &key.span));
    if entries.get("on").is_none() && entries.get("user").is_none() {
        // Other flows start it, and they know the user.
        header.start = again.map(|again| Start { on: None, again });
        return;
    }
    let on = entries.need(report, "on").and_then(|(key, node)| {
        let on = event_type(report, node, &key.span, "`start.on`")?;
        Some((on, node.span.clone()))
    });
    if let Some((on, at)) = &on {
        not_reserved(report, on, at);
        if let Some(provider) = provider_of(report, on) {
            let message = format!("a flow cannot begin with `{on}`: that is a fact of the provider `{provider}`");
            let help = "a flow begins with an internal event, such as `user.signed_up`; await the fact in a state";
            report.judge(Diagnostic::new(Code::StartFromProvider, at.clone(), message).help(help));
        }
    }
    header.on = on;
    let user = entries.need(report, "user").and_then(|(key, node)| {
        let user = report.entries(node, key.span.clone(), "`start.user`")?;
        user.only(report, &["id", "email", "locale"]);
        user.need(report, "id");
        Some(user)
    });
    let Some(user) = user else { return };
    let external_id = expression(report, header, &user, "id");
    let email = expression(report, header, &user, "email");
    let locale = expression(report, header, &user, "locale");
    header.start = match (&header.on, external_id, again) {
        (Some((on, _)), Some(external_id), Some(again)) => {
            let on = StartEvent { event_type: on.clone(), external_id, email, locale };
            Some(Start { on: Some(on), again })
        }
        _ => None,
    };
}

fn truth(report: &mut Report<'_>, node: &Node, at: &Span) -> Option<bool> {
    match &node.shape {
        Shape::Literal(Value::Bool(truth)) => Some(*truth),
        _ => {
            report.wrong_shape(node, at, "`again`", "`true` or `false`");
            None
        }
    }
}

/// One expression over the start event's data.
fn expression(report: &mut Report<'_>, header: &mut Header, user: &Entries<'_>, name: &str) -> Option<Expr> {
    let (key, node) = user.get(name)?;
    report.text(node, &key.span, &format!("`start.user.{name}`"))?;
    match with::mapping(report, &mut header.uses, node, &key.span)? {
        Mapping::Expr(expr) => Some(expr),
        _ => None,
    }
}

/// Reads the type of an event.
pub fn event_type(report: &mut Report<'_>, node: &Node, at: &Span, what: &str) -> Option<String> {
    let text = report.text(node, at, what)?;
    if is_event_type(text) {
        return Some(text.to_owned());
    }
    let help = "a type is words of letters, digits, `_` and `-` with dots between them, such as `user.signed_up`";
    let diagnostic =
        Diagnostic::new(Code::BadName, node.span.clone(), format!("`{text}` cannot be the type of an event"));
    report.add(diagnostic.help(help));
    None
}

/// Refuses types by which only gangway itself speaks.
pub fn not_reserved(report: &mut Report<'_>, event_type: &str, at: &Span) {
    if event_type.starts_with(OF_FLOWS) {
        let message = format!("`{event_type}` cannot be: types that begin with `{OF_FLOWS}` are gangway's own");
        let diagnostic = Diagnostic::new(Code::ReservedType, at.clone(), message);
        report.add(diagnostic.note("they tell an onboarding how the one that it started has ended"));
    }
}

/// The provider that would own a fact of this name: the prefix before the first dot.
pub fn provider_of(report: &Report<'_>, name: &str) -> Option<String> {
    let (prefix, _) = name.split_once('.')?;
    report.catalogue.providers.contains(prefix).then(|| prefix.to_owned())
}
