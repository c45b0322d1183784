//! Seeded decisions. A seed and the words that name an occasion enter; a number or an ending leaves.
//! The same seed and words give the same answer on any thread, at any time: no clock, no counter of its own.

use std::time::Duration;

use sha2::{Digest, Sha256};

use super::{ENDINGS, Mischief, Mishap};

/// The dice of one sandbox.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dice {
    seed: u64,
}

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// Thirty-two bytes that belong to these words under this seed.
    pub(crate) fn bytes(self, words: &[&str]) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(self.seed.to_be_bytes());
        for word in words {
            // With its length before each word, ["ab", "c"] and ["a", "bc"] differ.
            hash.update((word.len() as u64).to_be_bytes());
            hash.update(word.as_bytes());
        }
        hash.finalize().into()
    }

    /// A number that belongs to these words.
    pub(crate) fn number(self, words: &[&str]) -> u64 {
        self.bytes(words).iter().take(8).fold(0, |sum, byte| (sum << 8) | u64::from(*byte))
    }

    /// From 0 up to, never reaching, 1. Fifty-three bits are what a float holds.
    pub(crate) fn unit(self, words: &[&str]) -> f64 {
        (self.number(words) >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Whether a kind strikes on this occasion.
    pub(crate) fn strikes(self, mischief: &Mischief, kind: Mishap, words: &[&str]) -> bool {
        let chance = mischief.chance(kind);
        chance > 0.0 && self.unit(&[&[super::name(kind)], words].concat()) < chance
    }

    /// How a call ends, if not well: one throw over all endings, so that they exclude each other.
    pub(crate) fn ending(self, mischief: &Mischief, words: &[&str]) -> Option<Mishap> {
        let throw = self.unit(&[&["ending"], words].concat());
        let mut edge = 0.0;
        ENDINGS.into_iter().find(|kind| {
            edge += mischief.chance(*kind);
            throw < edge
        })
    }
}

/// Between a tenth of the longest time and all of it.
pub(crate) fn part_of(longest: Duration, unit: f64) -> Duration {
    longest.mul_f64(0.1 + 0.9 * unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_and_words_give_the_same_throw_and_others_do_not() {
        let (one, two) = (Dice::new(1), Dice::new(2));
        assert_eq!(one.number(&["a", "b"]), one.number(&["a", "b"]));
        assert_ne!(one.number(&["a", "b"]), two.number(&["a", "b"]));
        assert_ne!(one.number(&["ab", "c"]), one.number(&["a", "bc"]));
    }

    #[test]
    fn each_ending_comes_about_as_often_as_asked() {
        let mischief: Mischief = "fail=0.2,lost_done=0.3".parse().unwrap();
        let dice = Dice::new(7);
        let count =
            |wanted| (0..10_000).filter(|n| dice.ending(&mischief, &["create_user", &n.to_string()]) == wanted).count();
        assert!((1_800..2_200).contains(&count(Some(Mishap::Fail))));
        assert!((2_800..3_200).contains(&count(Some(Mishap::LostDone))));
        assert!((4_700..5_300).contains(&count(None)));
    }
}
