//! `gangway event adopt`: gives a held event to the onboarding that it belongs to.

use clap::{Args, Subcommand};
use gangway_core::event::OnboardingId;
use uuid::Uuid;

use super::{Config, opened};
use crate::terminal::{Exit, Failure, out};

#[derive(Debug, Subcommand)]
pub(super) enum Event {
    Adopt(Adopt),
}

/// Gives a held event to the onboarding that it belongs to
///
/// Its identifiers belong to that onboarding from then on, and whatever else is held on them follows.
#[derive(Debug, Args)]
pub(super) struct Adopt {
    /// The event's number, as `GET /v1/events?verdict=held` lists it
    id: i64,
    /// The onboarding that it belongs to
    #[arg(long, value_name = "ID")]
    onboarding: Uuid,
    /// Why, for the journal
    #[arg(long, value_name = "TEXT", default_value = "adopted on the command line")]
    reason: String,
    #[command(flatten)]
    config: Config,
}

impl Event {
    pub(super) async fn run(self) -> Result<Exit, Failure> {
        let Self::Adopt(adopt) = self;
        let settings = opened::settings(&adopt.config)?;
        let store = opened::store(&settings).await?;
        let detail =
            crate::app::adopt(&settings, store, adopt.id, OnboardingId(adopt.onboarding), &adopt.reason).await?;
        out::data(&detail);
        Ok(Exit::Well)
    }
}
