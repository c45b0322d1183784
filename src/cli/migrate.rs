//! `gangway migrate`: brings the database's schema up to date.

use clap::Args;

use super::{Config, opened};
use crate::terminal::{Exit, Failure, out};

/// Brings the database's schema up to date, then exits
///
/// `serve` does the same at start; this is for setting up a database with other rights beforehand. Several
/// processes may run it at once, and you may repeat it.
#[derive(Debug, Args)]
pub(super) struct Migrate {
    /// Also count the figures of /metrics again; do this once, when no older process runs any more
    #[arg(long)]
    recount: bool,
    #[command(flatten)]
    config: Config,
}

impl Migrate {
    pub(super) async fn run(self) -> Result<Exit, Failure> {
        let settings = opened::settings(&self.config)?;
        let store = opened::store(&settings).await?;
        store.migrate().await?;
        out::aside("the schema is up to date");
        if self.recount {
            store.recount().await?;
            out::aside("the figures are counted anew");
        }
        Ok(Exit::Well)
    }
}
