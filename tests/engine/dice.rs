//! Repeatable choices from a seed.

use fastrand::Rng;
use gangway::clock::{Chance, SystemChance};

/// The same items in an order that the dice decide.
pub fn shuffled<T: Clone>(dice: &mut Rng, items: &[T]) -> Vec<T> {
    let mut items = items.to_vec();
    dice.shuffle(&mut items);
    items
}

/// Whether the dice decide for one of so many.
pub fn one_in(dice: &mut Rng, n: usize) -> bool {
    dice.usize(..n) == 0
}

/// `GANGWAY_TEST_SEED`, or another one each time.
pub fn seed() -> u64 {
    let given = std::env::var("GANGWAY_TEST_SEED").ok().map(|text| text.parse().unwrap());
    given.unwrap_or_else(|| {
        let mut bytes = [0; 8];
        SystemChance.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    })
}
