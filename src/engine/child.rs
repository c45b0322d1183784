//! What onboardings ask of each other -> arrivals. The key is the effect's name: handed in twice it is one event.

use gangway_core::effect::EffectId;
use gangway_core::event::{Body, FactReport, OF_FLOWS, OnboardingId, UserId};
use gangway_core::time::Timestamp;
use serde_json::{Map, Value};

use super::door::Arrival;

/// The onboarding that asked this effect begins a flow for its user, or joins the onboarding of it that runs.
#[must_use]
pub fn begins(effect: EffectId, flow: &str, user: UserId, data: &Map<String, Value>, now: Timestamp) -> Arrival {
    let body = Body::Child { parent: effect.onboarding, flow: flow.to_owned(), user, data: data.clone() };
    arrival(effect, kind(flow), body, None, now)
}

/// The type of the events by which onboardings begin this flow.
#[must_use]
pub fn kind(flow: &str) -> String {
    format!("{OF_FLOWS}{flow}.start")
}

/// The onboarding that asked this effect has ended; its parent is told.
#[must_use]
pub fn ended(effect: EffectId, parent: OnboardingId, fact: &FactReport, now: Timestamp) -> Arrival {
    let body = Body::Report { identifiers: Vec::new(), facts: vec![fact.clone()] };
    let mut arrival = arrival(effect, fact.name.clone(), body, Some(parent), now);
    arrival.event.occurred_at = fact.time;
    arrival
}

fn arrival(effect: EffectId, kind: String, body: Body, owner: Option<OnboardingId>, now: Timestamp) -> Arrival {
    // Its body is the same at every attempt.
    Arrival::own("engine", effect.to_string(), kind, now, owner, body)
}

#[cfg(test)]
mod tests {
    use gangway_core::effect::EffectId;
    use gangway_core::event::{Body, FactReport, OnboardingId, Trust, UserId};
    use gangway_core::time::Timestamp;
    use serde_json::Map;
    use uuid::Uuid;

    use super::{begins, ended};

    #[test]
    fn an_effect_is_one_event_at_every_attempt() {
        let effect = EffectId { onboarding: OnboardingId(Uuid::from_u128(1)), n: 3 };
        let begun = |now| begins(effect, "wallet", UserId(Uuid::from_u128(2)), &Map::new(), Timestamp(now)).event;
        let (first, second) = (begun(1), begun(2));
        assert_eq!((&first.source, &first.key, &first.body), (&second.source, &second.key, &second.body));
        assert_eq!(first.kind, "flow.wallet.start");
        assert!(matches!(first.body, Body::Child { parent, .. } if parent == effect.onboarding));
    }

    #[test]
    fn an_end_is_told_to_the_parent_as_of_when_it_happened() {
        let (parent, effect) = (Uuid::from_u128(9), EffectId { onboarding: OnboardingId(Uuid::from_u128(1)), n: -2 });
        let fact = FactReport {
            name: "flow.wallet.failed".into(),
            resource: effect.onboarding.to_string(),
            fields: Map::new(),
            time: Some(Timestamp(5)),
            rank: 0,
            trust: Trust::Fact,
        };
        let told = ended(effect, OnboardingId(parent), &fact, Timestamp(9));
        assert_eq!((told.owner, told.event.occurred_at), (Some(OnboardingId(parent)), Some(Timestamp(5))));
        assert_eq!(told.event.kind, "flow.wallet.failed");
    }
}
