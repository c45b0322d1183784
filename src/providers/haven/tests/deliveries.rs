//! Webhooks: registering them, reading them, reading back what was missed.

use gangway_core::event::Trust;
use gangway_core::time::Timestamp;
use serde_json::json;

use super::*;
use crate::providers::{Adapter, Delivery, Reading};

fn worked() -> Value {
    serde_json::from_str(HOOK).unwrap()
}

fn read(json: &Value, signed: bool) -> Reading {
    adapter().read(&Delivery { headers: &[], json, signed, received_at: NOW }).unwrap()
}

#[test]
fn a_signed_wallet_that_is_active_is_a_fact_by_the_time_of_the_event() {
    let reading = read(&worked(), true);
    let happened = Timestamp::parse("2025-01-02T03:04:05.678Z");
    assert_eq!((reading.kind.as_str(), reading.occurred_at), ("haven.wallet_created", happened));
    assert_eq!((reading.identifiers[0].kind.as_str(), reading.identifiers.len()), ("haven.wallet_id", 1));
    let fact = &reading.facts[0];
    assert_eq!((fact.name.as_str(), fact.trust, fact.time), ("haven.wallet_active", Trust::Fact, happened));
    assert_eq!(fact.fields["network"], json!("Ethereum"));
    assert_eq!(read(&worked(), false).facts[0].trust, Trust::Hint, "without a signature anybody may have written it");
}

#[test]
fn every_kind_that_tells_of_a_wallet_is_read_and_only_active_ones_are_facts() {
    let rows = [
        ("wallet.created", Some("Active"), Some(Trust::Fact)),
        ("wallet.delegated", Some("Active"), Some(Trust::Fact)),
        ("wallet.activated", Some("Active"), Some(Trust::Fact)),
        ("wallet.activated", None, Some(Trust::Hint)),
        ("wallet.created", Some("Inactive"), None),
        ("wallet.created", Some("a-status-of-tomorrow"), None),
        ("wallet.exported", Some("Active"), None),
        ("policy.triggered", None, None),
    ];
    for (kind, status, trust) in rows {
        let mut event = worked();
        event["kind"] = json!(kind);
        match status {
            Some(status) => event["data"]["wallet"]["status"] = json!(status),
            None => drop(event["data"]["wallet"].as_object_mut().unwrap().remove("status")),
        }
        let reading = read(&event, true);
        assert_eq!(reading.facts.first().map(|fact| fact.trust), trust, "{kind} {status:?}");
        assert_eq!(reading.kind, format!("haven.{}", kind.replace('.', "_")));
    }
}

#[test]
fn a_repetition_with_a_new_id_is_a_copy_and_another_event_is_not() {
    let first = read(&worked(), true);
    let mut retry = worked();
    retry["id"] = json!("whe-9z9z9-4c5d6-exampleexample02");
    retry["retryOf"] = json!("whe-1a2b3-4c5d6-exampleexample01");
    retry["timestampSent"] = json!(1_735_787_766);
    retry["deliveryAttempt"] = json!(2);
    let again = read(&retry, true);
    assert_eq!((&first.key, &first.varies), (&again.key, &again.varies));
    let mut record = retry.clone();
    for (name, value) in [("deliveryFailed", json!(true)), ("status", json!("500")), ("error", json!("x"))] {
        record[name] = value;
    }
    assert_eq!(read(&record, true).key, first.key, "the record that is read back too");
    let without = |event: &Value| {
        let mut event = event.as_object().unwrap().clone();
        first.varies.iter().for_each(|pointer| drop(event.remove(pointer.trim_start_matches('/'))));
        event
    };
    assert_eq!(without(&worked()), without(&record), "what differs is exactly what is left out of the comparison");
    for (pointer, value) in [
        ("/kind", json!("wallet.delegated")),
        ("/date", json!("2025-01-02T03:04:06.000Z")),
        ("/data/wallet/id", json!("wa-other")),
    ] {
        let mut other = worked();
        *other.pointer_mut(pointer).unwrap() = value;
        assert_ne!(read(&other, true).key, first.key, "{pointer}");
    }
}

#[test]
fn events_without_an_object_are_told_apart_by_their_content_and_unreadable_ones_are_refused() {
    let event = |hash: &str| {
        json!({"id": "whe-1", "kind": "wallet.blockchainevent.detected", "date": "2025-01-02T03:04:05Z",
               "data": {"blockchainEvent": {"walletId": "wa-1", "txHash": hash}}})
    };
    let (one, two) = (read(&event("0x1"), true), read(&event("0x2"), true));
    assert_ne!(one.key, two.key);
    assert_eq!(one.identifiers[0].value, "wa-1");
    for body in [json!({}), json!({"kind": 7, "data": []}), json!({"kind": ""}), json!([])] {
        let read = adapter().read(&Delivery { headers: &[], json: &body, signed: true, received_at: NOW });
        assert_eq!(read.is_err(), body.get("kind").is_none_or(|kind| kind == ""), "{body}");
    }
}

