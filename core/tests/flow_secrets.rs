//! Secrets of a flow: where they come from, where they may go, and until when they are kept.
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a helper of a test fails the test by a panic"
)]

mod support;

use std::collections::BTreeMap;

use gangway_core::effect::Request;
use gangway_core::event::{Body, Event, OnboardingId, UserId};
use gangway_core::flow;
use gangway_core::flow::model::Flow;
use gangway_core::onboarding::User;
use gangway_core::step;
use gangway_core::time::Timestamp;
use serde_json::json;
use uuid::Uuid;

const FLOW: &str = "
flow: registry
version: 1
start: { on: user.signed_up, user: { id: data.user_id, email: data.email } }
secrets:
  password: { event: user.signed_up, field: account.password, generate: guardian }
  recovery: { state: onboard, field: recovery_key }
states:
  onboard:
    call: guardian.onboard
    with: { username: user.id, password: secrets.password }
    outcomes: { started: tell, taken: ask }
  tell:
    mail: password
    with: { key: secrets.recovery }
    outcomes: { sent: done, refused: done }
  ask: { ask: support, outcomes: { retry: onboard, give_up: failed } }
  failed: { end: failed }
  done: { end: completed }
";

fn flow() -> Flow {
    flow::load("registry.yaml", FLOW, &support::catalogue())
        .unwrap_or_else(|diagnostics| panic!("{}", diagnostics.rendered))
}

#[test]
fn a_secret_is_kept_in_exactly_the_states_from_which_it_may_still_be_read() {
    let flow = flow();
    let kept = |state: &str| (flow.keeps(state, "password"), flow.keeps(state, "recovery"));
    let states = ["onboard", "tell", "ask", "failed", "done"].map(kept);
    assert_eq!(states, [(true, true), (false, true), (true, true), (false, false), (false, false)]);
    assert!(!flow.keeps("no_such_state", "password"));
}

#[test]
fn a_secret_comes_from_the_event_or_the_answer_that_the_flow_names() {
    let flow = flow();
    let fields: Vec<_> = flow.secret_fields("user.signed_up").collect();
    assert_eq!(fields, [("password", ["account".to_owned(), "password".to_owned()].as_slice())]);
    assert_eq!(flow.secret_fields("user.moved").count(), 0);
    assert_eq!(flow.secret_of("onboard", "recovery_key"), Some("recovery"));
    assert_eq!((flow.secret_of("tell", "recovery_key"), flow.secret_of("onboard", "task_id")), (None, None));
    assert!(flow.secrets["password"].generate.is_some() && flow.secrets["recovery"].generate.is_none());
}

#[test]
fn what_is_asked_names_the_secret_by_its_place_and_never_carries_it() {
    let user = User {
        id: UserId(Uuid::from_u128(1)),
        external_id: "u-1".into(),
        email: Some("ada@example.org".into()),
        locale: None,
        created_at: Timestamp(0),
    };
    let event = Event {
        source: "test".into(),
        key: "1".into(),
        kind: "user.signed_up".into(),
        received_at: Timestamp(0),
        occurred_at: None,
        body: Body::Message {
            subject: Some("u-1".into()),
            data: json!({"user_id": "u-1", "account": {"password": "(secret)"}, "$secret": "password"}),
        },
    };
    let decision = step::start(&flow(), OnboardingId(Uuid::from_u128(2)), &user, &event, Timestamp(0));
    let Request::Call { input, secrets, .. } = &decision.asks[0].request else { panic!("a call") };
    assert_eq!(json!(input), json!({"username": "u-1"}));
    assert_eq!(*secrets, BTreeMap::from([("/password".to_owned(), "password".to_owned())]));
}

#[test]
fn a_secret_that_comes_anew_on_the_way_to_its_reader_is_not_needed_before() {
    let text = FLOW.replace("ask: { ask: support", "again: { await: { came: user.chosen }, within: 1h, outcomes: { came: onboard, late: failed } }\n  ask: { ask: support");
    let text = text.replace("event: user.signed_up, field: account.password", "event: user.chosen, field: password");
    let text = text.replace("retry: onboard", "retry: again");
    let flow = flow::load("registry.yaml", &text, &support::catalogue()).unwrap_or_else(|p| panic!("{}", p.rendered));
    let of = |state: &str| (flow.keeps(state, "password"), flow.needs(state, "password"));
    assert_eq!(
        ["onboard", "ask", "again", "done"].map(of),
        [(true, true), (true, false), (true, false), (false, false)]
    );
}
