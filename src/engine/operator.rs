//! A person's click -> an arrival. The key is the request's `Idempotency-Key`, or a fresh id: a click sent twice is
//! one act.

use gangway_core::event::{Body, OnboardingId, OperatorAct};
use gangway_core::time::Timestamp;

use super::door::Arrival;

/// A person's act on this onboarding. `actor` is the name of the access token, `key` is unique among its acts, and
/// `revision` is the one that the person saw.
#[must_use]
pub fn acts(
    actor: &str,
    key: &str,
    onboarding: OnboardingId,
    act: OperatorAct,
    reason: &str,
    revision: Option<u64>,
    now: Timestamp,
) -> Arrival {
    let (source, kind) = (format!("operator:{actor}"), kind(&act));
    let body = Body::Operator { actor: actor.into(), reason: reason.into(), act, revision };
    Arrival::own(source, key, kind, now, Some(onboarding), body)
}

const fn kind(act: &OperatorAct) -> &'static str {
    match act {
        OperatorAct::Retry => "operator.retry",
        OperatorAct::Move { .. } => "operator.move",
        OperatorAct::Adopt { .. } => "operator.adopt",
        OperatorAct::Cancel => "operator.cancel",
        OperatorAct::Note => "operator.note",
    }
}

#[cfg(test)]
mod tests {
    use gangway_core::event::{Body, OnboardingId, OperatorAct};
    use gangway_core::time::Timestamp;
    use uuid::Uuid;

    use super::acts;

    #[test]
    fn an_act_names_who_asked_what_of_which_onboarding_and_why() {
        let onboarding = OnboardingId(Uuid::from_u128(1));
        let act = OperatorAct::Move { state: "wallet".into() };
        let arrival = acts("ada", "click-1", onboarding, act.clone(), "stuck", Some(3), Timestamp(9));
        assert_eq!((arrival.event.source.as_str(), arrival.event.key.as_str()), ("operator:ada", "click-1"));
        assert_eq!(arrival.event.kind, "operator.move");
        assert_eq!(arrival.owner, Some(onboarding));
        let body = Body::Operator { actor: "ada".into(), reason: "stuck".into(), act, revision: Some(3) };
        assert_eq!(arrival.event.body, body);
    }
}
