//! The verbs `call`, `mail`, `publish`, `wait`, `ask` and `end`.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use crate::catalogue::{ActionSpec, OutcomeSpec};
use crate::flow::check::entries::{Entries, Report};
use crate::flow::check::state::{Draft, Expected, Writes, outcomes};
use crate::flow::check::{start, top, with};
use crate::flow::diagnostic::{Code, Diagnostic};
use crate::flow::model::{Call, End, EndStatus, Mail, Publish, Verb};
use crate::flow::parse::{Node, Shape, Span};
use crate::flow::words::{did_you_mean, is_name, listed};

/// Finds an action of the catalogue. In a stored version there is every action.
pub fn action<'c>(report: &mut Report<'c>, node: &Node, at: &Span) -> Option<(String, &'c ActionSpec)> {
    let name = report.text(node, at, "an action")?;
    let catalogue = report.catalogue;
    if let Some(spec) = catalogue.actions.get(name) {
        return Some((name.to_owned(), spec));
    }
    let diagnostic = Diagnostic::new(Code::UnknownAction, node.span.clone(), format!("unknown action `{name}`"));
    let prefix = name.split_once('.').map_or(name, |(prefix, _)| prefix);
    let of_provider = catalogue.actions.keys().filter(|known| known.split_once('.').is_some_and(|(p, _)| p == prefix));
    let providers = || catalogue.providers.iter().map(String::as_str);
    // Another provider's action is no better guess for a provider that is not there.
    let near = catalogue.providers.contains(prefix) || did_you_mean(prefix, providers()).is_some();
    let meant = did_you_mean(name, catalogue.actions.keys().map(String::as_str)).filter(|_| near);
    let help = meant.unwrap_or_else(|| {
        if catalogue.providers.contains(prefix) {
            format!("`{prefix}` offers {}", listed(of_provider.map(String::as_str)))
        } else {
            let known = listed(providers());
            format!("an action is written `PROVIDER.ACTION`; providers are {known}; others are set up in the settings")
        }
    });
    report.judge(diagnostic.help(help));
    report.stored.then(|| (name.to_owned(), &*GONE))
}

/// What is known of an action that is not there any more: nothing, so the careful manner.
static GONE: LazyLock<ActionSpec> = LazyLock::new(|| ActionSpec { effectful: true, ..ActionSpec::default() });

/// The outcomes of an action, with what each writes.
pub fn expected(action: &ActionSpec) -> Vec<Expected> {
    action.outcomes.iter().map(|outcome| (outcome.name.clone(), writes(outcome))).collect()
}

fn writes(outcome: &OutcomeSpec) -> Writes {
    Writes {
        always: outcome.writes.iter().cloned().collect(),
        maybe: outcome.may_write.iter().filter(|field| !outcome.writes.contains(field)).cloned().collect(),
        anything: false,
    }
}

/// The secret fields that any outcome of an action hands over.
pub fn hands_over(action: &ActionSpec) -> BTreeSet<String> {
    action.outcomes.iter().flat_map(|outcome| outcome.secrets.iter().cloned()).collect()
}

/// `call`.
pub fn call(report: &mut Report<'_>, draft: &mut Draft, entries: &Entries<'_>) -> Option<Verb> {
    entries.only(report, &["call", "title", "with", "retry", "outcomes"]);
    let (key, node) = entries.get("call")?;
    draft.uses.takes_secrets = true;
    let Some((name, spec)) = action(report, node, &key.span) else {
        outcomes(report, draft, entries, None);
        with::of_anything(report, &mut draft.uses, entries);
        return None;
    };
    let with = with::of_action(report, &mut draft.uses, entries, (&name, &node.span), spec);
    let policy = with::retry(report, entries, &spec.policy);
    draft.hands_over = hands_over(spec);
    let outcomes = outcomes(report, draft, entries, Some(&expected(spec)));
    Some(Verb::Call(Call {
        action: name,
        with: with.unwrap_or_default(),
        outcomes: outcomes?,
        policy,
        effectful: spec.effectful,
        look_up: spec.look_up,
    }))
}

/// `mail`.
pub fn mail(report: &mut Report<'_>, draft: &mut Draft, entries: &Entries<'_>) -> Option<Verb> {
    entries.only(report, &["mail", "title", "with", "retry", "outcomes"]);
    let (key, node) = entries.get("mail")?;
    draft.uses.takes_secrets = true;
    let policy = with::retry(report, entries, &report.catalogue.mail.clone());
    let expected = [plain("sent"), plain("refused")];
    let outcomes = outcomes(report, draft, entries, Some(&expected));
    let name = report.text(node, &key.span, "a template")?;
    let catalogue = report.catalogue;
    let with = match catalogue.templates.get(name) {
        Some(template) => with::of_template(report, &mut draft.uses, entries, (name, &node.span), template),
        None => {
            let names = catalogue.templates.keys().map(String::as_str);
            let help = did_you_mean(name, names.clone()).unwrap_or_else(|| format!("templates are {}", listed(names)));
            let diagnostic =
                Diagnostic::new(Code::UnknownTemplate, node.span.clone(), format!("unknown template `{name}`"));
            report.judge(diagnostic.help(help));
            with::of_anything(report, &mut draft.uses, entries)
        }
    };
    Some(Verb::Mail(Mail { template: name.to_owned(), with: with.unwrap_or_default(), outcomes: outcomes?, policy }))
}

