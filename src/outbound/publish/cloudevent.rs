//! An effect as a CloudEvent 1.0 in structured JSON. The same effect makes the same bytes at every attempt.

use gangway_core::effect::Request;
use gangway_core::time::Timestamp;
use serde_json::{Map, Value, json};

use crate::store::types::LeasedEffect;

/// Structured mode, CloudEvents JSON format 1.0, section 3.
pub const CONTENT_TYPE: &str = "application/cloudevents+json";
/// CloudEvents source of all that gangway publishes.
pub const SOURCE: &str = "/gangway";
/// Longest routing key of AMQP 0-9-1, in bytes.
const LONGEST_KEY: usize = 255;

/// A message to publish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// CloudEvents id: the effect's name.
    pub id: String,
    /// CloudEvents type, also the routing key.
    pub event_type: String,
    /// When it was asked, in unix seconds.
    pub seconds: u64,
    /// The event.
    pub body: Vec<u8>,
}

/// Writes the event of a publication or a lifecycle event.
///
/// # Errors
/// When it is neither, or its type does not fit a routing key.
pub fn write(effect: &LeasedEffect) -> Result<Message, String> {
    let (Request::Publish { event_type, subject, data } | Request::Lifecycle { event_type, subject, data }) =
        &effect.request
    else {
        return Err("not a publication; this is a fault of gangway".to_owned());
    };
    if event_type.is_empty() || event_type.len() > LONGEST_KEY {
        return Err(format!("an event type has 1 to {LONGEST_KEY} bytes, this one has {}", event_type.len()));
    }
    let id = effect.id.to_string();
    let mut event = Map::new();
    let mut set = |name: &str, value: Value| event.insert(name.to_owned(), value);
    set("specversion", json!("1.0"));
    set("id", json!(id));
    set("source", json!(SOURCE));
    set("type", json!(event_type));
    if let Some(subject) = subject {
        set("subject", json!(subject));
    }
    set("time", json!(effect.asked_at.to_string()));
    set("datacontenttype", json!("application/json"));
    set("data", data.clone());
    let Timestamp(asked) = effect.asked_at;
    let seconds = u64::try_from(asked.div_euclid(1000)).unwrap_or(0);
    Ok(Message { id, event_type: event_type.clone(), seconds, body: Value::Object(event).to_string().into_bytes() })
}

#[cfg(test)]
mod tests {
    use super::write;
    use gangway_core::effect::{EffectId, Mode, Request};
    use gangway_core::event::OnboardingId;
    use gangway_core::time::Timestamp;
    use serde_json::{Value, json};
    use uuid::Uuid;

    use crate::store::types::LeasedEffect;

    fn effect(event_type: &str, attempt: u32) -> LeasedEffect {
        let (event_type, subject) = (event_type.to_owned(), Some("user-1".to_owned()));
        LeasedEffect {
            id: EffectId { onboarding: OnboardingId(Uuid::nil()), n: -2 },
            request: Request::Lifecycle { event_type, subject, data: json!({"revision": 4}) },
            attempt,
            mode: Mode::Do,
            uncertain_since: None,
            asked_at: Timestamp(1_700_000_000_250),
            token: Uuid::nil(),
        }
    }

    #[test]
    fn an_effect_is_the_same_event_at_every_attempt() {
        let first = write(&effect("onboarding.moved", 1)).unwrap();
        assert_eq!(first, write(&effect("onboarding.moved", 2)).unwrap());
        let expected = json!({
            "specversion": "1.0", "id": format!("{}/-2", Uuid::nil()), "source": "/gangway", "type": "onboarding.moved",
            "subject": "user-1", "time": "2023-11-14T22:13:20.250Z", "datacontenttype": "application/json",
            "data": {"revision": 4},
        });
        assert_eq!(serde_json::from_slice::<Value>(&first.body).unwrap(), expected);
    }

    #[test]
    fn a_type_that_does_not_fit_a_routing_key_is_told() {
        assert!(write(&effect(&"x".repeat(256), 1)).is_err());
        assert!(write(&effect("", 1)).is_err());
    }
}
