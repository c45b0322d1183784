//! What expressions read: it exists, an earlier state has written it on every way, and nothing secret is among it.

use std::collections::{BTreeSet, HashMap};

use crate::flow::check::entries::Report;
use crate::flow::check::state::{Draft, Edge, Writes};
use crate::flow::check::top::Header;
use crate::flow::check::ways::{Steps, Ways};
use crate::flow::check::with::{Use, within};
use crate::flow::diagnostic::{Code, Diagnostic};
use crate::flow::expr::{ROOTS, Read};
use crate::flow::parse::Span;
use crate::flow::words::{did_you_mean, hyphenated, listed};

/// What `user` has.
const USER: [&str; 4] = ["id", "email", "locale", "gangway_id"];

/// Checks every expression; gives the paths that later states read, and so what to keep.
pub fn check(report: &mut Report<'_>, header: &Header, states: &[Draft]) -> BTreeSet<Vec<String>> {
    for used in &header.uses.exprs {
        for read in used.expr.reads() {
            start_read(report, used, &read);
        }
    }
    let ways = Ways::of(states);
    let mut checker = Checker { states, reachable: ways.reached(|_, _| true), ways, known: HashMap::new() };
    let mut kept = BTreeSet::new();
    for (at, state) in states.iter().enumerate() {
        for used in &state.uses.exprs {
            for read in used.expr.reads() {
                checker.read(report, at, used, &read);
                kept.extend(keep(&read));
            }
        }
    }
    without_parts(kept)
}

/// What must be kept for this read: of `data` the very path, of a state's answer the field.
fn keep(read: &Read) -> Option<Vec<String>> {
    let root = read.path.first()?.as_str();
    let path: Vec<String> = match root {
        "states" => read.path.iter().take(3).cloned().collect(),
        "data" => read.path.clone(),
        _ => return None,
    };
    let whole = if root == "states" { 3 } else { 2 };
    (path.len() >= whole).then_some(path)
}

/// Leaves out what is part of something else that is kept.
fn without_parts(kept: BTreeSet<Vec<String>>) -> BTreeSet<Vec<String>> {
    let has_whole =
        |path: &[String]| (1..path.len()).any(|len| path.get(..len).is_some_and(|whole| kept.contains(whole)));
    kept.iter().filter(|path| !has_whole(path)).cloned().collect()
}

/// A start event's expression sees the event's data and nothing else: there is no onboarding yet.
fn start_read(report: &mut Report<'_>, used: &Use, read: &Read) {
    if root(report, used, read).is_some_and(|root| root != "data") {
        let message = format!("`{}` cannot be read before there is an onboarding", read.path.join("."));
        let diagnostic = Diagnostic::new(Code::UnknownRoot, place(report, used, read), message);
        report.add(diagnostic.help("`start.user` reads the event's data only: `data.FIELD`"));
    }
}

/// Where a read stands in the file.
fn place(report: &Report<'_>, used: &Use, read: &Read) -> Span {
    within(report.text, &used.at, &used.expr.source, &read.at)
}

/// The root of a read, if it is one and the read names something in it.
fn root<'r>(report: &mut Report<'_>, used: &Use, read: &'r Read) -> Option<&'r str> {
    let root = read.path.first()?.as_str();
    let at = place(report, used, read);
    if root == "secret" || root == "secrets" {
        let diagnostic = Diagnostic::new(Code::SecretRead, at, "an expression cannot read secrets");
        report.add(diagnostic.note("what an expression reads may be kept, shown and sent on"));
        return None;
    }
    if !ROOTS.contains(&root) {
        let help = hyphenated(&used.expr.source, root).or_else(|| did_you_mean(root, ROOTS));
        let help = help.unwrap_or_else(|| format!("an expression reads from {}", listed(ROOTS)));
        let diagnostic = Diagnostic::new(Code::UnknownRoot, at, format!("`{root}` cannot be read"));
        report.add(diagnostic.help(help).help(format!("a plain text is written in two quotes: \"'{root}'\"")));
        return None;
    }
    let names = if root == "states" { 3 } else { 2 };
    if read.path.len() < names {
        let wanted = if root == "states" { "states.STATE.FIELD" } else { "ROOT.FIELD" }.replace("ROOT", root);
        let message = format!("`{}` is too much: only what is named is kept", read.path.join("."));
        let help = hyphenated(&used.expr.source, root).unwrap_or_else(|| format!("name the field: `{wanted}`"));
        report.add(Diagnostic::new(Code::TooWide, at, message).help(help));
        return None;
    }
    Some(root)
}

/// Checks reads of states; remembers which states a field can be missing in.
struct Checker<'a> {
    states: &'a [Draft],
    ways: Ways<'a>,
    reachable: Steps<'a>,
    known: HashMap<(usize, String), Missing<'a>>,
}

/// Where a field can be missing.
struct Missing<'a> {
    /// Reached on a way on which nothing could write it.
    never: Steps<'a>,
    /// Reached on a way on which it may be absent.
    maybe: Steps<'a>,
}

