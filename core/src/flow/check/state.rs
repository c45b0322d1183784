//! States: one verb each, the keys that belong to it, and a next state for every outcome.

use std::collections::BTreeSet;

use crate::flow::check::entries::{Entries, Report};
use crate::flow::check::with::Uses;
use crate::flow::check::{choose, start, top, verbs, wait};
use crate::flow::diagnostic::{Code, Diagnostic};
use crate::flow::model::{Outcomes, State, Verb};
use crate::flow::parse::{Key, Node, Shape, Span};
use crate::flow::words::{did_you_mean, is_name, listed};

/// Every verb.
pub const VERBS: [&str; 9] = ["call", "await", "mail", "publish", "choose", "wait", "start", "ask", "end"];
/// Keys of states that are no verbs.
const OTHER_KEYS: [&str; 9] = ["title", "headline", "help", "with", "retry", "outcomes", "poll", "within", "show"];

/// A state as far as it could be read.
#[derive(Debug)]
pub struct Draft {
    /// Its name.
    pub name: String,
    /// Where its name stands.
    pub at: Span,
    /// The state, when all of it could be read.
    pub state: Option<State>,
    /// Where its outcomes lead.
    pub edges: Vec<Edge>,
    /// What its values read.
    pub uses: Uses,
    /// Secret fields that its answers hand over.
    pub hands_over: BTreeSet<String>,
    /// The flow that it starts, and where that name stands.
    pub starts: Option<(String, Span)>,
    /// The flows that must end before it goes on, and where those names stand.
    pub ends: Vec<(String, Span)>,
    /// Whether it is an end.
    pub is_end: bool,
    /// Whether its outcomes and what they write are not known, because it could not be read.
    pub is_broken: bool,
    /// Whether it may lead where the file does not say, because it is broken or forgets an outcome.
    pub is_open: bool,
}

/// One outcome of a state.
#[derive(Debug)]
pub struct Edge {
    /// The outcome.
    pub outcome: String,
    /// The next state's name.
    pub target: String,
    /// Where that name stands.
    pub at: Span,
    /// What the outcome writes.
    pub writes: Writes,
}

/// What an outcome writes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Writes {
    /// Fields that are always there.
    pub always: BTreeSet<String>,
    /// Fields that may be there.
    pub maybe: BTreeSet<String>,
    /// Whether any other field may be there (the data of an internal event).
    pub anything: bool,
}

impl Writes {
    /// What is written when either of two ways leads to the same outcome.
    #[must_use]
    pub fn either(&self, other: &Self) -> Self {
        let always: BTreeSet<_> = self.always.intersection(&other.always).cloned().collect();
        let all = self.always.iter().chain(&other.always).chain(&self.maybe).chain(&other.maybe);
        let maybe = all.filter(|field| !always.contains(*field)).cloned().collect();
        Self { always, maybe, anything: self.anything || other.anything }
    }
}

/// An outcome that a state can have, and what it writes.
pub type Expected = (String, Writes);

/// Reads all states.
pub fn read_all(report: &mut Report<'_>, top: &Entries<'_>) -> Vec<Draft> {
    let Some((key, node)) = top.need(report, "states") else { return Vec::new() };
    let Some(states) = report.entries(node, key.span.clone(), "`states`") else { return Vec::new() };
    if states.entries.is_empty() {
        report.add(Diagnostic::new(Code::MissingKey, key.span.clone(), "a flow needs at least one state"));
    }
    states.entries.iter().map(|(key, node)| read(report, key, node)).collect()
}

fn read(report: &mut Report<'_>, key: &Key, node: &Node) -> Draft {
    let mut draft = Draft {
        name: key.name.clone(),
        at: key.span.clone(),
        state: None,
        edges: Vec::new(),
        uses: Uses::default(),
        hands_over: BTreeSet::new(),
        starts: None,
        ends: Vec::new(),
        is_end: false,
        is_broken: false,
        is_open: false,
    };
    if !is_name(&key.name) {
        report.bad_name(key.span.clone(), &key.name, "a state");
    }
    let what = format!("state `{}`", key.name);
    let verb = report.entries(node, key.span.clone(), what).and_then(|entries| {
        let title = top::sentence(report, &entries, "title");
        let (headline, help) = (top::sentence(report, &entries, "headline"), top::sentence(report, &entries, "help"));
        let verb = verb(report, &mut draft, &entries)?;
        Some(State { title, headline, help, verb })
    });
    draft.is_broken = verb.is_none();
    draft.is_open |= draft.is_broken || (draft.edges.is_empty() && !draft.is_end);
    draft.state = verb;
    draft
}

