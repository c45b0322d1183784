//! Composition root. To be written: these stand where the parts will be put together.

use gangway_core::catalogue::Catalogue;
use gangway_core::event::OnboardingId;
use gangway_core::flow::model::Flow;

use crate::cli::demo::Demo;
use crate::cli::sandbox::Sandbox;
use crate::cli::{Exit, Failure};
use crate::settings::Settings;

fn missing() -> Failure {
    Failure::new(Exit::NotAllWell, "not built in yet")
}

/// Serves until told to stop.
pub async fn serve(_settings: Settings) -> Result<Exit, Failure> {
    Err(missing())
}

/// Shows gangway at work.
pub async fn demo(_demo: Demo) -> Result<Exit, Failure> {
    Err(missing())
}

/// Plays the providers.
pub async fn sandbox(_sandbox: Sandbox) -> Result<Exit, Failure> {
    Err(missing())
}

/// Gives a held event to an onboarding.
pub async fn adopt(_: Settings, _event: i64, _onboarding: OnboardingId, _reason: String) -> Result<Exit, Failure> {
    Err(missing())
}

/// What flows may name with these settings.
pub fn catalogue(_settings: &Settings) -> Result<Catalogue, Failure> {
    Ok(Catalogue::default())
}

/// Kinds of identifiers that the providers' adapters write.
#[must_use]
pub fn identifier_kinds(_settings: &Settings) -> Vec<String> {
    Vec::new()
}

/// A flow as a picture in text.
#[must_use]
pub fn draw(_flow: &Flow) -> String {
    String::new()
}
