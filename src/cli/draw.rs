//! `gangway draw`: a flow as a picture in text.

use std::path::PathBuf;

use clap::Args;
use gangway_core::flow;

use super::{Config, flow_files, opened};
use crate::terminal::{Exit, Failure, out};

/// Draws a flow: its states, and which outcome leads where
#[derive(Debug, Args)]
pub(super) struct Draw {
    /// Flow file
    #[arg(value_name = "FLOW")]
    flow: PathBuf,
    #[command(flatten)]
    config: Config,
}

impl Draw {
    pub(super) fn run(self) -> Result<Exit, Failure> {
        let settings = opened::settings(&self.config)?;
        let catalogue = crate::app::catalogue(&settings)?;
        for (file, text) in flow_files::read(&[self.flow])? {
            let flow =
                flow::load(&file, &text, &catalogue).map_err(|faults| Failure::new(Exit::Usage, faults.rendered))?;
            out::data(flow::draw::text(&flow).trim_end());
        }
        Ok(Exit::Well)
    }
}
