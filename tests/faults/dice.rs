//! Numbers that follow from a seed, so that a run can be repeated.

/// SplitMix64.
pub struct Dice(u64);

impl Dice {
    /// With the seed of `GANGWAY_TEST_SEED`, else this one; said, so that a failure can be repeated.
    pub fn seeded(test: &str, usual: u64) -> Self {
        let given = std::env::var("GANGWAY_TEST_SEED").ok().and_then(|text| text.parse().ok());
        let seed = given.unwrap_or(usual);
        eprintln!("{test}: GANGWAY_TEST_SEED={seed}");
        Self(seed)
    }

    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From `least` up to, and never reaching, `most`.
    pub fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.number() % (most - least)
    }

    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            let other = usize::try_from(self.between(0, at as u64 + 1)).unwrap();
            items.swap(at, other);
        }
    }
}
