//! The verb `choose`: guards in the order of the file, and what is left.

use indexmap::IndexMap;
use serde_json::{Map, Value};

use crate::flow::check::entries::{Entries, Report};
use crate::flow::check::state::{Draft, Expected, outcomes};
use crate::flow::check::{verbs, with};
use crate::flow::diagnostic::{Code, Diagnostic};
use crate::flow::expr::{Expr, Mapping, Scope};
use crate::flow::model::{Choose, Verb};
use crate::flow::parse::{Key, Node};
use crate::flow::words::is_name;

/// The outcome when no guard is true.
const OTHERWISE: &str = "otherwise";

/// `choose`.
pub fn read(report: &mut Report<'_>, draft: &mut Draft, entries: &Entries<'_>) -> Option<Verb> {
    entries.only(report, &["choose", "title", "outcomes"]);
    let (key, node) = entries.get("choose")?;
    let Some(given) = report.entries(node, key.span.clone(), "`choose`") else {
        outcomes(report, draft, entries, None);
        return None;
    };
    if given.entries.is_empty() {
        let message = format!("{} has nothing to choose by", entries.what);
        let diagnostic = Diagnostic::new(Code::BadGuard, key.span.clone(), message);
        report.add(diagnostic.help("name an outcome and its guard: `choose: { minor: data.age < 18 }`"));
    }
    let mut guards = IndexMap::new();
    let mut expected: Vec<Expected> = Vec::new();
    let mut all_read = true;
    for (key, node) in &given.entries {
        name(report, key);
        if key.name != OTHERWISE {
            expected.push(verbs::plain(&key.name));
        }
        match guard(report, draft, key, node) {
            Some(guard) => drop(guards.insert(key.name.clone(), guard)),
            None => all_read = false,
        }
    }
    expected.push(verbs::plain(OTHERWISE));
    let outcomes = outcomes(report, draft, entries, Some(&expected));
    all_read.then_some(())?;
    Some(Verb::Choose(Choose { guards, outcomes: outcomes? }))
}

/// A guard's name is that of its outcome.
fn name(report: &mut Report<'_>, key: &Key) {
    if key.name == OTHERWISE {
        let message = format!("`{OTHERWISE}` cannot be a guard: it is the outcome when no guard is true");
        let diagnostic = Diagnostic::new(Code::BadName, key.span.clone(), message);
        report.add(diagnostic.help(format!("name it among the outcomes only: `outcomes: {{ {OTHERWISE}: STATE }}`")));
    } else if !is_name(&key.name) {
        report.bad_name(key.span.clone(), &key.name, "an outcome");
    }
}

/// One guard. It must read something, or it would decide the same for everyone.
fn guard(report: &mut Report<'_>, draft: &mut Draft, key: &Key, node: &Node) -> Option<Expr> {
    let what = format!("the guard `{}`", key.name);
    report.text(node, &key.span, &what)?;
    let Mapping::Expr(guard) = with::mapping(report, &mut draft.uses, node, &key.span)? else { return None };
    if !guard.reads().is_empty() {
        return Some(guard);
    }
    let answer = guard.eval(&Scope { user: None, data: &Map::new(), onboarding: None }).ok().flatten();
    let message = match answer {
        Some(Value::Bool(truth)) => format!("{what} is always {truth}"),
        _ => format!("{what} is never true or false"),
    };
    let diagnostic = Diagnostic::new(Code::BadGuard, node.span.clone(), message);
    report.add(diagnostic.help("a guard reads what is known and is true or false, such as `data.age < 18`"));
    None
}
