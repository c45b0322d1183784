//! `secrets`: what is cut out of events and answers, made here, and handed to calls and mails only. A name is known
//! for the whole flow; from every state it is known which secrets may still be read, and no other is kept.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;

use crate::flow::check::entries::{Entries, Report};
use crate::flow::check::state::Draft;
use crate::flow::check::top;
use crate::flow::diagnostic::{Code, Diagnostic};
use crate::flow::model::{SecretSource, SecretSpec, State, Verb};
use crate::flow::parse::{Key, Node, Span};
use crate::flow::words::{did_you_mean, is_name, listed};
use crate::secret::PasswordRule;

/// A secret of the file, as far as it could be read.
#[derive(Clone, Debug)]
pub struct Declared {
    /// What it is.
    pub spec: SecretSpec,
    /// Where its state's name stands, when a state's answer hands it over.
    pub state_at: Option<(Span, Span)>,
}

/// The file's secrets by name.
pub type All = IndexMap<String, Declared>;

/// Where a state uses a secret.
#[derive(Clone, Debug)]
pub struct SecretUse {
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub at: Span,
}

/// The name, when a text is `secrets.NAME` and nothing else.
#[must_use]
pub fn secret_named(source: &str) -> Option<&str> {
    source.trim().strip_prefix("secrets.").filter(|name| is_name(name))
}

/// Reads `secrets`.
pub fn read(report: &mut Report<'_>, top: &Entries<'_>) -> All {
    let Some((key, node)) = top.get("secrets") else { return All::new() };
    let Some(entries) = report.entries(node, key.span.clone(), "`secrets`") else { return All::new() };
    let mut all = All::new();
    for (key, node) in &entries.entries {
        if !is_name(&key.name) {
            report.bad_name(key.span.clone(), &key.name, "a secret");
        }
        if let Some(declared) = one(report, key, node) {
            all.insert(key.name.clone(), declared);
        }
    }
    all
}

fn one(report: &mut Report<'_>, key: &Key, node: &Node) -> Option<Declared> {
    let what = format!("the secret `{}`", key.name);
    let entries = report.entries(node, key.span.clone(), what)?;
    entries.only(report, &["event", "state", "field", "generate"]);
    let (event, state, generate) = (entries.get("event"), entries.get("state"), entries.get("generate"));
    if event.is_some() == state.is_some() && (event.is_some() || generate.is_none()) {
        let message = format!("{} must come from one place", entries.what);
        let help = "say `{ event: TYPE, field: FIELD }`, `{ state: STATE, field: FIELD }` or `{ generate: RULE }`";
        report.add(Diagnostic::new(Code::BadSecret, key.span.clone(), message).help(help));
        return None;
    }
    let field = match event.or(state) {
        Some(_) => {
            let (key, node) = entries.need(report, "field")?;
            let text = report.text(node, &key.span, "`field`")?;
            if text.split('.').any(str::is_empty) {
                let diagnostic =
                    Diagnostic::new(Code::BadSecret, node.span.clone(), format!("`{text}` is not a field"));
                report.add(diagnostic.help("write it as `field` or `outer.inner`, without the root `data`"));
                return None;
            }
            text.split('.').map(str::to_owned).collect()
        }
        None => Vec::new(),
    };
    let mut state_at = None;
    let source = if let Some((key, node)) = event {
        let kind = top::event_type(report, node, &key.span, "the type of an event")?;
        Some(SecretSource::Event { kind, field })
    } else if let Some((key, node)) = state {
        state_at = Some((node.span.clone(), entries.get("field").map_or(0..0, |(_, node)| node.span.clone())));
        Some(SecretSource::State { state: report.name(node, &key.span, "a state")?.to_owned(), field: field.join(".") })
    } else {
        None
    };
    let generate = match generate {
        Some((key, node)) => Some(rule(report, key, node)?),
        None => None,
    };
    Some(Declared { spec: SecretSpec { source, generate }, state_at })
}

fn rule(report: &mut Report<'_>, key: &Key, node: &Node) -> Option<PasswordRule> {
    let name = report.text(node, &key.span, "`generate`")?;
    let rules = &report.catalogue.passwords;
    if let Some(rule) = rules.get(name) {
        return Some(rule.clone());
    }
    let known = rules.keys().map(String::as_str);
    let help = did_you_mean(name, known.clone()).unwrap_or_else(|| format!("rules are {}", listed(known)));
    report.judge(Diagnostic::new(Code::BadSecret, node.span.clone(), format!("no password rule `{name}`")).help(help));
    report.stored.then_some(PasswordRule::CAREFUL)
}

