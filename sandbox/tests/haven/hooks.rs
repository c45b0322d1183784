//! Webhooks: how they are registered, signed, tried again and read back.

use hmac::{Hmac, KeyInit, Mac};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::client::{Haven, haven, haven_with};
use crate::common::receiver::{Received, receiver};
use crate::common::{text, until};

/// Whether the signature is that of the raw body under a secret.
fn verified(received: &Received, secret: &str) -> bool {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(received.raw.as_bytes());
    let digits = received.header("x-dfns-webhook-signature").strip_prefix("sha256=").unwrap();
    assert_eq!(digits, digits.to_lowercase());
    mac.verify_slice(&hex::decode(digits).unwrap()).is_ok()
}

async fn settled(haven: &Haven) {
    until("everything to settle", async || (haven.world.running.summary().pending == 0).then_some(())).await;
}

async fn events(haven: &Haven, id: &str, filter: &str) -> Vec<Value> {
    let (status, body) = haven.get(&format!("/webhooks/{id}/events{filter}")).await;
    assert_eq!(status, 200, "{body}");
    body["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_new_wallet_is_told_with_the_documented_payload_and_signature() {
    let mut receiver = receiver(&[]);
    let haven = haven().await;
    let (id, secret) = haven.webhook(&receiver.url).await;
    let registered = haven.registered("w@example.org").await;
    let received = receiver.next().await;
    assert!(verified(&received, &secret));
    assert!(!verified(&received, "another"));
    let body = &received.body;
    let names: Vec<&String> = body.as_object().unwrap().keys().collect();
    assert_eq!(names, ["id", "kind", "date", "data", "timestampSent", "deliveryAttempt"]);
    assert!(text(&body["id"]).starts_with("whe-"));
    assert_eq!((&body["kind"], &body["deliveryAttempt"]), (&json!("wallet.created"), &json!(1)));
    assert_eq!(body["data"], json!({ "wallet": registered["wallets"][0] }));
    assert!(body["timestampSent"].as_i64().unwrap() > 1_700_000_000);
    assert!(text(&body["date"]).ends_with('Z'));
    settled(&haven).await;
    let kept = events(&haven, &id, "").await;
    assert_eq!((kept.len(), &kept[0]["deliveryFailed"], &kept[0]["status"]), (1, &json!(false), &json!("200")));
    assert_eq!(kept[0]["id"], body["id"]);
    let one = haven.get(&format!("/webhooks/{id}/events/{}", text(&body["id"]))).await;
    assert_eq!(one, (200, kept[0].clone()));
    let listed = haven.world.own("/_webhooks?external_id=w@example.org").await;
    assert_eq!((&listed[0]["provider"], &listed[0]["state"]), (&json!("haven"), &json!("accepted")));
}

#[tokio::test]
async fn only_200_is_success_and_each_retry_is_a_new_event_that_names_the_one_before() {
    let mut receiver = receiver(&[204, 201, 500]);
    let haven = haven().await;
    let (id, secret) = haven.webhook(&receiver.url).await;
    haven.registered("r@example.org").await;
    let mut before: Option<Value> = None;
    for attempt in 1..=4 {
        let received = receiver.next().await;
        assert!(verified(&received, &secret));
        assert_eq!(received.body["deliveryAttempt"], attempt);
        if let Some(before) = before {
            assert_eq!((&received.body["retryOf"], &received.body["date"]), (&before["id"], &before["date"]));
            assert_ne!(received.body["id"], before["id"]);
            assert!(received.body["timestampSent"].as_i64() >= before["timestampSent"].as_i64());
        }
        before = Some(received.body);
    }
    settled(&haven).await;
    let failed = events(&haven, &id, "?deliveryFailed=true&kind=wallet.created").await;
    let statuses: Vec<_> = failed.iter().map(|event| text(&event["status"])).collect();
    assert_eq!(statuses, ["204", "201", "500"]);
    assert!(failed.iter().all(|event| event["nextAttemptDate"].is_string()));
    assert_eq!(events(&haven, &id, "?deliveryFailed=false").await.len(), 1);
    assert_eq!(events(&haven, &id, "?kind=wallet.activated").await.len(), 0);
    let summary = haven.world.running.summary();
    assert_eq!((summary.webhooks, summary.webhooks_accepted), (1, 1));
}

#[tokio::test]
async fn after_the_last_try_an_event_is_given_up_and_stays_to_be_read_back() {
    let receiver = receiver(&[500; 9]);
    let haven = haven().await;
    let (id, _) = haven.webhook(&receiver.url).await;
    haven.registered("g@example.org").await;
    settled(&haven).await;
    let failed = events(&haven, &id, "?deliveryFailed=true").await;
    assert_eq!(failed.len(), 5, "five attempts are documented");
    assert_eq!(failed[4].get("nextAttemptDate"), None);
}

#[tokio::test]
async fn a_webhook_is_registered_with_a_secret_that_is_shown_once() {
    let haven = haven().await;
    let body = json!({ "url": "https://example.org/hook", "events": ["wallet.created"], "description": "gangway" });
    let (status, made) = haven.signed(Method::POST, "/webhooks", &body.to_string()).await;
    assert_eq!((status, &made["status"], &made["events"]), (200, &json!("Enabled"), &body["events"]));
    assert!(text(&made["secret"]).starts_with("whs-") && text(&made["id"]).starts_with("wh-"));
    let mut shown = made.clone();
    shown.as_object_mut().unwrap().remove("secret");
    assert_eq!(haven.get(&format!("/webhooks/{}", text(&made["id"]))).await, (200, shown.clone()));
    assert_eq!(haven.get("/webhooks").await, (200, json!({ "items": [shown] })));
    assert_eq!(haven.get("/webhooks/wh-none").await.0, 404);
    assert_eq!(haven.get("/webhooks/wh-none/events").await.0, 404);
}

#[tokio::test]
async fn a_webhook_is_refused_when_its_address_or_events_are_wrong_and_beyond_the_fifth() {
    let haven = haven().await;
    let create = async |body: Value| haven.signed(Method::POST, "/webhooks", &body.to_string()).await.0;
    for body in [
        json!({ "events": ["*"] }),
        json!({ "url": "ftp://example.org", "events": ["*"] }),
        json!({ "url": "https://example.org" }),
        json!({ "url": "https://example.org", "events": [] }),
        json!({ "url": "https://example.org", "events": "*" }),
        json!({ "url": "https://example.org", "events": ["*"], "status": "On" }),
        json!({ "url": "https://example.org", "events": ["*"], "description": "x".repeat(257) }),
    ] {
        assert_eq!(create(body.clone()).await, 400, "{body}");
    }
    for number in 1..=6 {
        let body = json!({ "url": format!("https://example.org/{number}"), "events": ["*"] });
        assert_eq!(create(body).await, if number < 6 { 200 } else { 400 });
    }
}

#[tokio::test]
async fn only_kinds_that_a_webhook_wants_go_to_it_and_none_to_one_that_is_disabled() {
    let mut receiver = receiver(&[]);
    let haven = haven().await;
    for (kind, status) in [("wallet.activated", "Enabled"), ("wallet.created", "Disabled")] {
        let body = json!({ "url": receiver.url, "events": [kind], "status": status }).to_string();
        assert_eq!(haven.signed(Method::POST, "/webhooks", &body).await.0, 200);
    }
    haven.registered("k-hlate@example.org").await;
    assert_eq!(receiver.next().await.body["kind"], "wallet.activated");
    settled(&haven).await;
    assert!(receiver.rest().is_empty());
}

#[tokio::test]
async fn a_ping_posts_a_signed_test_event_of_which_nothing_is_kept() {
    let mut receiver = receiver(&[200, 418]);
    let haven = haven().await;
    let (id, secret) = haven.webhook(&receiver.url).await;
    let path = format!("/webhooks/{id}/ping");
    assert_eq!(haven.signed(Method::POST, &path, "{}").await, (200, json!({ "status": "200" })));
    assert!(verified(&receiver.next().await, &secret));
    let (status, body) = haven.signed(Method::POST, &path, "{}").await;
    assert_eq!((status, &body["status"], body["error"].is_string()), (200, &json!("418"), true));
    assert_eq!(haven.signed(Method::POST, "/webhooks/wh-none/ping", "{}").await.0, 404);
    assert_eq!(events(&haven, &id, "").await.len(), 0);
}

#[tokio::test]
async fn a_webhook_may_be_set_without_a_call_and_taken_away() {
    let mut receiver = receiver(&[]);
    let url = receiver.url.clone();
    let haven = haven_with(|options| options.haven.webhook_url = Some(url)).await;
    haven.registered("p@example.org").await;
    assert!(verified(&receiver.next().await, "whs-sandbox-secret-of-haven"));
    haven.world.running.set_haven_webhook_url(None);
    haven.registered("q@example.org").await;
    settled(&haven).await;
    assert!(receiver.rest().is_empty());
    let listed = haven.world.own("/_webhooks?external_id=q@example.org").await;
    assert_eq!(listed[0]["state"], "no_url");
}

#[tokio::test]
async fn a_forgery_is_altered_and_signed_under_another_secret_and_a_duplicate_has_a_new_id() {
    let mut receiver = receiver(&[401]);
    let haven = haven_with(|options| options.mischief = "bad_signature=1,duplicate=1".parse().unwrap()).await;
    let (_, secret) = haven.webhook(&receiver.url).await;
    haven.registered("f@example.org").await;
    let [forged, genuine, again] = [receiver.next().await, receiver.next().await, receiver.next().await];
    assert_eq!((verified(&forged, &secret), &forged.body["forged"]), (false, &json!(true)));
    assert!(verified(&genuine, &secret) && verified(&again, &secret));
    assert_eq!((&again.body["retryOf"], &again.body["date"]), (&genuine.body["id"], &genuine.body["date"]));
    assert_ne!(again.body["id"], genuine.body["id"]);
}

#[tokio::test]
async fn a_webhook_that_is_held_back_goes_out_all_the_same() {
    let mut receiver = receiver(&[]);
    let haven = haven_with(|options| {
        options.mischief = "reorder=1,delay=1".parse().unwrap();
        options.limits.reorder = std::time::Duration::from_millis(20);
    })
    .await;
    haven.webhook(&receiver.url).await;
    haven.registered("o@example.org").await;
    assert_eq!(receiver.next().await.body["kind"], "wallet.created");
}
