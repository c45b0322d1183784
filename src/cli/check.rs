//! `gangway check`: whether flow files load, and every reason why one does not.

use std::path::PathBuf;

use clap::Args;
use gangway_core::flow;

use super::{Config, flow_files, opened};
use crate::providers::generic;
use crate::terminal::{Exit, Failure, out};

/// Checks flow files: every outcome handled, every state reachable, every wait limited, every reference written
///
/// Files that belong together are checked together: those that start each other, those with one start event, and
/// definitions of providers with the flows that use them.
/// Prints a line for each flow that loads; for the others every problem with file, line, cause and hint to stderr.
#[derive(Debug, Args)]
pub(super) struct Check {
    /// Flow files, or folders of them
    #[arg(value_name = "FLOW", required = true)]
    flows: Vec<PathBuf>,
    #[command(flatten)]
    config: Config,
}

impl Check {
    pub(super) fn run(self) -> Result<Exit, Failure> {
        let settings = opened::settings(&self.config)?;
        let mut catalogue = crate::app::catalogue(&settings)?;
        let mut exit = Exit::Well;
        let (definitions, files): (Vec<_>, Vec<_>) =
            flow_files::read(&self.flows)?.into_iter().partition(|(_, text)| generic::is_definition(text));
        for (file, text) in &definitions {
            match definition(file, text) {
                // What flows may name is what this file says, whether or not the settings have the provider already.
                Some(it) => generic::describe(&it, &mut catalogue),
                None => exit = Exit::Usage,
            }
        }
        for ((file, _), loaded) in files.iter().zip(flow::load_each(&files, &catalogue)) {
            match loaded {
                Ok(flow) => {
                    let (name, version, states) = (&flow.id.name, flow.id.version, flow.states.len());
                    out::data(&format!("{file}: {name} version {version}, {states} states, is right"));
                    if let Err(refused) = crate::app::possible(&settings, &[flow]) {
                        out::aside(&format!(
                            "{file}: with these settings `gangway serve` refuses it: {}",
                            refused.message
                        ));
                    }
                }
                Err(faults) => {
                    out::aside(faults.rendered.trim_end());
                    exit = Exit::Usage;
                }
            }
        }
        Ok(exit)
    }
}

/// A definition of a provider, if it is right.
fn definition(file: &str, text: &str) -> Option<generic::Definition> {
    match generic::load(file, text) {
        Ok(it) => {
            out::data(&format!("{file}: provider {}, {} actions, is right", it.name, it.actions.len()));
            Some(it)
        }
        Err(faults) => {
            out::aside(faults.rendered.trim_end());
            None
        }
    }
}