/// Which secrets may be read in a state or later.
pub type Readers = BTreeMap<String, BTreeSet<String>>;

/// Checks where secrets come from and where they are used; answers, for every state, which secrets may be read in it
/// or later: any of that name, and those of that name that are there when the state is entered.
pub fn check(report: &mut Report<'_>, all: &All, states: &[Draft]) -> (Readers, Readers) {
    for (name, declared) in all {
        origin(report, name, declared, states);
    }
    for used in states.iter().flat_map(|state| &state.uses.secrets).filter(|used| !all.contains_key(&used.name)) {
        let names = all.keys().map(String::as_str);
        let help = did_you_mean(&used.name, names.clone()).unwrap_or_else(|| match all.is_empty() {
            true => "name it at the top of the file: `secrets: { NAME: { event: TYPE, field: FIELD } }`".to_owned(),
            false => format!("its secrets are {}", listed(names)),
        });
        let message = format!("the flow has no secret `{}`", used.name);
        report.add(Diagnostic::new(Code::BadSecret, used.at.clone(), message).help(help));
    }
    (needed(states, |_| BTreeSet::new()), needed(states, |draft| renewed(all, draft)))
}

/// A secret of a state's answer: the state exists, and one of its outcomes hands this field over.
fn origin(report: &mut Report<'_>, name: &str, declared: &Declared, states: &[Draft]) {
    let (Some(SecretSource::State { state, field }), Some((state_at, field_at))) =
        (&declared.spec.source, &declared.state_at)
    else {
        return;
    };
    let Some(draft) = states.iter().find(|draft| draft.name == *state) else {
        let names = states.iter().map(|draft| draft.name.as_str());
        let diagnostic = Diagnostic::new(Code::BadSecret, state_at.clone(), format!("there is no state `{state}`"));
        return report.add(diagnostic.maybe_help(did_you_mean(state, names)));
    };
    if draft.is_broken || draft.hands_over.contains(field) {
        return;
    }
    let known = draft.hands_over.iter().map(String::as_str);
    let help = did_you_mean(field, known.clone()).unwrap_or_else(|| format!("it hands over {}", listed(known)));
    let message = format!("`{state}` hands over no secret `{field}`, which should become `{name}`");
    report.judge(Diagnostic::new(Code::BadSecret, field_at.clone(), message).help(help));
}

/// The secrets that come anew on every way out of this state: its answer hands them over, or it awaits their event.
fn renewed(all: &All, draft: &Draft) -> BTreeSet<String> {
    let awaits = |kind: &str| match &draft.state {
        Some(State { verb: Verb::Await(wait), .. }) => wait.arrivals.values().any(|awaited| awaited.name == kind),
        _ => false,
    };
    let renews = |declared: &Declared| match &declared.spec.source {
        Some(SecretSource::State { state, .. }) => *state == draft.name,
        Some(SecretSource::Event { kind, .. }) => awaits(kind),
        None => false,
    };
    all.iter().filter(|(_, declared)| renews(declared)).map(|(name, _)| name.clone()).collect()
}

/// For every state, the secrets that are read in it or in any state that can follow, except for what comes anew on the
/// way.
fn needed(states: &[Draft], anew: impl Fn(&Draft) -> BTreeSet<String>) -> Readers {
    let own = |draft: &Draft| draft.uses.secrets.iter().map(|used| used.name.clone()).collect::<BTreeSet<_>>();
    let mut needed: Readers = states.iter().map(|draft| (draft.name.clone(), own(draft))).collect();
    loop {
        let mut grown = false;
        for draft in states {
            let after = draft.edges.iter().filter_map(|edge| needed.get(&edge.target)).flatten();
            let anew = anew(draft);
            let after: BTreeSet<String> = after.filter(|name| !anew.contains(*name)).cloned().collect();
            if let Some(here) = needed.get_mut(&draft.name) {
                let before = here.len();
                here.extend(after);
                grown |= here.len() > before;
            }
        }
        if !grown {
            return needed;
        }
    }
}
