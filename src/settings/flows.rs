//! `[flows]`: where flow files are.

use std::path::PathBuf;

use serde::Deserialize;

use super::{Fault, text};

/// Where flow files are.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlowSettings {
    /// Folders with `*.yaml`; empty: the flows that gangway ships.
    pub folders: Vec<PathBuf>,
}

impl FlowSettings {
    /// What is wrong in it.
    #[must_use]
    pub fn faults(&self, at: &str) -> Vec<Fault> {
        let missing = self.folders.iter().filter(|folder| !folder.is_dir());
        missing
            .map(|folder| {
                let what = format!("{} is not a folder", text::name(folder));
                Fault::new(format!("{at}.folders"), what, "relative paths begin where gangway is started")
            })
            .collect()
    }
}
