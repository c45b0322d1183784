//! `gangway serve`: the service.

use clap::Args;

use super::Config;
use crate::settings::Settings;
use crate::telemetry;
use crate::terminal::{Exit, Failure};

/// Serves webhooks, messages, API and health, and performs the effects that follow, until it is stopped
///
/// Run as many as you like on one PostgreSQL. Brings the schema up to date first.
#[derive(Debug, Args)]
pub(super) struct Serve {
    #[command(flatten)]
    config: Config,
}

impl Serve {
    pub(super) async fn run(self) -> Result<Exit, Failure> {
        let settings = Settings::load(self.config.config.as_deref())?;
        telemetry::logs(&settings.log, std::env::var("GANGWAY_LOG").ok().as_deref());
        crate::app::serve(settings, self.config.config).await
    }
}
