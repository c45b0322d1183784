//! Logs and metrics. Log lines go to stderr; metrics wait for `/metrics`. Never here: personal data, secrets, paths
//! with values in them.

mod beat;
mod logs;
pub mod names;

pub use beat::{Beat, Now};
pub use logs::logs;
pub use names::{Metric, Type};

use std::time::Duration;

use gangway_core::time::Millis;
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

/// Keeps the counts small for ever: a histogram remembers each value until it is drained, and without this only a
/// request for `/metrics` drains it.
pub async fn upkeep(handle: PrometheusHandle, every: Millis) {
    loop {
        tokio::time::sleep(Duration::from_millis(every.0)).await;
        handle.run_upkeep();
    }
}

/// Installs the recorder for the whole process and describes every metric. Called once, before anything counts; a
/// second call fails and leaves the first in place.
///
/// # Errors
/// When a recorder is installed already.
pub fn metrics() -> Result<PrometheusHandle, BuildError> {
    let handle = names::LENGTHS
        .iter()
        .try_fold(PrometheusBuilder::new(), |builder, (metric, buckets)| {
            builder.set_buckets_for_metric(Matcher::Full(metric.name().to_owned()), buckets)
        })?
        .install_recorder()?;
    names::describe();
    Ok(handle)
}
