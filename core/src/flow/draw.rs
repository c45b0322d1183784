//! Flow -> diagram text, for a terminal or as Mermaid. Only what the flow says, in the order of its file.

use std::fmt::Write as _;

use crate::flow::model::{Await, Choose, EndStatus, Flow, State, Verb};

/// The flow for a terminal: each state with what it does, below it where its outcomes lead.
#[must_use]
pub fn text(flow: &Flow) -> String {
    let mut out = format!("{} v{}: {}\n", flow.id.name, flow.id.version, flow.title);
    let _ = match flow.begins_on() {
        Some(on) => writeln!(out, "begins with {on}, in {}", flow.initial()),
        None => writeln!(out, "begun by other flows, in {}", flow.initial()),
    };
    for (name, state) in &flow.states {
        let (verb, what) = told(state);
        let title = state.title.as_ref().map(|title| format!("  ({title})")).unwrap_or_default();
        let _ = writeln!(out, "\n{name}: {verb} {what}{title}");
        for line in details(state) {
            let _ = writeln!(out, "    {line}");
        }
        let outcomes: Vec<(&String, &String)> = state.verb.outcomes().into_iter().flatten().collect();
        let widest = outcomes.iter().map(|(outcome, _)| outcome.len()).max().unwrap_or(0);
        for (outcome, target) in outcomes {
            let _ = writeln!(out, "    {:-<width$}--> {target}", format!("{outcome} "), width = widest + 1);
        }
    }
    out
}

/// The flow as a Mermaid state diagram.
#[must_use]
pub fn mermaid(flow: &Flow) -> String {
    let mut out = String::from("stateDiagram-v2\n");
    for (name, state) in &flow.states {
        let (verb, what) = told(state);
        let _ = writeln!(out, "    state \"{name}: {verb} {what}\" as {}", node(name));
    }
    let begins = flow.begins_on().unwrap_or("another flow");
    let _ = writeln!(out, "    [*] --> {}: {begins}", node(flow.initial()));
    for (name, state) in &flow.states {
        for (outcome, target) in state.verb.outcomes().into_iter().flatten() {
            let _ = writeln!(out, "    {} --> {}: {outcome}", node(name), node(target));
        }
        if matches!(state.verb, Verb::End(_)) {
            let _ = writeln!(out, "    {} --> [*]", node(name));
        }
    }
    out
}

/// A state's name as Mermaid takes it: never one of its own words, never a dash. Names have no capitals, so no two
/// become the same.
fn node(name: &str) -> String {
    format!("s_{}", name.replace('-', "D"))
}

/// What a state does: its verb, and to what.
fn told(state: &State) -> (&'static str, String) {
    match &state.verb {
        Verb::Call(call) => ("call", call.action.clone()),
        Verb::Await(wait) => {
            let awaited: Vec<&str> = wait.arrivals.values().map(|awaited| awaited.name.as_str()).collect();
            let awaited = if awaited.is_empty() { "the poll".to_owned() } else { awaited.join(", ") };
            ("await", format!("{awaited}, {} at most", wait.within))
        }
        Verb::Mail(mail) => ("mail", mail.template.clone()),
        Verb::Publish(publish) => ("publish", publish.event_type.clone()),
        Verb::Ask { whom, .. } => ("ask", whom.clone()),
        Verb::Choose(choose) => ("choose", choose.guards.keys().map(String::as_str).collect::<Vec<_>>().join(", ")),
        Verb::Wait { length, .. } => ("wait", length.to_string()),
        Verb::Start(start) => ("start", start.flow.clone()),
        Verb::End(end) => ("end", ended(end.status).to_owned()),
    }
}

const fn ended(status: EndStatus) -> &'static str {
    match status {
        EndStatus::Completed => "completed",
        EndStatus::Failed => "failed",
        EndStatus::Cancelled => "cancelled",
    }
}

/// What else a state says.
fn details(state: &State) -> Vec<String> {
    match &state.verb {
        Verb::Await(wait) => awaited(wait),
        Verb::Choose(choose) => guards(choose),
        Verb::End(end) if !end.with.is_empty() => {
            vec![format!("tells {}", end.with.keys().map(String::as_str).collect::<Vec<_>>().join(", "))]
        }
        _ => Vec::new(),
    }
}

/// When each outcome of a choice is taken.
fn guards(choose: &Choose) -> Vec<String> {
    let source = |guard: &str| guard.split_whitespace().collect::<Vec<_>>().join(" ");
    choose.guards.iter().map(|(outcome, guard)| format!("{outcome} if {}", source(&guard.source))).collect()
}

/// Which fact is which outcome, and the poll.
fn awaited(wait: &Await) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    if wait.arrivals.len() > 1 {
        lines.extend(wait.arrivals.iter().map(|(outcome, awaited)| format!("{} is {outcome}", awaited.name)));
    }
    if let Some(poll) = &wait.poll {
        let every = if poll.every_min == poll.every_max {
            poll.every_min.to_string()
        } else {
            format!("{} to {}", poll.every_min, poll.every_max)
        };
        lines.push(format!("polls {} every {every}, first after {}", poll.action, poll.after));
        lines.extend(poll.outcomes.iter().map(|(outcome, settles)| match settles {
            Some(settles) => format!("  {outcome} is {settles}"),
            None => format!("  {outcome} keeps waiting"),
        }));
    }
    lines
}
