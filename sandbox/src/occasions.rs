//! How often each call came, so that the second try of a call is another occasion. What names an occasion enters; a
//! number leaves.

use std::collections::HashMap;

use parking_lot::Mutex;

/// How many different occasions are counted; beyond it the counts start again, which repeats old decisions.
const OCCASIONS: usize = 4_000_000;

/// How often each came.
#[derive(Default)]
pub(crate) struct Occasions {
    counts: Mutex<HashMap<u64, u32>>,
}

impl Occasions {
    /// From 1.
    pub(crate) fn next(&self, occasion: u64) -> u32 {
        let mut counts = self.counts.lock();
        if counts.len() >= OCCASIONS {
            counts.clear();
        }
        let count = counts.entry(occasion).or_default();
        *count = count.saturating_add(1);
        *count
    }
}
