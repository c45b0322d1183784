//! Repeatable choices from a seed.

use gangway::clock::{Chance, SystemChance};

/// A splitmix generator.
pub struct Dice(u64);

impl Dice {
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, most: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(most.max(1)).unwrap()).unwrap()
    }

    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub fn shuffled<T: Clone>(&mut self, items: &[T]) -> Vec<T> {
        let mut items = items.to_vec();
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
        items
    }
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
