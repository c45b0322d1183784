//! Flow files, shipped or yours -> the flows that this process knows; definitions live in the database.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use gangway_core::catalogue::Catalogue;
use gangway_core::flow::model::{Call, Flow, Verb};
use gangway_core::flow::{self, Diagnostics};
use gangway_core::onboarding::FlowRef;

use super::built::Built;
use crate::engine::{Flows, Library};
use crate::providers::registry::{self, ShippedFlow, shipped_flow};
use crate::settings::{Settings, text};
use crate::store::flows::StoredFlow;
use crate::store::{Store, StoreError};
use crate::terminal::{Exit, Failure};

/// Refuses flows that ask for what these settings cannot do: their users would wait for it without an end.
///
/// # Errors
/// What is missing, for each flow, with the setting that gives it.
pub fn possible(settings: &Settings, flows: &[Flow]) -> Result<(), Failure> {
    let mut missing = BTreeSet::new();
    for (flow, state) in flows.iter().flat_map(|flow| flow.states.values().map(move |state| (flow, state))) {
        let name = &flow.id.name;
        match &state.verb {
            Verb::Mail(_) if settings.mail.url.is_none() => {
                missing.insert(format!("flow {name} sends mails: set mail.url or GANGWAY_SMTP_URL"));
            }
            Verb::Publish(_) if settings.amqp.url.is_none() => {
                missing.insert(format!("flow {name} publishes messages: set amqp.url or GANGWAY_AMQP_URL"));
            }
            Verb::Call(call) if !has_section(settings, call) => {
                let provider = call.action.split_once('.').map_or("", |(provider, _)| provider);
                missing
                    .insert(format!("flow {name} calls {provider}: the settings have no section providers.{provider}"));
            }
            Verb::Call(call) => missing.extend(lacking(settings, call).map(|what| format!("flow {name} {what}"))),
            _ => {}
        }
    }
    if missing.is_empty() { Ok(()) } else { Err(Failure::new(Exit::Usage, Vec::from_iter(missing).join("\n"))) }
}

/// Whether the settings have the provider that is called.
fn has_section(settings: &Settings, call: &Call) -> bool {
    call.action.split_once('.').is_some_and(|(provider, _)| settings.providers.get(provider).is_some())
}

/// What a call needs but neither the flow nor its provider's settings give.
fn lacking(settings: &Settings, call: &Call) -> Option<String> {
    let (provider, _) = call.action.split_once('.')?;
    (registry::row(provider)?.lacks)(&settings.providers.get(provider)?.section, call)
}

/// The flows that gangway ships: one for each provider, and that of the example of a definition.
#[expect(clippy::indexing_slicing, reason = "the compiler does it, and refuses what would panic")]
pub const SHIPPED: &[ShippedFlow] = &{
    let mut flows = [shipped_flow!("member-joined"); registry::BUILT_IN.len() + 1];
    let mut at = 0;
    while at < registry::BUILT_IN.len() {
        flows[at] = registry::BUILT_IN[at].flow;
        at += 1;
    }
    flows
};

/// Loads what starts new onboardings from files, and what running ones are pinned to from the database.
///
/// # Errors
/// Every problem of every file, a version that is known with other content, or the database.
pub(super) async fn load(settings: &Settings, built: &Built, store: &Store) -> Result<Flows, Failure> {
    let current = from_files(settings, built)?;
    possible(settings, &current)?;
    let rows: Vec<StoredFlow> = current.iter().map(row).collect();
    let changed = store.add_flows(&rows).await?;
    if !changed.is_empty() {
        let names: Vec<String> = changed.iter().map(|id| format!("{} version {}", id.name, id.version)).collect();
        let message = format!(
            "{} is known to the database with other content: raise `version` in the file; onboardings keep the version \
             that they began with",
            names.join(", ")
        );
        return Err(Failure::new(Exit::Usage, message));
    }
    let files: Vec<FlowRef> = current.iter().map(|flow| flow.id.clone()).collect();
    // What another process on this database is set up for is known here by its kind, though not performed here.
    let whole = &built.whole;
    let flows = Flows::of(Arc::new(Shelf { store: store.clone(), catalogue: whole.clone(), files }));
    for stored in store.flows().await? {
        if current.iter().any(|flow| flow.id == stored.id) {
            continue;
        }
        match pinned(&stored, newest(&current, &stored.id.name), whole) {
            Ok(flow) => flows.add(flow, false),
            Err(problems) => flows.refuse(stored.id, problems.to_string()),
        }
    }
    for flow in current {
        let start = flow.begins_on().unwrap_or("other flows");
        tracing::info!(flow = flow.id.name, version = flow.id.version, start, "flow loaded");
        flows.add(flow, true);
    }
    Ok(flows)
}

