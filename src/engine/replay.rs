//! The journal, stepped again: the proof that a stored onboarding is what its events made of it. Pure.

use gangway_core::event::Event;
use gangway_core::flow::model::Flow;
use gangway_core::onboarding::{Onboarding, User};

use crate::store::search::JournalEntry;

use super::round::{begin, decide};

/// The onboarding that this history makes, in the order of revisions: a held event was received before it was applied,
/// so its number in the journal is not its turn. `None` when the history does not begin with a start, or a revision is
/// missing or does not come out as the journal says.
#[must_use]
pub fn replay(flow: &Flow, user: &User, history: &[(JournalEntry, Event)]) -> Option<Onboarding> {
    let mut steps: Vec<(u64, &JournalEntry, &Event)> =
        history.iter().filter_map(|(entry, event)| Some((entry.revision?, entry, event))).collect();
    steps.sort_by_key(|(revision, ..)| *revision);
    let mut steps = steps.into_iter();
    let (first, entry, event) = steps.next()?;
    let mut onboarding = begin(flow, entry.onboarding?, user, event).onboarding;
    if onboarding.revision != first {
        return None;
    }
    for (revision, _, event) in steps {
        onboarding = decide(flow, &onboarding, event).onboarding;
        if onboarding.revision != revision {
            return None;
        }
    }
    Some(onboarding)
}
