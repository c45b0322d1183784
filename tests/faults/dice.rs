//! Numbers that follow from a seed, so that a run can be repeated.

use fastrand::Rng;

/// With the seed of `GANGWAY_TEST_SEED`, else this one; said, so that a failure can be repeated.
pub fn seeded(test: &str, usual: u64) -> Rng {
    let given = std::env::var("GANGWAY_TEST_SEED").ok().and_then(|text| text.parse().ok());
    let seed = given.unwrap_or(usual);
    eprintln!("{test}: GANGWAY_TEST_SEED={seed}");
    Rng::with_seed(seed)
}
