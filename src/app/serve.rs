//! `gangway serve`: starts everything, waits to be told to stop, stops.

use std::path::PathBuf;

use tokio::signal::unix::{SignalKind, signal};

use super::parts::std_time;
use super::supervise::keep;
use super::{Seams, start};
use crate::settings::Settings;
use crate::telemetry::{self, Beat};
use crate::terminal::{Exit, Failure};

/// Serves until SIGINT or SIGTERM, applying changed provider settings of the file `config` meanwhile; then finishes
/// what is under way, within `server.stop`.
///
/// # Errors
/// See [`start`].
pub async fn serve(settings: Settings, config: Option<PathBuf>) -> Result<Exit, Failure> {
    let metrics = telemetry::metrics().map_err(|error| Failure::new(Exit::NotAllWell, error.to_string()))?;
    let running = Box::pin(start(&settings, Seams::real(), Some(metrics.clone()))).await?;
    tracing::info!(address = %running.address, "serving");
    let (reload, every) = (running.reload.clone(), settings.server.reload);
    let reload =
        keep(Beat::new("reload"), std_time(settings.server.restart), move || reload.clone().run(config.clone(), every));
    let upkeep = tokio::spawn(telemetry::upkeep(metrics, settings.server.upkeep));
    told_to_stop().await;
    reload.abort();
    upkeep.abort();
    tracing::info!("stopping");
    running.stop().await;
    Ok(Exit::Well)
}

/// Waits for SIGINT or SIGTERM.
pub(super) async fn told_to_stop() {
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        tracing::error!("signals cannot be received; stop this process by SIGKILL");
        return std::future::pending().await;
    };
    tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
}