/// Version of the newest of the files' flows of this name.
fn newest(current: &[Flow], name: &str) -> Option<u32> {
    current.iter().filter(|flow| flow.id.name == name).map(|flow| flow.id.version).max()
}

/// Loads a stored version for the onboardings that are pinned to it, leniently. One that is newer than the files here
/// was stored by a newer gangway: it must fit whole, or this process might ask for what only the newer one can do.
///
/// # Errors
/// Why it cannot be loaded here.
pub(crate) fn pinned(stored: &StoredFlow, newest: Option<u32>, catalogue: &Catalogue) -> Result<Flow, Diagnostics> {
    let file = format!("database:{} version {}", stored.id.name, stored.id.version);
    if newest.is_some_and(|newest| newest < stored.id.version) {
        return flow::load(&file, &stored.text, catalogue);
    }
    flow::load_stored(&file, &stored.text, catalogue)
}

/// The definitions in the database, read with what this process can do.
#[derive(Debug)]
struct Shelf {
    store: Store,
    catalogue: Catalogue,
    /// Name and version of the files' flows.
    files: Vec<FlowRef>,
}

#[async_trait]
impl Library for Shelf {
    async fn versions(&self) -> Result<Vec<FlowRef>, StoreError> {
        self.store.flow_versions().await
    }

    async fn load(&self, id: &FlowRef) -> Result<Result<Flow, String>, StoreError> {
        let Some(stored) = self.store.flow(id).await? else {
            return Ok(Err("its definition is not in the database".to_owned()));
        };
        // One without a file here was stored since this process began, by a newer one: it must fit whole, too.
        let newest = self.files.iter().filter(|file| file.name == id.name).map(|file| file.version).max().unwrap_or(0);
        Ok(pinned(&stored, Some(newest), &self.catalogue).map_err(|problems| problems.to_string()))
    }
}

/// The flows that onboardings are pinned to. One that no longer loads is left out, and its onboardings say so.
///
/// # Errors
/// The database's.
pub async fn stored_flows(store: &Store, catalogue: &Catalogue) -> Result<Flows, Failure> {
    let flows = Flows::default();
    for stored in store.flows().await? {
        if let Ok(flow) = pinned(&stored, None, catalogue) {
            flows.add(flow, false);
        }
    }
    Ok(flows)
}

fn row(flow: &Flow) -> StoredFlow {
    StoredFlow { id: flow.id.clone(), digest: flow.digest.clone(), text: flow.text.clone() }
}

/// Your folders' flows, or the shipped ones with providers that are set up.
fn from_files(settings: &Settings, built: &Built) -> Result<Vec<Flow>, Failure> {
    let catalogue = &built.catalogue;
    let refused = |problems: Diagnostics| Failure::new(Exit::Usage, problems.rendered);
    if settings.flows.folders.is_empty() {
        let files: Vec<(&str, &str)> = SHIPPED.to_vec();
        let mut shipped = flow::load_all(&files, &built.whole).map_err(refused)?;
        shipped.retain(|flow| needs(flow).all(|action| catalogue.actions.contains_key(action)));
        return Ok(with_all_they_start(shipped));
    }
    let mut files = Vec::new();
    for folder in &settings.flows.folders {
        read_folder(Path::new(folder), &mut files)?;
    }
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    flow::load_all(&files, catalogue).map_err(refused)
}

/// Without those that start a flow that is not there, and so on until none is left.
fn with_all_they_start(mut flows: Vec<Flow>) -> Vec<Flow> {
    loop {
        let names: BTreeSet<String> = flows.iter().map(|flow| flow.id.name.clone()).collect();
        let before = flows.len();
        flows.retain(|flow| flow.starts().all(|started| names.contains(started)));
        if flows.len() == before {
            return flows;
        }
    }
}

fn needs(flow: &Flow) -> impl Iterator<Item = &str> {
    flow.states.values().filter_map(|state| match &state.verb {
        Verb::Call(call) => Some(call.action.as_str()),
        _ => None,
    })
}

fn read_folder(folder: &Path, files: &mut Vec<(String, String)>) -> Result<(), Failure> {
    let told = |error: std::io::Error| {
        Failure::new(Exit::Usage, format!("flows.folders: {} cannot be read: {error}", text::name(folder)))
    };
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(told)? {
        paths.push(entry.map_err(told)?.path());
    }
    paths.retain(|path| path.extension().is_some_and(|end| end == "yaml" || end == "yml"));
    paths.sort();
    for path in paths {
        files.push((path.display().to_string(), text::read(&path)?));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
