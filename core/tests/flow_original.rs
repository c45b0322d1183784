//! The shipped flow for Original, loaded and evaluated.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of a test fails the test by a panic"
)]

mod support;

use std::collections::BTreeMap;

use gangway_core::event::{Body, Event, OnboardingId, UserId};
use gangway_core::flow::expr::{Scope, eval_all};
use gangway_core::flow::load;
use gangway_core::flow::model::{Call, Flow, Verb};
use gangway_core::matching::{SignUp, sign_up};
use gangway_core::onboarding::{FlowRef, Memory, Onboarding, Status, User};
use gangway_core::time::{Millis, Timestamp};
use serde_json::{Map, Value, json};
use support::{ORIGINAL_WALLET, catalogue};

fn flow() -> Flow {
    load("flows/original-wallet.yaml", ORIGINAL_WALLET, &catalogue())
        .unwrap_or_else(|diagnostics| panic!("{diagnostics}"))
}

fn call<'a>(flow: &'a Flow, state: &str) -> &'a Call {
    match &flow.states[state].verb {
        Verb::Call(call) => call,
        other => panic!("{other:?}"),
    }
}

fn signed_up(data: Value) -> Event {
    Event {
        source: "test".into(),
        key: "1".into(),
        kind: "user.signed_up".into(),
        received_at: Timestamp(0),
        occurred_at: None,
        body: Body::Message { subject: Some("u-1".into()), data },
    }
}

#[test]
fn the_shipped_flow_loads_and_keeps_only_what_it_reads() {
    let flow = flow();
    let states: Vec<&str> = flow.states.keys().map(String::as_str).collect();
    assert_eq!(
        states,
        [
            "create_user",
            "without_email",
            "first_asset",
            "wallet",
            "welcome",
            "review",
            "review_asset",
            "review_wallet",
            "abandoned",
            "done"
        ]
    );
    assert_eq!((flow.initial(), flow.id.version, flow.start.again), ("create_user", 3, false));
    let reads: Vec<String> = flow.reads.iter().map(|path| path.join(".")).collect();
    assert_eq!(reads, ["states.create_user.uid", "states.wallet.address", "states.without_email.uid"]);
    assert!(flow.awaits("original.wallet_created") && !flow.awaits("original.asset_minted"));
    let Verb::Await(wait) = &flow.states["wallet"].verb else { panic!("no wait") };
    let poll = wait.poll.as_ref().unwrap();
    assert_eq!((poll.after, poll.every_min, poll.every_max), (Millis(5000), Millis(2000), Millis(15_000)));
    assert_eq!(poll.outcomes["no_wallet"], None);
    assert_eq!(wait.within, Millis(86_400_000));
}

#[test]
fn a_sign_up_claims_its_user_and_an_email_may_be_absent() {
    let flow = flow();
    let full = sign_up(&flow, &signed_up(json!({"user_id": "u-1", "email": "a@b.example", "locale": "de"})));
    let email = Some("a@b.example".to_owned());
    assert_eq!(full.unwrap(), SignUp { external_id: "u-1".into(), email, locale: Some("de".into()) });
    let bare = sign_up(&flow, &signed_up(json!({"user_id": 17, "email": null})));
    assert_eq!(bare.unwrap(), SignUp { external_id: "17".into(), email: None, locale: None });
    for wrong in [json!({}), json!({"user_id": " "}), json!({"user_id": 1.5}), json!({"user_id": true}), json!(3)] {
        assert!(sign_up(&flow, &signed_up(wrong.clone())).is_err(), "{wrong}");
    }
}

#[test]
fn what_names_a_user_is_at_most_1024_bytes_long_and_on_one_line() {
    let flow = flow();
    for field in ["user_id", "email", "locale"] {
        let with = |value: &str| {
            let mut data = json!({"user_id": "u-1"});
            data[field] = json!(value);
            sign_up(&flow, &signed_up(data)).map_err(|error| error.to_string())
        };
        // What no mail can be sent to is refused before it is that long.
        assert_eq!(with(&"x".repeat(1024)).is_ok(), field != "email", "{field}");
        let long = with(&"x".repeat(1025)).unwrap_err();
        assert!(long.contains("longer than 1024 bytes") && !long.contains("xx"), "{long}");
        for odd in ["a\r\nb", "a\0b", "a\u{1b}[2Jb"] {
            let odd = with(odd).unwrap_err();
            assert!(odd.contains("control characters"), "{field}: {odd}");
        }
        assert!(with(" x@x.example\r\n").is_ok(), "white space around it is taken off");
    }
}

#[test]
fn inputs_are_evaluated_and_absent_ones_are_left_out() {
    let flow = flow();
    let id = uuid::Uuid::nil();
    let user = User { id: UserId(id), external_id: "u-1".into(), email: None, locale: None, created_at: Timestamp(0) };
    let uid: Map<String, Value> = [("uid".to_owned(), json!("144323473583"))].into_iter().collect();
    let onboarding = Onboarding {
        id: OnboardingId(id),
        user: user.clone(),
        flow: FlowRef { name: "original-wallet".into(), version: 1 },
        state: "first_asset".into(),
        status: Status::Active,
        since: Timestamp(0),
        wake_at: None,
        revision: 1,
        created_at: Timestamp(0),
        ended_at: None,
        memory: Memory { states: BTreeMap::from([("create_user".to_owned(), uid)]), ..Memory::default() },
    };
    let data = Map::new();
    let scope = Scope { user: Some(&user), data: &data, onboarding: Some(&onboarding) };
    let create = eval_all(&call(&flow, "create_user").with, &scope).unwrap();
    assert_eq!(Value::Object(create), json!({"user_external_id": "u-1"}));
    let asset = eval_all(&call(&flow, "first_asset").with, &scope).unwrap();
    assert_eq!(asset["user_uid"], json!("144323473583"));
    assert_eq!(asset["asset_external_id"], json!(format!("welcome-{id}")));
    assert_eq!((&asset["unique_name"], &asset["name"]), (&json!(false), &json!("Welcome")));
}
