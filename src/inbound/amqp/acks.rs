//! Which deliveries of one channel may be acknowledged. One ack covers many, but only up to the lowest delivery that is
//! not yet committed: a tag acknowledged with `multiple` takes all lower ones with it. Behind one that waits aside, for
//! however long, each is acknowledged by itself.

use std::collections::BTreeMap;

/// How it stands with a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stand {
    UnderWay,
    /// Not committed and not soon.
    Aside,
    Committed,
}

/// Deliveries of one channel that are not acknowledged.
#[derive(Debug, Default)]
pub(super) struct Acks(BTreeMap<u64, Stand>);

impl Acks {
    /// A delivery came.
    pub(super) fn came(&mut self, tag: u64) {
        self.0.insert(tag, Stand::UnderWay);
    }

    /// It waits, and those behind it need not.
    pub(super) fn aside(&mut self, tag: u64) {
        self.stands(tag, Stand::Aside);
    }

    /// It is committed.
    pub(super) fn committed(&mut self, tag: u64) {
        self.stands(tag, Stand::Committed);
    }

    fn stands(&mut self, tag: u64, stand: Stand) {
        if let Some(known) = self.0.get_mut(&tag) {
            *known = stand;
        }
    }

    /// What is to be acknowledged now, once: tags, and whether with `multiple`.
    pub(super) fn due(&mut self) -> Vec<(u64, bool)> {
        let mut highest = None;
        while let Some(first) = self.0.first_entry().filter(|first| *first.get() == Stand::Committed) {
            highest = Some(first.remove_entry().0);
        }
        let settled = self.0.iter().take_while(|(_, stand)| **stand != Stand::UnderWay);
        let behind: Vec<u64> = settled.filter(|(_, stand)| **stand == Stand::Committed).map(|(tag, _)| *tag).collect();
        for tag in &behind {
            self.0.remove(tag);
        }
        highest.map(|tag| (tag, true)).into_iter().chain(behind.into_iter().map(|tag| (tag, false))).collect()
    }

    /// At the end: committed ones above one that is not; each is to be acknowledged by itself.
    pub(super) fn rest(&mut self) -> Vec<u64> {
        let committed = self.0.iter().filter(|(_, stand)| **stand == Stand::Committed).map(|(tag, _)| *tag).collect();
        self.0.clear();
        committed
    }

    /// How many wait aside.
    pub(super) fn waiting(&self) -> usize {
        self.0.values().filter(|stand| **stand == Stand::Aside).count()
    }

    /// How many are not acknowledged.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::Acks;

    proptest! {
        #[test]
        fn exactly_the_committed_are_acknowledged_whatever_the_order_of_commits_and_whoever_waits_aside(
            order in Just((1_u64..=20).collect::<Vec<_>>()).prop_shuffle(), committed in 0_usize..=20,
            aside in proptest::collection::btree_set(1_u64..=20, 0..5),
        ) {
            let mut acks = Acks::default();
            (1..=20).for_each(|tag| acks.came(tag));
            aside.iter().for_each(|tag| acks.aside(*tag));
            let (mut acknowledged, mut done) = (BTreeSet::new(), BTreeSet::new());
            for tag in order.into_iter().filter(|tag| !aside.contains(tag)).take(committed) {
                acks.committed(tag);
                done.insert(tag);
                for (tag, multiple) in acks.due() {
                    acknowledged.extend(if multiple { 1..=tag } else { tag..=tag });
                }
                prop_assert!(acknowledged.is_subset(&done));
                prop_assert_eq!(acks.len(), 20 - acknowledged.len());
            }
            if done.len() + aside.len() == 20 {
                prop_assert_eq!(&acknowledged, &done, "nobody waits for what waits aside");
            }
            acknowledged.extend(acks.rest());
            prop_assert_eq!(acknowledged, done);
        }
    }
}
