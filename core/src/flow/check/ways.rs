//! Where outcomes lead: every next state exists, every state can be reached, and from every state an end can be.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet, VecDeque};

use crate::flow::check::entries::Report;
use crate::flow::check::state::{Draft, Edge};
use crate::flow::diagnostic::{Code, Diagnostic};
use crate::flow::words::did_you_mean;

/// The states as a graph.
pub struct Ways<'a> {
    states: &'a [Draft],
    by_name: HashMap<&'a str, usize>,
}

/// How a state was first reached: from which state, by which of its edges.
pub type Steps<'a> = HashMap<usize, Option<(usize, &'a Edge)>>;

impl<'a> Ways<'a> {
    /// The graph of these states.
    #[must_use]
    pub fn of(states: &'a [Draft]) -> Self {
        let by_name = states.iter().enumerate().map(|(at, state)| (state.name.as_str(), at)).collect();
        Self { states, by_name }
    }

    /// The number of the state of this name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// Every state that can be reached from the first one over the edges that `open` lets through, and how.
    #[must_use]
    pub fn reached(&self, open: impl Fn(usize, &Edge) -> bool) -> Steps<'a> {
        let mut steps: Steps<'a> = HashMap::new();
        let mut queue = VecDeque::new();
        if !self.states.is_empty() {
            steps.insert(0, None);
            queue.push_back(0);
        }
        while let Some(from) = queue.pop_front() {
            let edges = self.states.get(from).map_or(&[][..], |state| &state.edges);
            for edge in edges.iter().filter(|edge| open(from, edge)) {
                let Some(to) = self.find(&edge.target) else { continue };
                if let Entry::Vacant(new) = steps.entry(to) {
                    new.insert(Some((from, edge)));
                    queue.push_back(to);
                }
            }
        }
        steps
    }

    /// The way by which a state was reached, in words: `` `a` -x-> `b` ``.
    #[must_use]
    pub fn told(&self, steps: &Steps<'_>, to: usize) -> String {
        let mut pieces = Vec::new();
        let mut at = to;
        while let Some(Some((from, edge))) = steps.get(&at) {
            pieces.push(format!("-{}-> `{}`", edge.outcome, edge.target));
            at = *from;
        }
        pieces.push(self.states.get(at).map(|state| format!("`{}`", state.name)).unwrap_or_default());
        pieces.reverse();
        match pieces.as_slice() {
            [first, .., before, last] if pieces.len() > 5 => format!("{first} … {before} {last}"),
            _ => pieces.join(" "),
        }
    }
}

/// Checks where outcomes lead.
pub fn check(report: &mut Report<'_>, states: &[Draft]) {
    let ways = Ways::of(states);
    let names = || states.iter().map(|state| state.name.as_str());
    for edge in states.iter().flat_map(|state| &state.edges).filter(|edge| ways.find(&edge.target).is_none()) {
        let diagnostic =
            Diagnostic::new(Code::UnknownTarget, edge.at.clone(), format!("there is no state `{}`", edge.target));
        report.add(diagnostic.maybe_help(did_you_mean(&edge.target, names())));
    }
    // A state that is not complete may lead anywhere, and so may an outcome to an unknown state.
    let readable =
        states.iter().all(|state| !state.is_open && state.edges.iter().all(|edge| ways.find(&edge.target).is_some()));
    if readable {
        unreachable(report, states, &ways);
    }
    let Some(first) = states.first() else { return };
    if states.iter().any(|state| state.is_end) {
        no_way_out(report, states, &ways);
    } else if readable {
        let diagnostic = Diagnostic::new(Code::NoEnd, first.at.clone(), "the flow has no end");
        report.add(diagnostic.help("add a state such as `done: { end: completed }` and let an outcome lead to it"));
    }
}

fn unreachable(report: &mut Report<'_>, states: &[Draft], ways: &Ways<'_>) {
    let reached = ways.reached(|_, _| true);
    for (_, state) in states.iter().enumerate().filter(|(at, _)| !reached.contains_key(at)) {
        let message = format!("no way leads to the state `{}`", state.name);
        let diagnostic = Diagnostic::new(Code::Unreachable, state.at.clone(), message);
        report.add(diagnostic.note("a flow begins in its first state").help("let an outcome lead to it, or remove it"));
    }
}

fn no_way_out(report: &mut Report<'_>, states: &[Draft], ways: &Ways<'_>) {
    let mut before: HashMap<usize, Vec<usize>> = HashMap::new();
    for (from, state) in states.iter().enumerate() {
        for to in state.edges.iter().filter_map(|edge| ways.find(&edge.target)) {
            before.entry(to).or_default().push(from);
        }
    }
    let is_out = |state: &Draft| {
        state.is_end || state.is_open || state.edges.iter().any(|edge| ways.find(&edge.target).is_none())
    };
    let mut queue: Vec<usize> =
        states.iter().enumerate().filter(|(_, state)| is_out(state)).map(|(at, _)| at).collect();
    let mut ends: HashSet<usize> = queue.iter().copied().collect();
    while let Some(at) = queue.pop() {
        for from in before.get(&at).into_iter().flatten() {
            if ends.insert(*from) {
                queue.push(*from);
            }
        }
    }
    for (_, state) in states.iter().enumerate().filter(|(at, _)| !ends.contains(at)) {
        let message = format!("no way leads from the state `{}` to an end", state.name);
        let diagnostic = Diagnostic::new(Code::NoWayOut, state.at.clone(), message);
        report.add(diagnostic.help("let one of the outcomes on its way lead to a state with `end`"));
    }
}
