//! Which keys of an event name its owner.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of a test fails the test by a panic"
)]

use gangway_core::event::{Body, Event, Identifier};
use gangway_core::matching::{canonical, identifiers};
use gangway_core::time::Timestamp;
use serde_json::{Value, json};

fn event(body: Body) -> Event {
    let (source, key, kind) = ("test".to_owned(), "1".to_owned(), "test".to_owned());
    Event { source, key, kind, received_at: Timestamp(0), occurred_at: None, body }
}

#[test]
fn a_message_is_found_by_its_subject_as_external_id() {
    let found = |subject: Option<&str>| {
        identifiers(&event(Body::Message { subject: subject.map(str::to_owned), data: Value::Null }))
    };
    assert_eq!(found(Some(" u-1 ")), [Identifier::new("user.external_id", "u-1")]);
    assert!(found(None).is_empty() && found(Some(" ")).is_empty());
}

#[test]
fn a_report_is_found_by_its_own_identifiers_in_their_order_each_once() {
    let uid = Identifier::new("original.user_uid", "144");
    let asset = Identifier::new("original.asset_uid", "7");
    let empty = Identifier::new("original.user_uid", "");
    let report = Body::Report { identifiers: vec![asset.clone(), empty, uid.clone(), asset.clone()], facts: vec![] };
    assert_eq!(identifiers(&event(report)), [asset, uid]);
}

#[test]
fn an_event_whose_owner_is_named_beside_it_has_no_identifiers() {
    let note = json!({"is": "operator", "actor": "a", "reason": "r", "act": {"do": "note"}, "revision": null});
    let note: Body = serde_json::from_value(note).unwrap();
    for body in [Body::Timer { revision: 1 }, note, Body::Adopt { blind: "ab".into() }] {
        assert!(identifiers(&event(body)).is_empty());
    }
}

#[test]
fn values_are_trimmed_and_only_addresses_lose_their_capitals() {
    let table = [
        ("user.email", " Ada@Example.ORG ", "ada@example.org"),
        ("didx.email", "Ada@Example.ORG", "ada@example.org"),
        ("user.external_id", " U-1 ", "U-1"),
        ("original.user_uid", "aB3", "aB3"),
    ];
    for (kind, value, wanted) in table {
        assert_eq!(canonical(&Identifier::new(kind, value)), wanted, "{kind}");
    }
}
