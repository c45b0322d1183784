//! Which deliveries of one channel may be acknowledged. One ack covers many, but only up to the lowest delivery that is
//! not yet committed: a tag acknowledged with `multiple` takes all lower ones with it.

use std::collections::{BTreeMap, BTreeSet};

/// Deliveries of one channel that are not acknowledged.
#[derive(Debug, Default)]
pub(super) struct Acks {
    /// Whether it is committed.
    came: BTreeMap<u64, bool>,
    /// Those that wait to be offered again, for an unknown time.
    aside: BTreeSet<u64>,
}

impl Acks {
    /// A delivery came.
    pub(super) fn came(&mut self, tag: u64) {
        self.came.insert(tag, false);
    }

    /// It waits to be offered again: the acks of others do not wait for it.
    pub(super) fn set_aside(&mut self, tag: u64) {
        self.came.remove(&tag);
        self.aside.insert(tag);
    }

    /// It is offered again: the acks of others wait for it as for any.
    pub(super) fn offered(&mut self, tag: u64) {
        self.aside.remove(&tag);
        self.came.insert(tag, false);
    }

    /// It is committed.
    pub(super) fn committed(&mut self, tag: u64) {
        if self.aside.remove(&tag) || self.came.contains_key(&tag) {
            self.came.insert(tag, true);
        }
    }

    /// It is not acknowledged, and is redelivered.
    pub(super) fn goes_back(&mut self, tag: u64) {
        self.aside.remove(&tag);
        self.came.remove(&tag);
    }

    /// What can be acknowledged now, each once; with `true`, all lower ones with it. One that was set aside must not be
    /// acknowledged with a higher one, so as long as there is any, each goes by itself.
    pub(super) fn ready(&mut self) -> Vec<(u64, bool)> {
        if !self.aside.is_empty() {
            let ready: Vec<u64> = self.came.iter().filter(|(_, committed)| **committed).map(|(tag, _)| *tag).collect();
            self.came.retain(|_, committed| !*committed);
            return ready.into_iter().map(|tag| (tag, false)).collect();
        }
        let mut highest = None;
        while let Some(first) = self.came.first_entry().filter(|first| *first.get()) {
            highest = Some(first.remove_entry().0);
        }
        highest.map(|tag| (tag, true)).into_iter().collect()
    }

    /// At the end: committed ones above one that is not; acknowledge each by itself.
    pub(super) fn rest(&mut self) -> Vec<u64> {
        let committed = self.came.iter().filter(|(_, committed)| **committed).map(|(tag, _)| *tag).collect();
        *self = Self::default();
        committed
    }

    /// How many are not acknowledged.
    pub(super) fn len(&self) -> usize {
        self.came.len() + self.aside.len()
    }

    /// How many of these wait to be offered again.
    pub(super) fn aside(&self) -> usize {
        self.aside.len()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::Acks;

    proptest! {
        #[test]
        fn exactly_the_committed_are_acknowledged_whatever_the_order_and_whatever_is_set_aside(
            order in Just((1_u64..=20).collect::<Vec<_>>()).prop_shuffle(), committed in 0_usize..=20,
            aside in proptest::collection::btree_set(1_u64..=20, 0..4),
        ) {
            let mut acks = Acks::default();
            (1..=20).for_each(|tag| acks.came(tag));
            aside.iter().for_each(|tag| acks.set_aside(*tag));
            let (mut acknowledged, mut done) = (BTreeSet::new(), BTreeSet::new());
            for tag in order.into_iter().take(committed) {
                acks.committed(tag);
                done.insert(tag);
                for (tag, lower) in acks.ready() {
                    acknowledged.extend(if lower { 1..=tag } else { tag..=tag });
                }
                prop_assert!(acknowledged.is_subset(&done));
                prop_assert_eq!(acks.aside(), aside.difference(&done).count());
                if acks.aside() > 0 {
                    prop_assert_eq!(acks.len(), 20 - done.len(), "no ack waits for one that was set aside");
                }
            }
            acknowledged.extend(acks.rest());
            prop_assert_eq!(acknowledged, done);
        }
    }
}
