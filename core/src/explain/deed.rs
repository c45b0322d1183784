//! The words for what was asked of a far end: who was asked, and to do what. A target as the onboarding names it enters;
//! parts of sentences leave.

use super::View;
use crate::phrases::Phrases;

/// What was asked of a far end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Deed<'a> {
    pub kind: Kind<'a>,
    /// Who was asked: `Original`, `the mail server`.
    pub who: String,
    /// After "could not": `make the user`.
    pub clause: String,
    /// After who: `made the user`.
    pub done: String,
    /// A whole clause: `the user was made`.
    pub happened: Option<String>,
}

/// What kind of thing was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind<'a> {
    Call(&'a str),
    Mail(&'a str),
    Publish,
    Start,
}

impl View<'_> {
    pub(super) fn deed<'t>(&self, target: &'t str) -> Deed<'t> {
        deed(self.phrases, target)
    }
}

/// What this target is, in words.
pub(super) fn deed<'t>(phrases: &Phrases, target: &'t str) -> Deed<'t> {
    let of = |kind, who: &str, clause: String, done: String, happened| Deed {
        kind,
        who: who.to_owned(),
        clause,
        done,
        happened,
    };
    match target.split_once(' ') {
        Some(("mail", template)) => {
            let mail = mail(template);
            let happened = Some(format!("{mail} was sent"));
            let server = "the mail server";
            of(Kind::Mail(template), server, format!("take {mail}"), format!("took {mail}"), happened)
        }
        Some(("publish", kind)) => {
            let (clause, done) = (format!("take the message {kind}"), format!("took the message {kind}"));
            of(Kind::Publish, "the message broker", clause, done, None)
        }
        Some(("start", flow)) => {
            of(Kind::Start, "gangway", format!("begin the flow {flow}"), format!("began the flow {flow}"), None)
        }
        _ => call(phrases, target),
    }
}

fn call<'t>(phrases: &Phrases, target: &'t str) -> Deed<'t> {
    let who = phrases.title(target.split_once('.').map_or(target, |(provider, _)| provider)).to_owned();
    let spoken = phrases.actions.get(target);
    let said = |text: Option<&String>| text.filter(|text| !text.is_empty()).cloned();
    Deed {
        kind: Kind::Call(target),
        who,
        clause: said(spoken.map(|spoken| &spoken.clause)).unwrap_or_else(|| format!("do {target}")),
        done: said(spoken.map(|spoken| &spoken.done)).unwrap_or_else(|| format!("did {target}")),
        happened: said(spoken.map(|spoken| &spoken.happened)),
    }
}

/// What people call a mail: `the welcome mail`.
pub(super) fn mail(template: &str) -> String {
    format!("the {} mail", template.replace(['-', '_'], " "))
}

/// A clause as the beginning of a sentence. Names keep their first letter as their owners write it: `walt.id`.
pub(super) fn begin(clause: &str) -> String {
    let mut letters = clause.chars();
    let first = letters.next().filter(|_| clause.split(' ').next().is_some_and(|word| !word.contains('.')));
    match first {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => clause.to_owned(),
    }
}
