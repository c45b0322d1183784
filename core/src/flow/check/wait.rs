//! The verb `await`: facts and internal events, a poll, and how long at most.

use indexmap::IndexMap;

use crate::event::OF_FLOWS;
use crate::flow::check::entries::{Entries, Report};
use crate::flow::check::state::{Draft, Expected, Writes, complete, outcomes};
use crate::flow::check::{start, top, verbs, with};
use crate::flow::diagnostic::{Code, Diagnostic};
use crate::flow::model::{Await, Awaited, Poll, Verb};
use crate::flow::parse::{Key, Node, Shape, Span};
use crate::flow::words::{did_you_mean, duration, is_name, listed};
use crate::retry::Policy;
use crate::time::Millis;

/// The outcome of a wait for which nothing came in time.
const LATE: &str = "late";
/// What a poll outcome says when the wait goes on.
const KEEP: &str = "keep";

/// `await`.
pub fn read(report: &mut Report<'_>, draft: &mut Draft, entries: &Entries<'_>) -> Option<Verb> {
    entries.only(report, &["await", "title", "headline", "help", "poll", "within", "show", "outcomes"]);
    let (key, node) = entries.get("await")?;
    let mut expected: Vec<Expected> = Vec::new();
    let arrivals = arrivals(report, draft, &mut expected, node, &key.span);
    let within = within(report, entries);
    let show = with::shown(report, &mut draft.uses, entries);
    let poll = entries.get("poll").map(|(key, node)| (key, poll(report, draft, &mut expected, entries, key, node)));
    if poll.is_none() && arrivals.as_ref().is_some_and(IndexMap::is_empty) {
        let diagnostic =
            Diagnostic::new(Code::NothingAwaited, key.span.clone(), format!("{} waits for nothing", entries.what));
        report.add(diagnostic.help("name a fact or an event: `await: { arrived: PROVIDER.FACT }`, or add a `poll`"));
    }
    if let (Some((key, Some(poll))), Some(within)) = (&poll, within)
        && poll.after >= within
    {
        let message = format!("the first poll is due after {}, but the wait ends after {within}", poll.after);
        report.add(Diagnostic::new(Code::PollInterval, key.span.clone(), message));
    }
    // When a wait's arrivals or poll could not be read, its outcomes are unknown: do not complain about them.
    let readable = arrivals.is_some() && !matches!(poll, Some((_, None)));
    expected.push(verbs::plain(LATE));
    let outcomes = outcomes(report, draft, entries, readable.then_some(expected.as_slice()));
    let poll = match poll {
        None => None,
        Some((_, poll)) => Some(poll?),
    };
    let (arrivals, within, show) = (arrivals?, within?, show?);
    Some(Verb::Await(Box::new(Await { arrivals, poll, within, show, outcomes: outcomes? })))
}

fn within(report: &mut Report<'_>, entries: &Entries<'_>) -> Option<Millis> {
    if let Some((key, node)) = entries.get("within") {
        return report.duration(node, &key.span, "`within`");
    }
    let diagnostic = Diagnostic::new(Code::NoWithin, entries.at.clone(), format!("{} may wait for ever", entries.what));
    report.add(diagnostic.help("say how long at most: `within: 24h`, and where `late` leads"));
    None
}

/// What is awaited.
fn arrivals(
    report: &mut Report<'_>,
    draft: &mut Draft,
    expected: &mut Vec<Expected>,
    node: &Node,
    at: &Span,
) -> Option<IndexMap<String, Awaited>> {
    let entries = report.entries(node, at.clone(), "`await`")?;
    let mut arrivals: IndexMap<String, Awaited> = IndexMap::new();
    let mut all_read = true;
    for (key, node) in &entries.entries {
        if !is_name(&key.name) {
            report.bad_name(key.span.clone(), &key.name, "what is awaited");
        } else if [LATE, KEEP].contains(&key.name.as_str()) {
            let message = format!("`{}` cannot be the name of what is awaited", key.name);
            let help = "`late` is the outcome when nothing came in time, `keep` lets a poll go on";
            report.add(Diagnostic::new(Code::BadName, key.span.clone(), message).help(help));
        }
        let Some((awaited, writes)) = awaited(report, draft, node, &key.span) else {
            all_read = false;
            continue;
        };
        if arrivals.values().any(|other| other.name == awaited.name) {
            let message = format!("`{}` is awaited twice here: which outcome would it be?", awaited.name);
            report.add(Diagnostic::new(Code::AwaitedTwice, node.span.clone(), message));
        }
        expected.push((key.name.clone(), writes));
        arrivals.insert(key.name.clone(), awaited);
    }
    all_read.then_some(arrivals)
}

