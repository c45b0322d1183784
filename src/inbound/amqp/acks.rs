//! Which deliveries of one channel may be acknowledged. One ack covers many, but only up to the lowest delivery that is
//! not yet committed: a tag acknowledged with `multiple` takes all lower ones with it.

use std::collections::BTreeMap;

/// Deliveries of one channel that are not acknowledged; the value says whether it is committed.
#[derive(Debug, Default)]
pub(super) struct Acks(BTreeMap<u64, bool>);

impl Acks {
    /// A delivery came.
    pub(super) fn came(&mut self, tag: u64) {
        self.0.insert(tag, false);
    }

    /// It is committed.
    pub(super) fn committed(&mut self, tag: u64) {
        if let Some(committed) = self.0.get_mut(&tag) {
            *committed = true;
        }
    }

    /// The highest tag up to which all are committed, once: it is to be acknowledged with `multiple`.
    pub(super) fn up_to(&mut self) -> Option<u64> {
        let mut highest = None;
        while let Some(first) = self.0.first_entry().filter(|first| *first.get()) {
            highest = Some(first.remove_entry().0);
        }
        highest
    }

    /// At the end: committed ones above one that is not; each is to be acknowledged by itself.
    pub(super) fn rest(&mut self) -> Vec<u64> {
        let committed = self.0.iter().filter(|(_, committed)| **committed).map(|(tag, _)| *tag).collect();
        self.0.clear();
        committed
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
        fn exactly_the_committed_are_acknowledged_whatever_the_order_of_commits(
            order in Just((1_u64..=20).collect::<Vec<_>>()).prop_shuffle(), committed in 0_usize..=20,
        ) {
            let mut acks = Acks::default();
            (1..=20).for_each(|tag| acks.came(tag));
            let (mut acknowledged, mut done) = (BTreeSet::new(), BTreeSet::new());
            for tag in order.into_iter().take(committed) {
                acks.committed(tag);
                done.insert(tag);
                if let Some(upto) = acks.up_to() {
                    acknowledged.extend(1..=upto);
                }
                prop_assert!(acknowledged.is_subset(&done));
                prop_assert_eq!(acks.len(), 20 - acknowledged.len());
            }
            acknowledged.extend(acks.rest());
            prop_assert_eq!(acknowledged, done);
        }
    }
}
