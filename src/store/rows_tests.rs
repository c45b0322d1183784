//! Rows that another version of gangway wrote.

use gangway_core::catalogue::Catalogue;
use gangway_core::event::{Body, Event, OnboardingId, OperatorAct, UserId};
use gangway_core::flow::{self, model::Flow};
use gangway_core::onboarding::User;
use gangway_core::step::{start, step};
use gangway_core::time::Timestamp;
use gangway_entities::onboardings::Model;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{DataKey, Loaded, Place, StoreError, loaded, onboarding_row};
use crate::clock::SystemChance;
use crate::store::keys::Keyring;
use crate::store::types::Unknown;

const FLOW: &str = "
flow: asked
version: 1
start: { on: user.signed_up, user: { id: data.user_id } }
states:
  first: { ask: support, outcomes: { on: second } }
  second: { ask: support, outcomes: { on: done } }
  done: { end: completed }
";

fn flow() -> Flow {
    flow::load("asked.yaml", FLOW, &Catalogue::default()).unwrap()
}

fn event(body: Body) -> Event {
    Event {
        source: "test".into(),
        key: "k".into(),
        kind: "user.signed_up".into(),
        received_at: Timestamp(5),
        occurred_at: None,
        body,
    }
}

fn user() -> User {
    let id = UserId(Uuid::from_u128(1));
    User { id, external_id: "u-1".into(), email: None, locale: None, created_at: Timestamp(1) }
}

/// Somebody in `first`, as a row.
fn row(key: &DataKey) -> Model {
    let sign_up = event(Body::Message { subject: None, data: json!({}) });
    let onboarding = start(&flow(), OnboardingId(Uuid::from_u128(2)), &user(), &sign_up, Timestamp(5)).onboarding;
    let loaded = Loaded { onboarding, key: key.clone(), unknown: Unknown::default() };
    onboarding_row(&SystemChance, &loaded).unwrap()
}

fn opened(key: &DataKey, row: &Model) -> Value {
    serde_json::from_slice(&key.open(place(row), &row.sealed).unwrap()).unwrap()
}

fn place(row: &Model) -> Place<'_> {
    Place { table: "onboardings", row: row.id.as_bytes() }
}

/// This row, as written by a version that says more.
fn changed(key: &DataKey, mut row: Model, change: impl FnOnce(&mut Value)) -> Model {
    let mut memory = opened(key, &row);
    change(&mut memory);
    row.sealed = key.seal(&SystemChance, place(&row), memory.to_string().as_bytes()).unwrap();
    row
}

fn key() -> DataKey {
    Keyring::new(&"00".repeat(32).into()).unwrap().new_data_key(&SystemChance)
}

#[test]
fn what_a_later_version_added_to_a_row_survives_a_step_of_this_one() {
    let key = key();
    let later = changed(&key, row(&key), |memory| {
        memory["consents"] = json!({"terms": 3});
        memory["identifiers"] = json!([{"kind": "a.uid", "value": "7", "verified": true}]);
        memory["review"]["whom"] = json!("support");
    });
    let mut here = loaded(&key, &later, user()).unwrap();
    let to_second = OperatorAct::Move { state: "second".into() };
    let act = |act| event(Body::Operator { actor: "ops".into(), reason: String::new(), act, revision: None });
    let noted = onboarding_row(&SystemChance, &here).unwrap();
    assert_eq!(opened(&key, &noted)["review"]["whom"], "support");
    here.onboarding = step(&flow(), &here.onboarding, &act(to_second), Timestamp(9)).onboarding;
    let written = onboarding_row(&SystemChance, &here).unwrap();
    let memory = opened(&key, &written);
    assert_eq!((written.state.as_str(), &memory["consents"]), ("second", &json!({"terms": 3})));
    assert_eq!(memory["identifiers"][0]["verified"], true);
    assert_eq!(memory["review"]["whom"], Value::Null, "that was another question");
}

#[test]
fn a_word_of_another_version_is_told_from_damage() {
    let key = key();
    let strange = changed(&key, row(&key), |memory| memory["review"]["cause"] = json!("audited"));
    let refused = loaded(&key, &strange, user()).unwrap_err();
    assert!(matches!(refused, StoreError::OtherVersion(_)), "{refused}");
    let status = Model { status: "paused".into(), ..row(&key) };
    assert!(matches!(loaded(&key, &status, user()), Err(StoreError::OtherVersion(_))));
    let mut cut = row(&key);
    cut.sealed = key.seal(&SystemChance, place(&cut), b"{\"asked\": ").unwrap();
    assert!(matches!(loaded(&key, &cut, user()), Err(StoreError::Poison(_))));
}
