//! An attempt's end -> an arrival. Each attempt has one true outcome; a lease that ran out is told apart from it, so
//! that the true answer is not taken for its copy when it comes late.

use bytes::Bytes;
use gangway_core::effect::EffectId;
use gangway_core::event::{Body, Event};
use gangway_core::outcome::AttemptResult;
use gangway_core::time::Timestamp;

use crate::engine::Arrival;

/// One attempt.
#[derive(Clone, Copy, Debug)]
pub struct Attempt {
    /// The effect.
    pub effect: EffectId,
    /// Which attempt, from 1.
    pub attempt: u32,
    /// When its request was sent.
    pub sent_at: Timestamp,
}

/// The attempt ended.
#[must_use]
pub fn ended(attempt: &Attempt, result: AttemptResult, now: Timestamp) -> Arrival {
    arrival(attempt, "", result, now)
}

/// Nobody told how the attempt ended before its lease ran out: unknown.
#[must_use]
pub fn expired(attempt: &Attempt, now: Timestamp) -> Arrival {
    let cause = "the lease ran out before the attempt was told to have ended".into();
    arrival(attempt, "/expired", AttemptResult::Unknown { cause }, now)
}

fn arrival(attempt: &Attempt, suffix: &str, result: AttemptResult, now: Timestamp) -> Arrival {
    let Attempt { effect, attempt, sent_at } = *attempt;
    let event = Event {
        source: "effect".into(),
        key: format!("{effect}/{attempt}{suffix}"),
        kind: "effect.outcome".into(),
        received_at: now,
        occurred_at: None,
        body: Body::Outcome { effect: effect.n, attempt, sent_at, result },
    };
    Arrival { event, owner: Some(effect.onboarding), raw: Bytes::new(), content: Bytes::new() }
}

#[cfg(test)]
mod tests {
    use gangway_core::effect::EffectId;
    use gangway_core::event::{Body, OnboardingId};
    use gangway_core::outcome::AttemptResult;
    use gangway_core::time::Timestamp;
    use uuid::Uuid;

    use super::{Attempt, ended, expired};

    const ATTEMPT: Attempt = Attempt {
        effect: EffectId { onboarding: OnboardingId(Uuid::from_u128(1)), n: 4 },
        attempt: 2,
        sent_at: Timestamp(5),
    };

    #[test]
    fn an_outcome_is_named_by_its_effect_and_attempt_and_belongs_to_the_onboarding() {
        let arrival = ended(&ATTEMPT, AttemptResult::NotDone, Timestamp(9));
        assert_eq!(arrival.event.key, "00000000-0000-0000-0000-000000000001/4/2");
        assert_eq!((arrival.event.source.as_str(), arrival.event.kind.as_str()), ("effect", "effect.outcome"));
        assert_eq!(arrival.owner, Some(ATTEMPT.effect.onboarding));
        let result = AttemptResult::NotDone;
        assert_eq!(arrival.event.body, Body::Outcome { effect: 4, attempt: 2, sent_at: Timestamp(5), result });
    }

    #[test]
    fn a_true_answer_is_not_a_copy_of_the_lease_that_ran_out_before_it() {
        let lost = expired(&ATTEMPT, Timestamp(9));
        assert_ne!(lost.event.key, ended(&ATTEMPT, AttemptResult::NotDone, Timestamp(10)).event.key);
        assert!(matches!(lost.event.body, Body::Outcome { result: AttemptResult::Unknown { .. }, .. }));
    }
}
