//! A timer that is due -> an arrival. Its key names the revision that asked for it, so that two processes that see it
//! due make one event.

use bytes::Bytes;
use gangway_core::event::{Body, Event, OnboardingId};
use gangway_core::time::Timestamp;

use crate::engine::Arrival;

/// The time came that this onboarding, at this revision, asked to be woken at.
#[must_use]
pub fn due(onboarding: OnboardingId, revision: u64, name: &str, now: Timestamp) -> Arrival {
    let event = Event {
        source: "timer".into(),
        key: format!("{onboarding}/{revision}/{name}"),
        kind: "timer".into(),
        received_at: now,
        occurred_at: None,
        body: Body::Timer { revision },
    };
    Arrival { event, owner: Some(onboarding), raw: Bytes::new(), content: Bytes::new() }
}

#[cfg(test)]
mod tests {
    use gangway_core::event::OnboardingId;
    use gangway_core::time::Timestamp;
    use uuid::Uuid;

    use super::due;

    #[test]
    fn a_timer_seen_twice_is_one_event_and_that_of_another_revision_is_another() {
        let onboarding = OnboardingId(Uuid::from_u128(1));
        let key = |revision, now| due(onboarding, revision, "wake", Timestamp(now)).event.key;
        assert_eq!(key(3, 1), key(3, 2));
        assert_eq!(key(3, 1), "00000000-0000-0000-0000-000000000001/3/wake");
        assert_ne!(key(3, 1), key(4, 1));
    }
}
