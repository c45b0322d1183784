//! What the benches share: a light HTTP load generator, CPU and memory readings of other processes, percentiles.
//! Figures are printed, never asserted: machines are noisy.

#![allow(
    dead_code,
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

pub mod load;
pub mod proc;
pub mod world;

/// The value below which this share of the sorted values lies.
pub fn percentile(sorted: &[u64], share: f64) -> f64 {
    if sorted.is_empty() {
        return 0.0;
    }
    let place = ((sorted.len() - 1) as f64 * share).round() as usize;
    sorted[place] as f64 / 1000.0
}
