//! The verb `start`: another flow for the same user, and waits for how it ended.

use crate::event::{OF_FLOWS, flow_of};
use crate::flow::check::entries::{Entries, Report};
use crate::flow::check::state::{Draft, Expected, Writes, outcomes};
use crate::flow::check::top::Header;
use crate::flow::check::with;
use crate::flow::diagnostic::{Code, Diagnostic};
use crate::flow::model::{Awaited, StartChild, Verb};
use crate::flow::parse::Span;
use crate::flow::words::{did_you_mean, listed};

/// The field in which every outcome names the child.
pub const CHILD: &str = "onboarding_id";
/// How a child can end.
const ENDS: [&str; 3] = ["completed", "failed", "cancelled"];

/// `start`.
pub fn read(report: &mut Report<'_>, draft: &mut Draft, entries: &Entries<'_>) -> Option<Verb> {
    entries.only(report, &["start", "title", "with", "outcomes"]);
    let (key, node) = entries.get("start")?;
    let named = |name: &str| (name.to_owned(), Writes { always: [CHILD.to_owned()].into(), ..Writes::default() });
    let expected: [Expected; 3] = ["started", "running", "ended"].map(named);
    let with = with::of_anything(report, &mut draft.uses, entries);
    let outcomes = outcomes(report, draft, entries, Some(&expected));
    let flow = report.name(node, &key.span, "a flow")?.to_owned();
    draft.starts = Some((flow.clone(), node.span.clone()));
    Some(Verb::Start(StartChild { flow, with: with?, outcomes: outcomes?, policy: report.catalogue.publish.clone() }))
}

/// A wait for the end of another flow; `None` when the name is not one of its ends.
pub fn awaited(report: &mut Report<'_>, draft: &mut Draft, name: &str, at: &Span) -> Option<(Awaited, Writes)> {
    let is_end = name.rsplit('.').next().is_some_and(|end| ENDS.contains(&end));
    let Some(flow) = flow_of(name).filter(|_| is_end) else {
        let flow = flow_of(name).unwrap_or("NAME");
        let ends = ENDS.map(|end| format!("{OF_FLOWS}{flow}.{end}"));
        let ends = || ends.iter().map(String::as_str);
        let help = did_you_mean(name, ends()).unwrap_or_else(|| format!("the ends of a flow are {}", listed(ends())));
        let message = format!("`{name}` is not an end of a flow");
        report.add(Diagnostic::new(Code::UnknownFact, at.clone(), message).help(help));
        return None;
    };
    draft.ends.push((flow.to_owned(), at.clone()));
    let confirm_policy = report.catalogue.publish.clone();
    let awaited = Awaited { name: name.to_owned(), from_provider: false, confirm: None, confirm_policy };
    Some((awaited, Writes { always: [CHILD.to_owned()].into(), anything: true, ..Writes::default() }))
}

/// No flow starts itself, and none waits for the end of a flow that it does not start.
pub fn check(report: &mut Report<'_>, header: &Header, states: &[Draft]) {
    let started: Vec<&str> =
        states.iter().filter_map(|state| state.starts.as_ref()).map(|(flow, _)| flow.as_str()).collect();
    for (flow, at) in states.iter().filter_map(|state| state.starts.as_ref()) {
        if header.id.as_ref().is_some_and(|id| id.name == *flow) {
            report.add(itself(at, &[flow, flow]));
        }
    }
    for (flow, at) in states.iter().flat_map(|state| &state.ends).filter(|(flow, _)| !started.contains(&flow.as_str()))
    {
        let message = format!("no state starts the flow `{flow}`: nothing would tell how it ended");
        let help = did_you_mean(flow, started.iter().copied())
            .unwrap_or_else(|| format!("start it in a state before: `start: {flow}`"));
        report.add(Diagnostic::new(Code::NotStarted, at.clone(), message).help(help));
    }
}

/// A flow that comes back to itself over these flows.
pub fn itself(at: &Span, ring: &[&str]) -> Diagnostic {
    let first = ring.first().copied().unwrap_or_default();
    let way: Vec<String> = ring.iter().map(|name| format!("`{name}`")).collect();
    let message = format!("the flow `{first}` starts itself: {}", way.join(" -> "));
    Diagnostic::new(Code::StartsItself, at.clone(), message).note("every one of them would wait for the next for ever")
}
