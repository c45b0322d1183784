//! Several files together: no two flows begin with one event, and a known version never changes.

use std::collections::HashMap;

use crate::catalogue::Catalogue;
use crate::flow::check::entries::Report;
use crate::flow::check::top::Header;
use crate::flow::check::{check, top};
use crate::flow::model::Flow;
use crate::flow::parse;
use crate::flow::problem::{Kind, Problem, Problems};

/// Reads and checks several flow files (name and text each).
///
/// # Errors
/// Every problem of every file; also two flows that begin with the same event, and the same version twice.
pub fn load_all<N: AsRef<str>, T: AsRef<str>>(files: &[(N, T)], catalogue: &Catalogue) -> Result<Vec<Flow>, Problems> {
    let mut flows = Vec::new();
    let mut wrong = Vec::new();
    let mut seen = Seen::default();
    for (file, text) in files {
        let (file, text) = (file.as_ref(), text.as_ref());
        let checked = check(text, catalogue);
        let clashes = seen.add(file, &checked.header);
        match checked.flow {
            Ok(flow) if clashes.is_empty() => flows.push(flow),
            Ok(_) => wrong.push(Problems::of(file, text, clashes)),
            Err(mut problems) => {
                problems.extend(clashes);
                wrong.push(Problems::of(file, text, problems));
            }
        }
    }
    if wrong.is_empty() { Ok(flows) } else { Err(Problems::joined(wrong)) }
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
    fn add(&mut self, file: &str, header: &Header) -> Vec<Problem> {
        let mut problems = Vec::new();
        let Some(id) = &header.id else { return problems };
        if let Some((on, at)) = &header.on {
            let taken = self.starts.entry(on.clone()).or_insert_with(|| (id.name.clone(), file.to_owned()));
            let (other, other_file) = &*taken;
            if *other != id.name {
                let message = format!("two flows begin with `{on}`: `{other}` and `{}`", id.name);
                let problem = Problem::new(Kind::SameStart, at.clone(), message);
                problems.push(problem.note(format!("`{other}` is in {other_file}")).help("one event begins one flow"));
            }
        }
        let key = (id.name.clone(), id.version);
        if let Some(other) = self.versions.get(&key) {
            let message = format!("version {} of the flow `{}` is also in {other}", id.version, id.name);
            problems.push(Problem::new(Kind::SameVersion, header.version_at.clone(), message));
        } else {
            self.versions.insert(key, file.to_owned());
        }
        problems
    }
}

/// Holds a flow against the digest that is known of the same name and version.
///
/// # Errors
/// When the content is another: onboardings are pinned to the known one.
pub fn same_version(file: &str, flow: &Flow, known_digest: &str) -> Result<(), Problems> {
    if flow.digest == known_digest {
        return Ok(());
    }
    let catalogue = Catalogue::default();
    let mut report = Report { catalogue: &catalogue, text: &flow.text, problems: Vec::new() };
    let at = parse::parse(&flow.text).map_or(0..0, |root| top::read(&mut report, &root).0.version_at);
    let message = format!("version {} of the flow `{}` is known with other content", flow.id.version, flow.id.name);
    let problem = Problem::new(Kind::ChangedVersion, at, message)
        .note("onboardings that began with the known one finish with it")
        .help(format!("make this `version: {}`", flow.id.version.saturating_add(1)));
    Err(Problems::of(file, &flow.text, vec![problem]))
}