/// One fact or internal event.
fn awaited(report: &mut Report<'_>, draft: &mut Draft, node: &Node, at: &Span) -> Option<(Awaited, Writes)> {
    let name = top::event_type(report, node, at, "what is awaited")?;
    if name.starts_with(OF_FLOWS) {
        return start::awaited(report, draft, &name, &node.span);
    }
    let catalogue = report.catalogue;
    let Some(provider) = top::provider_of(report, &name) else {
        let awaited = Awaited { name, from_provider: false, confirm: None, confirm_policy: catalogue.publish.clone() };
        return Some((awaited, Writes { anything: true, ..Writes::default() }));
    };
    let Some(fact) = catalogue.facts.get(&name) else {
        let facts = catalogue.facts.keys().map(String::as_str);
        let of_provider = facts.clone().filter(|fact| fact.split_once('.').is_some_and(|(p, _)| p == provider));
        let help = did_you_mean(&name, facts).unwrap_or_else(|| format!("`{provider}` tells {}", listed(of_provider)));
        let message = format!("unknown fact `{name}` of the provider `{provider}`");
        report.judge(Diagnostic::new(Code::UnknownFact, node.span.clone(), message).help(help));
        let awaited = Awaited { name, from_provider: true, confirm: None, confirm_policy: Policy::default() };
        return report.stored.then(|| (awaited, Writes { anything: true, ..Writes::default() }));
    };
    let confirm_policy = fact
        .confirm
        .as_ref()
        .and_then(|confirm| catalogue.actions.get(&confirm.action))
        .map_or_else(Default::default, |action| action.policy.clone());
    let awaited = Awaited { name, from_provider: true, confirm: fact.confirm.clone(), confirm_policy };
    let always = fact.fields.iter().cloned().collect();
    Some((awaited, Writes { always, ..Writes::default() }))
}

/// The poll. Adds what it settles to the outcomes of the wait.
fn poll(
    report: &mut Report<'_>,
    draft: &mut Draft,
    expected: &mut Vec<Expected>,
    state: &Entries<'_>,
    key: &Key,
    node: &Node,
) -> Option<Poll> {
    let entries = report.entries(node, key.span.clone(), format!("the poll of {}", state.what))?;
    entries.only(report, &["call", "with", "after", "every", "outcomes", "retry"]);
    let every = every(report, &entries);
    let after = entries.get("after").map(|(key, node)| report.duration(node, &key.span, "`after`"));
    let (key, node) = entries.need(report, "call")?;
    let (action, spec) = verbs::action(report, node, &key.span)?;
    if spec.effectful {
        let message = format!("`{action}` changes something at the provider: a poll may only read");
        report.judge(Diagnostic::new(Code::EffectfulPoll, node.span.clone(), message));
    }
    draft.uses.takes_secrets = true;
    draft.hands_over = verbs::hands_over(spec);
    let with = with::of_action(report, &mut draft.uses, &entries, (&action, &node.span), spec);
    let policy = with::retry(report, &entries, &spec.policy);
    let outcomes = settled(report, expected, state, &entries, &verbs::expected(spec))?;
    let (every_min, every_max) = every?;
    let after = after.unwrap_or(Some(every_min))?;
    let with = with.unwrap_or_default();
    Some(Poll { action, with, after, every_min, every_max, outcomes, policy })
}

/// `every: 2s..15s`, or one length of time.
fn every(report: &mut Report<'_>, entries: &Entries<'_>) -> Option<(Millis, Millis)> {
    let (key, node) = entries.need(report, "every")?;
    let text = report.text(node, &key.span, "`every`")?;
    let (min, max) = text.split_once("..").unwrap_or((text, text));
    let (Some(min), Some(max)) = (duration(min), duration(max)) else {
        report.bad_duration(node.span.clone(), text, "`every`");
        return None;
    };
    if min > max {
        let message = format!("a poll every {min} to {max}: the shortest time comes first");
        report.add(
            Diagnostic::new(Code::PollInterval, node.span.clone(), message).help(format!("`every: {max}..{min}`")),
        );
        return None;
    }
    if min < Millis(100) {
        let diagnostic =
            Diagnostic::new(Code::PollInterval, node.span.clone(), format!("a poll every {min} is too often"));
        report.add(diagnostic.help("100ms is the shortest time between two polls"));
        return None;
    }
    Some((min, max))
}

/// Reads the poll's outcomes: each keeps waiting or settles the wait with one of the wait's outcomes.
fn settled(
    report: &mut Report<'_>,
    expected: &mut Vec<Expected>,
    state: &Entries<'_>,
    entries: &Entries<'_>,
    possible: &[Expected],
) -> Option<IndexMap<String, Option<String>>> {
    let (key, node) = entries.need(report, "outcomes")?;
    let given = report.entries(node, key.span.clone(), format!("the outcomes of {}", entries.what))?;
    complete(report, entries, &given, possible);
    let of_wait: Vec<&str> = match state.get("outcomes").map(|(_, node)| &node.shape) {
        Some(Shape::Map(named)) => {
            named.iter().map(|(key, _)| key.name.as_str()).filter(|name| *name != LATE).collect()
        }
        _ => Vec::new(),
    };
    let mut outcomes = IndexMap::new();
    for (key, node) in &given.entries {
        let Some(to) = report.text(node, &key.span, "a poll's outcome") else { continue };
        if to == KEEP {
            outcomes.insert(key.name.clone(), None);
            continue;
        }
        let writes = possible.iter().find(|(name, _)| *name == key.name).map(|(_, writes)| writes.clone());
        let writes = writes.unwrap_or_default();
        match expected.iter_mut().find(|(name, _)| name == to) {
            Some((_, known)) => *known = known.either(&writes),
            None if of_wait.contains(&to) => expected.push((to.to_owned(), writes)),
            None => {
                let message = format!("the poll settles the wait as `{to}`, which is not an outcome of {}", state.what);
                let names = || of_wait.iter().copied().chain([KEEP]);
                let help = did_you_mean(to, names()).unwrap_or_else(|| format!("it can be {}", listed(names())));
                report.add(Diagnostic::new(Code::PollOutcome, node.span.clone(), message).help(help));
            }
        }
        outcomes.insert(key.name.clone(), Some(to.to_owned()));
    }
    Some(outcomes)
}
