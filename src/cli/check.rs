//! `gangway check`: whether flow files load, and every reason why one does not.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use gangway_core::flow;
use gangway_core::flow::model::Flow;

use super::{Config, flow_files, opened};
use crate::providers::generic;
use crate::terminal::{Exit, Failure, out};

/// Checks flow files: every outcome handled, every state reachable, every wait limited, every reference written
///
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
        let catalogue = crate::app::catalogue(&settings)?;
        let mut exit = Exit::Well;
        let mut flows: Vec<(String, Flow)> = Vec::new();
        for (file, text) in flow_files::read(&self.flows)? {
            if generic::is_definition(&text) {
                exit = if definition(&file, &text) { exit } else { Exit::Usage };
                continue;
            }
            match flow::load(&file, &text, &catalogue) {
                Ok(flow) => {
                    let (name, version, states) = (&flow.id.name, flow.id.version, flow.states.len());
                    out::data(&format!("{file}: {name} version {version}, {states} states, is right"));
                    flows.push((file, flow));
                }
                Err(problems) => {
                    out::aside(problems.rendered.trim_end());
                    exit = Exit::Usage;
                }
            }
        }
        for clash in clashes(&flows) {
            out::aside(&clash);
            exit = Exit::Usage;
        }
        Ok(exit)
    }
}

/// Checks a definition of a provider; answers whether it is right.
fn definition(file: &str, text: &str) -> bool {
    match generic::load(file, text) {
        Ok(it) => {
            out::data(&format!("{file}: provider {}, {} actions, is right", it.name, it.actions.len()));
            true
        }
        Err(problems) => {
            out::aside(problems.rendered.trim_end());
            false
        }
    }
}

/// Flows that cannot be served together: one start type belongs to one flow.
fn clashes(flows: &[(String, Flow)]) -> Vec<String> {
    let mut by_start: BTreeMap<&str, (&str, &str)> = BTreeMap::new();
    let mut found = Vec::new();
    for (file, flow) in flows {
        match by_start.insert(&flow.start.on, (&flow.id.name, file)) {
            Some((name, other)) if name != flow.id.name => found.push(format!(
                "{file}: {} and {name} ({other}) both start on {}; one start type belongs to one flow",
                flow.id.name, flow.start.on
            )),
            _ => {}
        }
    }
    found
}
