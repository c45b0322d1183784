//! Raw flow -> checked model, or all problems at once. Nothing is guessed: what a file does not say is a problem.

mod choose;
mod entries;
mod reads;
mod secrets;
mod set;
mod start;
mod state;
mod top;
mod verbs;
mod wait;
mod ways;
mod with;

pub use self::entries::{Entries, Report};
pub use self::with::{Use, Uses, mapping};
use sha2::{Digest, Sha256};

pub use self::set::{load_all, load_each, same_version};
use crate::catalogue::Catalogue;
use crate::flow::check::top::Header;
use crate::flow::diagnostic::{Diagnostic, Diagnostics};
use crate::flow::model::Flow;
use crate::flow::parse::{self, Span};
use crate::flow::reach;

/// Reads and checks one flow file. Whether the flows that it starts exist is not looked at: see [`load_each`].
///
/// # Errors
/// Every problem of the file.
pub fn load(file: &str, text: &str, catalogue: &Catalogue) -> Result<Flow, Diagnostics> {
    check(text, catalogue, false).flow.map_err(|diagnostics| Diagnostics::of(file, text, diagnostics))
}

/// Reads a stored version, for the onboardings that are pinned to it: it was checked when it was stored, and a later
/// catalogue is no reason to strand them. An outcome that it does not name opens a review of the onboarding that meets
/// it; an action, a fact or a template that is not there any more is treated with care (effectful, no look-up, the
/// default policy), and asking for it ends as a review that names it.
///
/// # Errors
/// What this version of gangway cannot read: another form of the text, an unknown key, verb, function or root.
pub fn load_stored(file: &str, text: &str, catalogue: &Catalogue) -> Result<Flow, Diagnostics> {
    check(text, catalogue, true).flow.map_err(|diagnostics| Diagnostics::of(file, text, diagnostics))
}

/// What a check of one file gives: its head, as far as that could be read, and the flow or its problems.
struct Checked {
    header: Header,
    /// The flows that it starts, and where those names stand.
    starts: Vec<(String, Span)>,
    flow: Result<Flow, Vec<Diagnostic>>,
}

/// Checks one file; of a stored one, only that all of it can be read.
fn check(text: &str, catalogue: &Catalogue, stored: bool) -> Checked {
    let mut report = Report { catalogue, text, stored, diagnostics: Vec::new() };
    let root = match parse::parse(text) {
        Ok(root) => root,
        Err(diagnostic) => {
            return Checked { header: Header::default(), starts: Vec::new(), flow: Err(vec![diagnostic]) };
        }
    };
    let (header, top) = top::read(&mut report, &root);
    let states = top.as_ref().map_or_else(Vec::new, |top| state::read_all(&mut report, top));
    ways::check(&mut report, &states);
    let secrets = top.as_ref().map_or_else(Default::default, |top| secrets::read(&mut report, top));
    let (keeps, needs) = secrets::check(&mut report, &secrets, &states);
    start::check(&mut report, &header, &states);
    let starts = states.iter().filter_map(|state| state.starts.clone()).collect();
    let reads = reads::check(&mut report, &header, &states);
    let start = header.start.clone();
    let flow = match (&header.id, start, report.diagnostics.is_empty()) {
        (Some(id), Some(start), true) => {
            let states = states.into_iter().filter_map(|draft| Some((draft.name, draft.state?))).collect();
            Ok(Flow {
                id: id.clone(),
                title: header.title.clone().unwrap_or_else(|| id.name.clone()),
                digest: digest(text),
                text: text.to_owned(),
                start,
                hears: reach::hears(&states, &reads),
                states,
                reads,
                secrets: secrets.into_iter().map(|(name, declared)| (name, declared.spec)).collect(),
                keeps,
                needs,
                limits: report.catalogue.limits,
                lifecycle: report.catalogue.publish.clone(),
            })
        }
        _ => Err(report.diagnostics),
    };
    Checked { header, starts, flow }
}

/// SHA-256 of a text, hexadecimal.
fn digest(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}
