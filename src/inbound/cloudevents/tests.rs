use gangway_core::event::Body;
use gangway_core::time::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{NotAnEvent, arrival, unfold};
use crate::engine::Arrival;
use crate::inbound::testing::signed_up;

fn read(event: &Value) -> Result<Arrival, NotAnEvent> {
    arrival(event, event.to_string().into(), Timestamp(7))
}

fn with(name: &str, value: Value) -> Value {
    let mut event = signed_up("e-1");
    event[name] = value;
    event
}

#[test]
fn a_whole_event_is_read_attribute_by_attribute() {
    let event = read(&with("time", json!("2026-11-22T10:00:00+01:00"))).unwrap().event;
    assert_eq!((event.source.as_str(), event.key.as_str(), event.kind.as_str()), ("shop", "e-1", "user.signed_up"));
    assert_eq!(event.received_at, Timestamp(7));
    assert_eq!(event.occurred_at.unwrap().to_string(), "2026-11-22T09:00:00.000Z");
    let data = json!({ "user_id": "u-1", "email": "ada@example.org" });
    assert_eq!(event.body, Body::Message { subject: Some("u-1".into()), data });
}

#[test]
fn every_wrong_attribute_is_refused_by_name() {
    let long = "x".repeat(1025);
    for (name, value) in [
        ("specversion", json!("0.3")),
        ("specversion", json!(1.0)),
        ("specversion", Value::Null),
        ("id", json!("")),
        ("id", json!(17)),
        ("id", json!("a\u{0}b")),
        ("source", json!(" ")),
        ("source", json!(long)),
        ("type", json!("a\nb")),
        ("type", Value::Null),
        ("subject", json!("")),
        ("subject", json!({})),
        ("time", json!("yesterday")),
        ("datacontenttype", json!("text/plain")),
    ] {
        let NotAnEvent(why) = read(&with(name, value.clone())).unwrap_err();
        assert!(why.contains(&format!("`{name}`")), "{name} = {value}: {why}");
    }
    assert!(read(&json!([])).is_err());
    assert!(read(&with("data_base64", json!("e30="))).is_err(), "both forms of data");
}

#[test]
fn nobody_outside_can_speak_as_gangway_itself() {
    for source in
        ["effect", "timer", "engine", "operator:ada", "webhook:original", "Webhook:x", "unverified:x", " timer"]
    {
        let NotAnEvent(why) = read(&with("source", json!(source))).unwrap_err();
        assert!(why.contains("reserved"), "{source}: {why}");
    }
    assert!(read(&with("source", json!("/timers/effect"))).is_ok());
}

#[test]
fn nobody_outside_can_tell_how_an_onboarding_ended() {
    for kind in ["flow.original-wallet.completed", "flow.x", "Flow.wallet.failed", " flow.wallet.cancelled"] {
        let NotAnEvent(why) = read(&with("type", json!(kind))).unwrap_err();
        assert!(why.contains("`type`") && why.contains("reserved"), "{kind}: {why}");
    }
    assert!(read(&with("type", json!("flows.changed"))).is_ok());
}

#[test]
fn the_subject_is_taken_from_the_data_only_when_the_event_has_none() {
    let subject = |event: &Value| match read(event).unwrap().event.body {
        Body::Message { subject, .. } => subject,
        other => panic!("{other:?}"),
    };
    assert_eq!(subject(&with("subject", json!("s"))).as_deref(), Some("s"));
    assert_eq!(subject(&with("subject", Value::Null)).as_deref(), Some("u-1"));
    let of = |user_id: Value| {
        let mut event = with("subject", Value::Null);
        event["data"] = json!({ "user_id": user_id });
        subject(&event)
    };
    assert_eq!(of(json!(5)).as_deref(), Some("5"), "a whole number is an id, as flows read it");
    assert_eq!((of(json!(5.5)), of(json!(true))), (None, None));
}

#[test]
fn an_id_with_half_of_a_character_is_refused_and_anything_else_with_one_is_read() {
    for name in ["id", "source", "type", "subject"] {
        let NotAnEvent(why) = read(&with(name, json!("a\u{fffd}"))).unwrap_err();
        assert!(why.contains(&format!("`{name}`")) && why.contains("half of a character"), "{why}");
    }
    assert!(read(&with("data", json!({ "user_id": "u-1", "name": "a\u{fffd}" }))).is_ok());
    assert!(read(&with("comment", json!("a\u{fffd}"))).is_ok());
}

#[test]
fn data_in_base64_is_the_same_event_as_data_in_json() {
    let mut event = signed_up("e-1");
    let fields = event.as_object_mut().unwrap();
    let data = fields.remove("data").unwrap();
    use base64::Engine as _;
    let encoded = base64::engine::general_purpose::STANDARD.encode(data.to_string());
    fields.insert("data_base64".into(), encoded.into());
    assert_eq!(read(&event).unwrap().content, read(&signed_up("e-1")).unwrap().content);
    assert!(read(&with("data_base64", json!("!"))).is_err());
}

#[test]
fn spelling_and_extensions_do_not_make_other_content_and_data_does() {
    let plain = read(&signed_up("e-1")).unwrap().content;
    assert_eq!(read(&with("traceparent", json!("00-1-2-01"))).unwrap().content, plain);
    assert_ne!(read(&with("data", json!({ "user_id": "u-2" }))).unwrap().content, plain);
    assert_ne!(read(&with("time", json!("2026-11-22T10:00:00Z"))).unwrap().content, plain);
}

#[test]
fn binary_mode_unfolds_to_the_same_event() {
    let attributes = ["specversion", "id", "source", "type", "subject"];
    let whole = signed_up("e-1");
    let pairs = attributes.map(|name| (name.to_owned(), whole[name].clone()));
    let body = whole["data"].to_string();
    let event = unfold(pairs.clone(), Some("application/json; charset=utf-8"), body.as_bytes()).unwrap();
    assert_eq!(read(&event).unwrap().content, read(&whole).unwrap().content);
    assert!(unfold(pairs.clone(), Some("text/plain"), body.as_bytes()).is_err());
    let twice = pairs.iter().cloned().chain([("ID".to_owned(), json!("e-2"))]);
    assert!(unfold(twice, None, b"").is_err());
    let same = pairs.iter().cloned().chain([("ID".to_owned(), json!("e-1"))]);
    assert!(unfold(same, None, b"").is_ok(), "a bridge that writes two bindings at once");
    assert!(read(&unfold(pairs, None, b"").unwrap()).is_ok(), "an event without data");
}

proptest! {
    #[test]
    fn no_json_makes_the_reader_panic(id in ".{0,20}", time in ".{0,30}", data in ".{0,40}", name in "[a-z_0-9]{1,16}") {
        let mut event = signed_up(&id);
        event["time"] = time.into();
        event[name] = data.into();
        let _ = read(&event);
    }
}