impl<'a> Checker<'a> {
    fn read(&mut self, report: &mut Report<'_>, at: usize, used: &Use, read: &Read) {
        let Some(root) = root(report, used, read) else { return };
        let second = read.path.get(1).map_or("", String::as_str);
        match root {
            "user" if !USER.contains(&second) || read.path.len() > 2 => unknown(report, used, read, &USER),
            "onboarding" if second != "id" || read.path.len() > 2 => unknown(report, used, read, &["id"]),
            "user" if matches!(second, "email" | "locale") => self.maybe_absent_user(report, used, read),
            "states" => self.field(report, at, used, read),
            _ => {}
        }
    }

    /// A user may have no e-mail address or language: a plain path is left out then, anything else must ask.
    fn maybe_absent_user(&self, report: &mut Report<'_>, used: &Use, read: &Read) {
        if used.expr.plain_path().is_none() && !is_guarded(used, &read.path) {
            let path = read.path.join(".");
            let diagnostic =
                Diagnostic::new(Code::MaybeAbsent, place(report, used, read), format!("`{path}` may be absent"));
            report.add(diagnostic.help(format!("ask first: `has({path}) ? … : …`")));
        }
    }

    fn field(&mut self, report: &mut Report<'_>, at: usize, used: &Use, read: &Read) {
        let [_, state, field, ..] = read.path.as_slice() else { return };
        let Some(writer) = self.ways.find(state) else {
            let names: Vec<&str> = self.states.iter().map(|state| state.name.as_str()).collect();
            let diagnostic =
                Diagnostic::new(Code::UnknownPath, place(report, used, read), format!("there is no state `{state}`"));
            report.add(diagnostic.maybe_help(did_you_mean(state, names)));
            return;
        };
        let Some(draft) = self.states.get(writer) else { return };
        if draft.is_broken {
            return;
        }
        let writes: Vec<&Writes> = draft.edges.iter().map(|edge| &edge.writes).collect();
        let fields: BTreeSet<&str> =
            writes.iter().flat_map(|writes| writes.always.iter().chain(&writes.maybe)).map(String::as_str).collect();
        if !fields.contains(field.as_str()) && !writes.iter().any(|writes| writes.anything) {
            let message = format!("no outcome of the state `{state}` writes `{field}`");
            let help = did_you_mean(field, fields.iter().copied()).unwrap_or_else(|| match fields.is_empty() {
                true => "it writes nothing".to_owned(),
                false => format!("it writes {}", listed(fields.iter().copied())),
            });
            report.judge(Diagnostic::new(Code::UnknownPath, place(report, used, read), message).help(help));
            return;
        }
        if self.reachable.contains_key(&at) && !is_guarded(used, read.path.get(..3).unwrap_or_default()) {
            self.written(report, at, used, read, (writer, field));
        }
    }

    /// Whether the field was written on every way to the state that reads it.
    fn written(&mut self, report: &mut Report<'_>, at: usize, used: &Use, read: &Read, field: (usize, &str)) {
        let (writer, field) = field;
        let ways = &self.ways;
        let missing = self.known.entry((writer, field.to_owned())).or_insert_with(|| {
            let always = |from: usize, edge: &Edge| from == writer && edge.writes.always.contains(field);
            let perhaps = |from: usize, edge: &Edge| {
                from == writer && (edge.writes.maybe.contains(field) || edge.writes.anything)
            };
            Missing {
                never: ways.reached(|from, edge| !always(from, edge) && !perhaps(from, edge)),
                maybe: ways.reached(|from, edge| !always(from, edge)),
            }
        });
        let path = read.path.join(".");
        let here = self.states.get(at).map_or("", |state| state.name.as_str());
        if missing.never.contains_key(&at) {
            let message = format!("`{path}` is not written on every way to `{here}`");
            let way = self.ways.told(&missing.never, at);
            let diagnostic = Diagnostic::new(Code::NotWritten, place(report, used, read), message);
            let diagnostic = diagnostic.note(format!("nothing has written it on the way {way}"));
            report.judge(diagnostic.help(format!("ask first: `has({path}) ? … : …`, or lead that way elsewhere")));
        } else if missing.maybe.contains_key(&at) {
            let diagnostic =
                Diagnostic::new(Code::MaybeAbsent, place(report, used, read), format!("`{path}` may be absent"));
            report.judge(diagnostic.help(format!("ask first: `has({path}) ? {path} : null` (null is left out)")));
        }
    }
}

/// Whether the expression asks with `has(…)` for this path or something in it.
fn is_guarded(used: &Use, path: &[String]) -> bool {
    used.expr.reads().iter().any(|read| read.tested && read.path.starts_with(path))
}

fn unknown(report: &mut Report<'_>, used: &Use, read: &Read, known: &[&str]) {
    let root = read.path.first().map_or("", String::as_str);
    let name = read.path.get(1).map_or("", String::as_str);
    let help = match known.contains(&name) {
        true => format!("`{root}.{name}` is a text and has no fields"),
        false => did_you_mean(name, known.iter().copied())
            .unwrap_or_else(|| format!("`{root}` has {}", listed(known.iter().copied()))),
    };
    let message = format!("there is no `{}`", read.path.join("."));
    report.add(Diagnostic::new(Code::UnknownPath, place(report, used, read), message).help(help));
}
