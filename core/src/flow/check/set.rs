//! Several files together: no two flows begin with one event, flows that start others find them, and a known version
//! never changes.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use crate::catalogue::Catalogue;
use crate::flow::check::entries::Report;
use crate::flow::check::top::Header;
use crate::flow::check::{Checked, check, start, top};
use crate::flow::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::flow::model::Flow;
use crate::flow::parse::{self, Span};
use crate::flow::words::did_you_mean;

/// Reads and checks several flow files (name and text each).
///
/// # Errors
/// Every problem of every file.
pub fn load_all<N: AsRef<str>, T: AsRef<str>>(
    files: &[(N, T)],
    catalogue: &Catalogue,
) -> Result<Vec<Flow>, Diagnostics> {
    let (mut flows, mut wrong) = (Vec::new(), Vec::new());
    for loaded in load_each(files, catalogue) {
        match loaded {
            Ok(flow) => flows.push(flow),
            Err(diagnostics) => wrong.push(diagnostics),
        }
    }
    if wrong.is_empty() { Ok(flows) } else { Err(Diagnostics::joined(wrong)) }
}

/// Reads and checks several flow files (name and text each) for use together; gives each file's flow, or all of its
/// problems: its own, a start event or a version that an earlier file has, and flows that it starts that are not among
/// the files or lead back to it.
pub fn load_each<N: AsRef<str>, T: AsRef<str>>(
    files: &[(N, T)],
    catalogue: &Catalogue,
) -> Vec<Result<Flow, Diagnostics>> {
    let all: Vec<Checked> = files.iter().map(|(_, text)| check(text.as_ref(), catalogue, false)).collect();
    let starts = Starts::of(&all);
    let mut seen = Seen::default();
    let mut together: Vec<Vec<Diagnostic>> = Vec::with_capacity(all.len());
    for ((file, _), checked) in files.iter().zip(&all) {
        let mut diagnostics = seen.add(file.as_ref(), &checked.header);
        diagnostics.extend(starts.check(checked));
        together.push(diagnostics);
    }
    let loaded = files.iter().zip(all).zip(together).map(|(((file, text), checked), together)| match checked.flow {
        Ok(flow) if together.is_empty() => Ok(flow),
        Ok(_) => Err(Diagnostics::of(file.as_ref(), text.as_ref(), together)),
        Err(mut diagnostics) => {
            diagnostics.extend(together);
            Err(Diagnostics::of(file.as_ref(), text.as_ref(), diagnostics))
        }
    });
    loaded.collect()
}

/// Which flows start which, over all versions that are loaded together.
struct Starts<'a> {
    of: BTreeMap<&'a str, BTreeSet<&'a str>>,
    /// Whether every file says which flow it is: only then can one be missing.
    complete: bool,
}

impl<'a> Starts<'a> {
    fn of(all: &'a [Checked]) -> Self {
        let mut of: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for checked in all {
            if let Some(id) = &checked.header.id {
                of.entry(&id.name).or_default().extend(checked.starts.iter().map(|(flow, _)| flow.as_str()));
            }
        }
        Self { of, complete: all.iter().all(|checked| checked.header.id.is_some()) }
    }

    /// What is wrong with the flows that this one starts. That it names itself was said already.
    fn check(&self, checked: &Checked) -> Vec<Diagnostic> {
        let Some(id) = &checked.header.id else { return Vec::new() };
        let others = checked.starts.iter().filter(|(flow, _)| *flow != id.name);
        let wrong = others.filter_map(|(flow, at)| {
            if !self.of.contains_key(flow.as_str()) {
                return self.complete.then(|| self.missing(flow, at));
            }
            self.way(flow, &id.name).map(|way| {
                let ring: Vec<&str> = std::iter::once(id.name.as_str()).chain(way).collect();
                start::itself(at, &ring)
            })
        });
        wrong.collect()
    }

    fn missing(&self, flow: &str, at: &Span) -> Diagnostic {
        let message = format!("there is no flow `{flow}` among these files");
        let diagnostic = Diagnostic::new(Code::UnknownFlow, at.clone(), message);
        match did_you_mean(flow, self.of.keys().copied()) {
            Some(help) => diagnostic.help(help),
            None => diagnostic.help("check both files together, and keep them in one folder"),
        }
    }

    /// The shortest way from one flow to another, both named.
    fn way(&self, from: &'a str, to: &str) -> Option<Vec<&'a str>> {
        let mut ways = VecDeque::from([vec![from]]);
        let mut seen = BTreeSet::from([from]);
        while let Some(way) = ways.pop_front() {
            let last = way.last().copied()?;
            if last == to {
                return Some(way);
            }
            for next in self.of.get(last).into_iter().flatten().filter(|next| seen.insert(**next)).collect::<Vec<_>>() {
                ways.push_back(way.iter().copied().chain([*next]).collect());
            }
        }
        None
    }
}

/// What the files before have taken.
#[derive(Default)]
struct Seen {
    /// Type of the start event -> flow and file.
    starts: HashMap<String, (String, String)>,
    /// Flow and version -> file.
    versions: HashMap<(String, u32), String>,
}

impl Seen {
    /// Adds a file's head; gives what it shares with an earlier one.
    fn add(&mut self, file: &str, header: &Header) -> Vec<Diagnostic> {
        let mut diagnostics = Vec::new();
        let Some(id) = &header.id else { return diagnostics };
        if let Some((on, at)) = &header.on {
            let taken = self.starts.entry(on.clone()).or_insert_with(|| (id.name.clone(), file.to_owned()));
            let (other, other_file) = &*taken;
            if *other != id.name {
                let message = format!("two flows begin with `{on}`: `{other}` and `{}`", id.name);
                let diagnostic = Diagnostic::new(Code::SameStart, at.clone(), message);
                diagnostics
                    .push(diagnostic.note(format!("`{other}` is in {other_file}")).help("one event begins one flow"));
            }
        }
        let key = (id.name.clone(), id.version);
        if let Some(other) = self.versions.get(&key) {
            let message = format!("version {} of the flow `{}` is also in {other}", id.version, id.name);
            diagnostics.push(Diagnostic::new(Code::SameVersion, header.version_at.clone(), message));
        } else {
            self.versions.insert(key, file.to_owned());
        }
        diagnostics
    }
}

/// Holds a flow against the digest that is known of the same name and version.
///
/// # Errors
/// When the content is another: onboardings are pinned to the known one.
pub fn same_version(file: &str, flow: &Flow, known_digest: &str) -> Result<(), Diagnostics> {
    if flow.digest == known_digest {
        return Ok(());
    }
    let catalogue = Catalogue::default();
    let mut report = Report { catalogue: &catalogue, text: &flow.text, stored: true, diagnostics: Vec::new() };
    let at = parse::parse(&flow.text).map_or(0..0, |root| top::read(&mut report, &root).0.version_at);
    let message = format!("version {} of the flow `{}` is known with other content", flow.id.version, flow.id.name);
    let diagnostic = Diagnostic::new(Code::ChangedVersion, at, message)
        .note("onboardings that began with the known one finish with it")
        .help(format!("make this `version: {}`", flow.id.version.saturating_add(1)));
    Err(Diagnostics::of(file, &flow.text, vec![diagnostic]))
}
