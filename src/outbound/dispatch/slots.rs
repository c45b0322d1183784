//! How many effects of each slot (a provider, `mail`, `publish`) are performed at once. A slow provider fills only
//! its own slots.

use std::collections::BTreeMap;

use parking_lot::{Mutex, MutexGuard};

/// Slots, taken and given back.
#[derive(Debug)]
pub struct Slots {
    all: Mutex<BTreeMap<String, Slot>>,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    size: u32,
    taken: u32,
}

impl Slots {
    /// So many of each.
    #[must_use]
    pub fn new(sizes: impl IntoIterator<Item = (String, u32)>) -> Self {
        let all = sizes.into_iter().map(|(name, size)| (name, Slot { size, taken: 0 })).collect();
        Self { all: Mutex::new(all) }
    }

    /// Takes at most `wanted`; answers how many. A slot that does not exist has none.
    pub fn take(&self, name: &str, wanted: u32) -> u32 {
        let mut all = self.all();
        let Some(slot) = all.get_mut(name) else { return 0 };
        let taken = wanted.min(slot.size.saturating_sub(slot.taken));
        slot.taken += taken;
        in_flight(name, slot.taken);
        taken
    }

    /// Gives some back; how many are still taken.
    pub fn give_back(&self, name: &str, count: u32) -> u32 {
        let mut all = self.all();
        let Some(slot) = all.get_mut(name) else { return 0 };
        slot.taken = slot.taken.saturating_sub(count);
        in_flight(name, slot.taken);
        slot.taken
    }

    /// Names of all slots.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.all().keys().cloned().collect()
    }

    /// How many of each are taken now.
    #[must_use]
    pub fn taken(&self) -> BTreeMap<String, u32> {
        self.all().iter().map(|(name, slot)| (name.clone(), slot.taken)).collect()
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<String, Slot>> {
        self.all.lock()
    }
}

fn in_flight(name: &str, taken: u32) {
    metrics::gauge!("gangway_outbound_in_flight", "slot" => name.to_owned()).set(f64::from(taken));
}

#[cfg(test)]
mod tests {
    use super::Slots;

    #[test]
    fn a_full_slot_gives_none_and_leaves_the_others_alone() {
        let slots = Slots::new([("original".to_owned(), 2), ("mail".to_owned(), 1)]);
        assert_eq!((slots.take("original", 5), slots.take("original", 1)), (2, 0));
        assert_eq!((slots.take("mail", 1), slots.take("nobody", 1)), (1, 0));
        slots.give_back("original", 1);
        assert_eq!(slots.take("original", 5), 1);
    }
}
