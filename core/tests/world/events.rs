//! Events in short. Times that say [`NOW`] are set when the world hears them.

use gangway_core::event::{Body, Event, FactReport, Identifier, OnboardingId, OperatorAct, Taken, Trust};
use gangway_core::outcome::{Answer, AttemptResult};
use gangway_core::time::{Millis, Timestamp};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{BEGIN, NOW};

fn event(source: &str, kind: &str, body: Body) -> Event {
    let (source, kind) = (source.to_owned(), kind.to_owned());
    Event { source, key: "k".into(), kind, received_at: NOW, occurred_at: None, body }
}

pub fn signed_up() -> Event {
    let address = json!({"city": "Graz", "street": "Ring 1"});
    message("user.signed_up", json!({"user_id": "u-1", "email": "ada@example.org", "plan": "gold", "address": address}))
}

pub fn message(kind: &str, data: Value) -> Event {
    event("app", kind, Body::Message { subject: Some("u-1".into()), data })
}

/// A message of this time, in seconds from the beginning.
pub fn message_at(kind: &str, at: u64, data: Value) -> Event {
    Event { occurred_at: Some(BEGIN.plus(Millis::secs(at))), ..message(kind, data) }
}

pub fn report(facts: Vec<FactReport>) -> Event {
    event("webhook:original", "original.said", Body::Report { identifiers: Vec::new(), facts })
}

/// A fact of this time, in seconds from the beginning, with the field `v` (and `address`) of this value.
pub fn fact(name: &str, at: u64, value: &str) -> FactReport {
    let fields = fields(&[("v", value), ("address", value)]);
    let time = Some(BEGIN.plus(Millis::secs(at)));
    FactReport { name: name.into(), resource: String::new(), fields, time, rank: 0, trust: Trust::Fact }
}

/// What the wallet's flow reads of a report: its address.
pub fn read_of(report: FactReport) -> FactReport {
    let fields = report.fields.into_iter().filter(|(name, _)| name == "address").collect();
    FactReport { fields, ..report }
}

pub fn hint(name: &str, at: u64, value: &str) -> FactReport {
    FactReport { trust: Trust::Hint, ..fact(name, at, value) }
}

/// A report of one fact that the wallet is there, and a hint of it.
pub fn wallet_fact() -> Event {
    report(vec![fact("original.wallet_created", 1, "0xa")])
}

pub fn wallet_hint(at: u64) -> Event {
    report(vec![hint("original.wallet_created", at, "0xa")])
}

pub fn fields(fields: &[(&str, &str)]) -> Map<String, Value> {
    fields.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value))).collect()
}

pub fn outcome(effect: i64, attempt: u32, result: AttemptResult) -> Event {
    sent(effect, attempt, NOW, result)
}

pub fn sent(effect: i64, attempt: u32, sent_at: Timestamp, result: AttemptResult) -> Event {
    event("effect", "effect.outcome", Body::Outcome { effect, attempt, sent_at, result, taken: None, unspent: false })
}

/// The lease of this attempt ran out: what it did is unknown, and it does not count.
pub fn expired(effect: i64, attempt: u32) -> Event {
    let mut event = unknown(effect, attempt);
    if let Body::Outcome { unspent, .. } = &mut event.body {
        *unspent = true;
    }
    event
}

pub fn done(effect: i64, attempt: u32, named: &str) -> Event {
    outcome(effect, attempt, AttemptResult::Done(Answer::named(named)))
}

/// The user was created: uid 42 at Original (as field and as identifier), and at IBM.
pub fn created(effect: i64, attempt: u32) -> Event {
    outcome(effect, attempt, AttemptResult::Done(created_answer()))
}

pub fn created_answer() -> Answer {
    Answer {
        outcome: "created".into(),
        fields: fields(&[("uid", "42"), ("secret", "s")]),
        identifiers: vec![Identifier::new("original.uid", "42"), Identifier::new("ibm.uid", "43")],
        ..Answer::default()
    }
}

