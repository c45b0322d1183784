//! What can be said to the engine: arrivals as what comes before it makes them, and a provider's good answers.

use bytes::Bytes;
use gangway::engine::Arrival;
use gangway::engine::operator;
use gangway::outbound::attempt::outcome;
use gangway::store::types::LeasedEffect;
use gangway_core::effect::{Mode, Request};
use gangway_core::event::{Body, Event, FactReport, Identifier, OnboardingId, OperatorAct, Trust};
use gangway_core::outcome::{Answer, AttemptResult};
use gangway_core::time::Timestamp;
use serde_json::{Map, Value, json};

pub const UID: &str = "original.user_uid";
pub const WALLET: &str = "original.wallet_created";

/// The provider's id of a person of this name.
pub fn uid(name: &str) -> Identifier {
    Identifier::new(UID, format!("uid-{name}"))
}

pub fn email(name: &str) -> String {
    format!("{name}@mail.example")
}

/// Says things at one moment.
#[derive(Clone, Copy, Debug)]
pub struct Say(pub Timestamp);

impl Say {
    fn arrival(self, source: &str, key: &str, kind: &str, body: Body) -> Arrival {
        let event = Event {
            source: source.into(),
            key: key.into(),
            kind: kind.into(),
            received_at: self.0,
            occurred_at: None,
            body,
        };
        let content = Bytes::from(serde_json::to_vec(&event.body).unwrap());
        Arrival::brought(event, content.clone(), content)
    }

    /// An internal event about a user.
    pub fn message(self, key: &str, kind: &str, subject: &str, data: Value) -> Arrival {
        self.arrival("crm", key, kind, Body::Message { subject: Some(subject.into()), data })
    }

    /// A start event of this type.
    pub fn start(self, key: &str, kind: &str, name: &str) -> Arrival {
        let data = json!({ "user_id": name, "email": email(name), "locale": "de" });
        self.message(key, kind, name, data)
    }

    pub fn sign_up(self, name: &str) -> Arrival {
        self.start(&format!("sign-up-{name}"), "user.signed_up", name)
    }

    /// A webhook about this person's wallet, thin or complete.
    pub fn wallet(self, key: &str, name: &str, trust: Trust) -> Arrival {
        self.report(key, vec![uid(name)], vec![wallet_fact(name, trust)])
    }

    pub fn report(self, key: &str, identifiers: Vec<Identifier>, facts: Vec<FactReport>) -> Arrival {
        self.arrival("webhook:original", key, WALLET, Body::Report { identifiers, facts })
    }

    /// How an attempt ended.
    pub fn outcome(self, effect: &LeasedEffect, result: AttemptResult) -> Arrival {
        outcome::arrival(effect.id, effect.attempt, self.0, result, self.0)
    }

    /// The good answer to an effect for the person of this name.
    pub fn good(self, effect: &LeasedEffect, name: &str) -> Arrival {
        self.outcome(effect, good(effect, name))
    }

    pub fn act(self, key: &str, onboarding: OnboardingId, act: OperatorAct, seen: Option<u64>) -> Arrival {
        operator::acts("ada", key, onboarding, act, "because", seen, self.0)
    }
}

pub fn wallet_fact(name: &str, trust: Trust) -> FactReport {
    FactReport {
        name: WALLET.into(),
        resource: String::new(),
        fields: fields(json!({ "user_uid": uid(name).value, "address": format!("0x{name}"), "network": "main" })),
        time: None,
        rank: 0,
        trust,
    }
}

fn fields(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap()
}

/// What a provider in good health answers.
pub fn good(effect: &LeasedEffect, name: &str) -> AttemptResult {
    let uid = uid(name);
    let action = match &effect.request {
        Request::Call { action, .. } => action.as_str(),
        // Some child; tests that care let the real performer answer.
        Request::Start { .. } => {
            let fields = fields(json!({ "onboarding_id": effect.id.onboarding }));
            return AttemptResult::Done(Answer { fields, ..Answer::named("running") });
        }
        _ => "sent",
    };
    let answer = match action {
        "original.create_user" => Answer {
            outcome: if effect.mode == Mode::LookUp { "exists" } else { "created" }.into(),
            fields: fields(json!({ "uid": uid.value })),
            identifiers: vec![uid],
            ..Answer::default()
        },
        "original.create_asset" => {
            let asset = format!("asset-{name}");
            Answer {
                outcome: "created".into(),
                fields: fields(json!({ "uid": asset })),
                identifiers: vec![Identifier::new("original.asset_uid", asset)],
                ..Answer::default()
            }
        }
        "original.get_user" => Answer {
            outcome: "has_wallet".into(),
            fields: fields(json!({ "uid": uid.value, "address": format!("0x{name}"), "network": "main" })),
            identifiers: vec![uid],
            facts: vec![wallet_fact(name, Trust::Fact)],
            ..Answer::default()
        },
        _ => Answer::named("sent"),
    };
    AttemptResult::Done(answer)
}

pub fn again(cause: &str) -> AttemptResult {
    AttemptResult::Again { cause: cause.into(), retry_after: None, spent: true }
}