#[test]
fn a_transaction_in_a_delivery_is_not_taken_for_its_wallet() {
    for data in [
        json!({"id": "tx-1", "walletId": "wa-1", "status": "Active"}),
        json!({"wallet": {"id": "tx-1", "walletId": "wa-1", "status": "Active"}}),
    ] {
        let reading = read(
            &json!({"id": "whe-1", "kind": "wallet.activated", "date": "2025-01-02T03:04:05Z", "data": data}),
            true,
        );
        assert_eq!((reading.identifiers[0].value.as_str(), reading.facts.len()), ("wa-1", 0), "{data}");
    }
}

#[test]
fn a_webhook_is_registered_with_a_signature_and_its_secret_is_handed_over_once() {
    let told: Told<'_> = (200, &[], r#"{"id": "wh-1", "url": "https://x", "secret": "whs-shown-once"}"#);
    let input = json!({"url": "https://gangway.example.com/webhooks/haven"});
    let (requests, result) = Talk::new("register_webhook", input.clone()).hear(&adapter(), &signed(&[told]));
    assert_eq!(path(&requests[2]), "POST /webhooks");
    let kinds = ["wallet.created", "wallet.delegated", "wallet.activated"];
    let body = json!({"url": input["url"], "events": kinds, "status": "Enabled", "description": "gangway"});
    assert_eq!(sent(&requests[2]), body, "what is read, and nothing else");
    let answer = done(result);
    assert_eq!((answer.outcome.as_str(), Value::Object(answer.fields)), ("registered", json!({"webhook_id": "wh-1"})));
    assert_eq!(answer.secrets.0["webhook_secret"], json!("whs-shown-once"));
    let named = json!({"url": "https://x", "events": ["wallet.created"]});
    let (requests, _) = Talk::new("register_webhook", named).hear(&adapter(), &signed(&[told]));
    assert_eq!(sent(&requests[2])["events"], json!(["wallet.created"]));
    let unnamed = || Talk::new("register_webhook", json!({"url": "https://x"}));
    let (requests, result) = unnamed().hear(&adapter(), &signed(&[BAD, CHALLENGE, SIGNED, told]));
    assert_eq!(
        sent(&requests[5])["events"],
        json!(["wallet.created", "wallet.delegated"]),
        "it does not know the third"
    );
    assert_eq!(done(result).outcome, "registered");
    assert_eq!(unnamed().ends(&adapter(), &signed(&[BAD, CHALLENGE, SIGNED, BAD])), "refused");
    assert_eq!(unnamed().ends(&adapter(), &signed(&[FORBIDDEN])), "refused");
    assert_eq!(Talk::look_up("register_webhook", input).ends(&adapter(), &[]), "broken");
}

#[test]
fn missed_deliveries_are_read_page_by_page_as_they_are() {
    let record = |date: &str| {
        let mut record = worked();
        record["date"] = json!(date);
        record["deliveryFailed"] = json!(true);
        record
    };
    let (old, new) = (record("2025-01-02T03:04:05Z"), record("2025-06-02T03:04:05Z"));
    let first = json!({"items": [old], "nextPageToken": "p2"}).to_string();
    let second = json!({"items": [new]}).to_string();
    let pages: &[Told<'_>] = &[(200, &[], &first), (200, &[], &second)];
    let (requests, result) = Talk::new("missed_deliveries", json!({"webhook_id": "wh-1"})).hear(&adapter(), pages);
    assert_eq!(path(&requests[0]), "GET /webhooks/wh-1/events?deliveryFailed=true&limit=100");
    assert!(path(&requests[1]).ends_with("&paginationToken=p2"));
    assert_eq!(done(result).fields["deliveries"], json!([old, new]));
    let since = json!({"webhook_id": "wh-1", "since": "2025-03-01T00:00:00Z"});
    assert_eq!(
        done(Talk::new("missed_deliveries", since).hear(&adapter(), pages).1).fields["deliveries"],
        json!([new])
    );
    assert_eq!(Talk::new("missed_deliveries", json!({"webhook_id": "a/b"})).ends(&adapter(), &[]), "broken");
    assert_eq!(Talk::new("missed_deliveries", json!({"webhook_id": "wh-1"})).ends(&adapter(), &[MISSING]), "broken");
    assert_eq!(
        Talk::new("missed_deliveries", json!({"webhook_id": "wh-1"})).ends(&adapter(), &[(200, &[], "{}")]),
        "again"
    );
}