/// `publish`.
pub fn publish(report: &mut Report<'_>, draft: &mut Draft, entries: &Entries<'_>) -> Option<Verb> {
    entries.only(report, &["publish", "title", "with", "retry", "outcomes"]);
    let (key, node) = entries.get("publish")?;
    let policy = with::retry(report, entries, &report.catalogue.publish.clone());
    let outcomes = outcomes(report, draft, entries, Some(&[plain("sent")]));
    let with = with::of_anything(report, &mut draft.uses, entries);
    let event_type = top::event_type(report, node, &key.span, "the type of a message")?;
    top::not_reserved(report, &event_type, &node.span);
    Some(Verb::Publish(Publish { event_type, with: with.unwrap_or_default(), outcomes: outcomes?, policy }))
}

/// An outcome that writes nothing.
pub fn plain(name: &str) -> Expected {
    (name.to_owned(), Writes::default())
}

/// `wait`.
pub fn wait(report: &mut Report<'_>, draft: &mut Draft, entries: &Entries<'_>) -> Option<Verb> {
    entries.only(report, &["wait", "title", "outcomes"]);
    let (key, node) = entries.get("wait")?;
    let length = report.duration(node, &key.span, "`wait`");
    let outcomes = outcomes(report, draft, entries, Some(&[plain("over")]));
    Some(Verb::Wait { length: length?, outcomes: outcomes? })
}

/// `ask`.
pub fn ask(report: &mut Report<'_>, draft: &mut Draft, entries: &Entries<'_>) -> Option<Verb> {
    entries.only(report, &["ask", "title", "headline", "help", "outcomes"]);
    let (key, node) = entries.get("ask")?;
    let whom = report.name(node, &key.span, "whom to ask").map(str::to_owned);
    if entries.get("outcomes").is_none() {
        let diagnostic =
            Diagnostic::new(Code::MissingKey, entries.at.clone(), format!("{} has no `outcomes`", entries.what));
        report.add(diagnostic.help("name what the person may choose, and the next state for each"));
        return None;
    }
    let outcomes = outcomes(report, draft, entries, None)?;
    if outcomes.is_empty() {
        let message = format!("{} gives the person nothing to choose", entries.what);
        report.add(Diagnostic::new(Code::ForgottenOutcome, entries.at.clone(), message));
    }
    if let Some((_, node)) = entries.get("outcomes") {
        let given = report.entries(node, entries.at.clone(), "").map(|given| given.entries).unwrap_or_default();
        for (key, _) in given.into_iter().filter(|(key, _)| !is_name(&key.name)) {
            report.bad_name(key.span.clone(), &key.name, "an outcome");
        }
    }
    Some(Verb::Ask { whom: whom?, outcomes })
}

/// `end`.
pub fn end(report: &mut Report<'_>, draft: &mut Draft, entries: &Entries<'_>) -> Option<Verb> {
    entries.only(report, &["end", "title", "with"]);
    draft.is_end = true;
    let with = with::of_anything(report, &mut draft.uses, entries);
    own_field(report, entries);
    let (key, node) = entries.get("end")?;
    let name = report.text(node, &key.span, "an end")?;
    let status = match name {
        "completed" => EndStatus::Completed,
        "failed" => EndStatus::Failed,
        "cancelled" => EndStatus::Cancelled,
        _ => {
            let ends = ["completed", "failed", "cancelled"];
            let help = did_you_mean(name, ends).unwrap_or_else(|| format!("ends are {}", listed(ends)));
            report
                .add(Diagnostic::new(Code::UnknownEnd, node.span.clone(), format!("unknown end `{name}`")).help(help));
            return None;
        }
    };
    Some(Verb::End(End { status, with: with? }))
}

/// What the end tells anyway cannot be told otherwise.
fn own_field(report: &mut Report<'_>, entries: &Entries<'_>) {
    let Some((_, Node { shape: Shape::Map(given), .. })) = entries.get("with") else { return };
    for (key, _) in given.iter().filter(|(key, _)| key.name == start::CHILD) {
        let message = format!("`{}` is told by every end", start::CHILD);
        report.add(Diagnostic::new(Code::UnknownValue, key.span.clone(), message).help("leave it out"));
    }
}
