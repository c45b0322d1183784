//! The identifiers by which far ends know an onboarding: the newest of each kind, up to a limit. Older ones still
//! belong to it: events that name them find it all the same.

use std::collections::BTreeMap;

use super::turn::Turn;
use crate::event::Identifier;

impl Turn<'_> {
    /// Remembers the identifiers that an answer gives it. When there are more than the limit, the last ones: reads use
    /// the newest of a kind.
    pub(super) fn name(&mut self, said: &[Identifier]) {
        let most = usize::try_from(self.flow.limits.identifiers.max(1)).unwrap_or(usize::MAX);
        let mut room: BTreeMap<&str, usize> = BTreeMap::new();
        let mut gone: BTreeMap<&str, usize> = BTreeMap::new();
        let mut last: Vec<&Identifier> = Vec::new();
        for identifier in said.iter().rev().filter(|identifier| !identifier.is_blank()) {
            let left = room.entry(&identifier.kind).or_insert(most);
            if last.contains(&identifier) {
                continue;
            }
            if *left == 0 {
                *gone.entry(&identifier.kind).or_default() += 1;
            } else {
                *left -= 1;
                last.push(identifier);
            }
        }
        let known = &mut self.it.memory.identifiers;
        for identifier in last.into_iter().rev() {
            if known.contains(identifier) {
                continue;
            }
            known.push(identifier.clone());
            self.identifiers.push(identifier.clone());
            let of_kind = || known.iter().enumerate().filter(|(_, one)| one.kind == identifier.kind);
            if of_kind().count() > most
                && let Some((oldest, _)) = of_kind().next()
            {
                known.remove(oldest);
                *gone.entry(&identifier.kind).or_default() += 1;
            }
        }
        for (kind, gone) in gone {
            self.say(format_args!("{gone} of {kind} not remembered: the newest {most} are (engine.identifiers)"));
        }
    }
}