/// Finds the one verb, and reads the state as that verb wants it.
fn verb(report: &mut Report<'_>, draft: &mut Draft, entries: &Entries<'_>) -> Option<Verb> {
    let found: Vec<&Key> =
        entries.entries.iter().map(|(key, _)| *key).filter(|key| VERBS.contains(&key.name.as_str())).collect();
    match found.as_slice() {
        [] => {
            no_verb(report, entries);
            // Where its outcomes lead is still worth knowing: fewer states look unreachable.
            outcomes(report, draft, entries, None);
            None
        }
        [key] => match key.name.as_str() {
            "call" => verbs::call(report, draft, entries),
            "await" => wait::read(report, draft, entries),
            "mail" => verbs::mail(report, draft, entries),
            "publish" => verbs::publish(report, draft, entries),
            "choose" => choose::read(report, draft, entries),
            "wait" => verbs::wait(report, draft, entries),
            "start" => start::read(report, draft, entries),
            "ask" => verbs::ask(report, draft, entries),
            _ => verbs::end(report, draft, entries),
        },
        [_, second, ..] => {
            let verbs = listed(found.iter().map(|key| key.name.as_str()));
            let message = format!("{} does more than one thing: {verbs}", entries.what);
            let help = "a state has one verb; make a state for each and let an outcome lead to the next";
            report.add(Diagnostic::new(Code::ManyVerbs, second.span.clone(), message).help(help));
            outcomes(report, draft, entries, None);
            None
        }
    }
}

fn no_verb(report: &mut Report<'_>, entries: &Entries<'_>) {
    let strange = entries.entries.iter().map(|(key, _)| *key).find(|key| !OTHER_KEYS.contains(&key.name.as_str()));
    let known = format!("verbs are {}", listed(VERBS));
    let diagnostic = match strange {
        Some(key) => {
            let diagnostic =
                Diagnostic::new(Code::UnknownVerb, key.span.clone(), format!("unknown verb `{}`", key.name));
            diagnostic.help(did_you_mean(&key.name, VERBS).unwrap_or(known))
        }
        None => {
            let message = format!("{} does nothing", entries.what);
            Diagnostic::new(Code::NoVerb, entries.at.clone(), message).help(known)
        }
    };
    report.add(diagnostic);
}

/// Reads `outcomes`. `expected` is every outcome that the state can have; `None` when that is not known.
pub fn outcomes(
    report: &mut Report<'_>,
    draft: &mut Draft,
    entries: &Entries<'_>,
    expected: Option<&[Expected]>,
) -> Option<Outcomes> {
    let Some((key, node)) = entries.get("outcomes") else {
        if let Some(expected) = expected {
            let names = expected.iter().map(|(name, _)| name.as_str());
            let diagnostic =
                Diagnostic::new(Code::MissingKey, entries.at.clone(), format!("{} has no `outcomes`", entries.what));
            report.add(diagnostic.help(format!("name the next state for {}", listed(names))));
        }
        return None;
    };
    let given = report.entries(node, key.span.clone(), format!("the outcomes of {}", entries.what))?;
    let known = |name: &str| expected.and_then(|all| all.iter().find(|(known, _)| known == name));
    for (key, node) in &given.entries {
        let Some(target) = report.text(node, &key.span, "a next state") else { continue };
        let writes = known(&key.name).map(|(_, writes)| writes.clone()).unwrap_or_default();
        let edge = Edge { outcome: key.name.clone(), target: target.to_owned(), at: node.span.clone(), writes };
        draft.edges.push(edge);
    }
    if let Some(expected) = expected {
        draft.is_open |= !complete(report, entries, &given, expected);
    }
    let read: Option<Outcomes> = given
        .entries
        .iter()
        .map(|(key, node)| match &node.shape {
            Shape::Text(target) => Some((key.name.clone(), target.clone())),
            _ => None,
        })
        .collect();
    read
}

/// Every outcome that can be, and no other. Answers whether none is forgotten.
pub fn complete(report: &mut Report<'_>, state: &Entries<'_>, given: &Entries<'_>, expected: &[Expected]) -> bool {
    let names = || expected.iter().map(|(name, _)| name.as_str());
    for (key, _) in given.entries.iter().filter(|(key, _)| !names().any(|name| name == key.name)) {
        let message = format!("{} cannot have the outcome `{}`", state.what, key.name);
        let help = did_you_mean(&key.name, names()).unwrap_or_else(|| format!("its outcomes are {}", listed(names())));
        report.judge(Diagnostic::new(Code::ForeignOutcome, key.span.clone(), message).help(help));
    }
    let forgotten: Vec<&str> = names().filter(|name| given.get(name).is_none()).collect();
    for name in &forgotten {
        let message = format!("{} does not handle the outcome `{name}`", state.what);
        let help = format!("say what follows: `{name}: STATE`");
        report.judge(Diagnostic::new(Code::ForgottenOutcome, given.at.clone(), message).help(help));
    }
    forgotten.is_empty()
}