/// An answer with this outcome that carries these facts.
pub fn told(effect: i64, attempt: u32, named: &str, facts: Vec<FactReport>) -> Event {
    outcome(effect, attempt, AttemptResult::Done(Answer { facts, ..Answer::named(named) }))
}

pub fn not_done(effect: i64, attempt: u32) -> Event {
    outcome(effect, attempt, AttemptResult::NotDone)
}

pub fn again(effect: i64, attempt: u32) -> Event {
    let cause = "503 from the provider".into();
    outcome(effect, attempt, AttemptResult::Again { cause, retry_after: None, spent: true })
}

pub fn unspent(effect: i64, attempt: u32, retry_after: Option<u64>) -> Event {
    let (cause, retry_after) = ("throttled".into(), retry_after.map(Millis::secs));
    outcome(effect, attempt, AttemptResult::Again { cause, retry_after, spent: false })
}

pub fn unknown(effect: i64, attempt: u32) -> Event {
    outcome(effect, attempt, AttemptResult::Unknown { cause: "timed out".into() })
}

pub fn broken(effect: i64, attempt: u32) -> Event {
    outcome(effect, attempt, AttemptResult::Broken { cause: "validation failed".into() })
}

/// `created`, but with the identifier of another user, who has onboarding 9.
pub fn taken(effect: i64, attempt: u32) -> Event {
    let mut event = created(effect, attempt);
    if let Body::Outcome { taken, .. } = &mut event.body {
        *taken = Some(Taken { kind: "original.uid".into(), by: other(9) });
    }
    event
}

/// The onboarding of this number, of the same user.
pub fn other(number: u128) -> OnboardingId {
    OnboardingId(Uuid::from_u128(number))
}

/// The onboarding of this number begins the flow, or joins it.
pub fn child_of(number: u128) -> Event {
    let (parent, user) = (other(number), super::user().id);
    let data = json!({"plan": "gold", "of": "parent"}).as_object().cloned().unwrap_or_default();
    event("engine", "flow.start", Body::Child { parent, flow: "test".into(), user, data })
}

/// The child of this number was begun, joined, or has ended already.
pub fn has_child(effect: i64, attempt: u32, outcome: &str, number: u128) -> Event {
    super::events::outcome(
        effect,
        attempt,
        AttemptResult::Done(Answer {
            fields: fields(&[("onboarding_id", &other(number).to_string())]),
            ..Answer::named(outcome)
        }),
    )
}

/// How the child of this number ended, by its own words.
pub fn child_end(how: &str, number: u128) -> FactReport {
    let (name, resource) = (format!("flow.kid.{how}"), other(number).to_string());
    FactReport { fields: fields(&[("onboarding_id", &resource)]), resource, ..fact(&name, 5, "") }
}

/// The child of this number has ended.
pub fn child_ended(how: &str, number: u128) -> Event {
    event(
        "engine",
        &format!("flow.kid.{how}"),
        Body::Report { identifiers: Vec::new(), facts: vec![child_end(how, number)] },
    )
}

pub fn timer() -> Event {
    event("timer", "timer", Body::Timer { revision: 1 })
}

pub fn adopt() -> Event {
    event("engine", "adopt", Body::Adopt { blind: "00".into() })
}

pub fn operator(act: OperatorAct) -> Event {
    event(
        "operator:eve",
        "operator",
        Body::Operator { actor: "eve".into(), reason: "asked".into(), act, revision: None },
    )
}

/// This event, sent by a person who saw this revision.
pub fn seen(mut event: Event, at: u64) -> Event {
    if let Body::Operator { revision, .. } = &mut event.body {
        *revision = Some(at);
    }
    event
}

pub fn stranded() -> Event {
    event("engine", "stranded", Body::Stranded)
}

pub fn retry() -> Event {
    operator(OperatorAct::Retry)
}

pub fn move_to(state: &str) -> Event {
    operator(OperatorAct::Move { state: state.into() })
}

pub fn cancel() -> Event {
    operator(OperatorAct::Cancel)
}

pub fn note() -> Event {
    operator(OperatorAct::Note)
}
