//! Deliveries of every bad kind at the webhooks' door: each is answered as the contract says, the good ones beside
//! them are not hurt, and nothing moves that should not.

use serde_json::{Value, json};

use crate::db::TestDb;
use crate::http::Answer;
use crate::on_both_databases;
use crate::wait::until;
use crate::world::{SECRET, Setup, World};

on_both_databases!(
    what_cannot_be_read_is_400_what_is_too_large_413_and_nothing_of_it_is_kept,
    a_body_over_the_limit_is_413_also_in_chunks_without_a_length,
    a_zero_character_in_keys_and_values_is_stored_and_shown_and_breaks_nothing,
    an_unknown_type_is_accepted_and_recorded_and_moves_nothing,
    copies_are_counted_and_the_same_id_with_other_content_is_told_apart,
    a_forgery_never_makes_the_genuine_event_a_duplicate,
    while_a_secret_is_replaced_both_are_live,
);

/// A wallet that came, for the user of this uid.
pub fn wallet_created(uid: &str) -> String {
    json!({ "event": "wallet.created", "data": { "user": { "uid": uid }, "wallet": { "address": "0xabc" } } })
        .to_string()
}

async fn events_of(world: &World, verdict: &str) -> Vec<Value> {
    world.get(&format!("/v1/events?verdict={verdict}&limit=500")).await["items"].as_array().unwrap().clone()
}

#[track_caller]
pub fn is_problem(answer: &Answer) {
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{}", answer.text);
    assert_eq!(answer.json()["status"], answer.status, "{}", answer.text);
    assert!(answer.json()["type"].as_str().unwrap().starts_with("urn:gangway:problem:"), "{}", answer.text);
}

async fn what_cannot_be_read_is_400_what_is_too_large_413_and_nothing_of_it_is_kept(db: &TestDb) {
    let world = Setup::default().start(db).await;
    let deep = |levels: usize| [vec![b'['; levels], vec![b']'; levels]].concat();
    let nested = |levels: usize| [br#"{"event":"x","data":"#.as_slice(), &deep(levels), b"}"].concat();
    let bad: Vec<Vec<u8>> = vec![
        b"".to_vec(),
        b"not json".to_vec(),
        b"{\"event\":".to_vec(),
        b"[]".to_vec(),
        b"42".to_vec(),
        b"null".to_vec(),
        br#"{"event":7}"#.to_vec(),
        br#"{"event":{"a":1}}"#.to_vec(),
        br#"{"data":{}}"#.to_vec(),
        b"{\"event\":\"\xff\xfe\"}".to_vec(),
        nested(64),
        nested(100_000),
    ];
    for (nth, body) in bad.into_iter().enumerate() {
        let what = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
        let answer = world.webhook(&format!("bad-{nth}"), body).await;
        assert_eq!(answer.status, 400, "{what}: {}", answer.text);
        is_problem(&answer);
    }
    let unknown = world.ask("POST", &format!("/webhooks/nobody/{SECRET}")).body("{}").send().await.is(404);
    is_problem(&unknown);
    world.ask("GET", &format!("/webhooks/original/{SECRET}")).send().await.is(405);
    for verdict in ["applied", "noted", "held", "refused", "duplicate"] {
        assert_eq!(events_of(&world, verdict).await, Vec::<Value>::new(), "{verdict}");
    }
    world.webhook("good", nested(60)).await.is(200);
    world.stop().await;
}

async fn a_body_over_the_limit_is_413_also_in_chunks_without_a_length(db: &TestDb) {
    let world = Setup::default().set("intake.body_max", 20_000).start(db).await;
    let body = |length: usize| format!("{{\"event\":\"x\",\"data\":\"{}\"}}", "x".repeat(length - 23));
    let path = format!("/webhooks/original/{SECRET}");
    assert_eq!(body(20_000).len(), 20_000);
    for (length, status) in [(20_001, 413), (3_000_000, 413), (20_000, 200)] {
        let answer = world.ask("POST", &path).body(body(length)).send().await;
        assert_eq!(answer.status, status, "{length}: {}", answer.text);
        let answer = world.ask("POST", &path).body(body(length)).chunked().send().await;
        assert_eq!(answer.status, status, "{length} in chunks: {}", answer.text);
        let event = world.ask("POST", "/v1/events").bearer(&world.token).body(body(length)).chunked();
        let answer = event.header("content-type", "application/json").send().await;
        assert_eq!(answer.status, if status == 413 { 413 } else { 400 }, "{length} as an event: {}", answer.text);
    }
    world.stop().await;
}

async fn a_zero_character_in_keys_and_values_is_stored_and_shown_and_breaks_nothing(db: &TestDb) {
    let world = Setup::default().start(db).await;
    let id = world.sign_up("ann", "ann@example.com", "en").await;
    world.comes_to(&id, "completed").await;
    let mut event = json!({
        "specversion": "1.0", "id": "zero-1", "source": "/test", "type": "user.said", "subject": "ann",
        "data": { "a\0b": "c\0d", "deep": { "\0": ["\0"] } },
    });
    let taken = world.publish(&event).await.is(202).json();
    assert_eq!(taken["verdict"], "noted", "{taken}");
    assert_eq!(taken["onboarding_id"], id.as_str());
    assert_eq!(world.publish(&event).await.is(202).json()["copy"], true);
    event["data"]["a\0b"] = "other\0".into();
    assert_eq!(world.publish(&event).await.is(202).json()["verdict"], "duplicate");
    // Where the character would name something it is refused, before anything is stored.
    for (field, value) in [("type", "user\0"), ("id", "a\0"), ("subject", "a\0"), ("source", "/t\0")] {
        let mut named = event.clone();
        named[field] = value.into();
        world.publish(&named).await.is(400);
    }
    let started = world.publish(&crate::world::sign_up("ben\0", "ben@example.com", "en")).await;
    assert_eq!(started.status, 400, "{}", started.text);
    let body = json!({ "event": "reward\0.claimed", "data": { "\0": "\0", "user": { "uid": "12\0" } } }).to_string();
    world.webhook("zero-2", body).await.is(200);
    let seen = world.journal(&id).await;
    let said = seen.iter().find(|event| event["type"] == "user.said").unwrap();
    assert_eq!((&said["verdict"], &said["copies"]), (&json!("noted"), &json!(2)), "{said}");
    world.comes_to(&world.sign_up("cid", "cid@example.com", "en").await, "completed").await;
    world.stop().await;
}

async fn an_unknown_type_is_accepted_and_recorded_and_moves_nothing(db: &TestDb) {
    let world = Setup::default().start(db).await;
    let id = world.sign_up("ann-nowallet", "ann@example.com", "en").await;
    let before = world.comes_to(&id, "waiting").await;
    let uid = world.uid("ann-nowallet").await;
    let body = json!({ "event": "user.went_fishing", "data": { "user": { "uid": uid } } }).to_string();
    assert_eq!(world.webhook("fishing", body).await.is(200).json()["verdict"], "noted");
    let event = json!({
        "specversion": "1.0", "id": "u-1", "source": "/test", "type": "user.went_fishing", "subject": "ann-nowallet",
    });
    assert_eq!(world.publish(&event).await.is(202).json()["verdict"], "noted");
    let journal = world.journal(&id).await;
    let seen: Vec<&Value> =
        journal.iter().filter(|event| event["type"].as_str().unwrap().contains("went_fishing")).collect();
    assert_eq!(seen.len(), 2, "{journal:?}");
    assert!(seen.iter().all(|event| event["from"] == event["to"]), "{seen:?}");
    let after = world.onboarding(&id).await;
    assert_eq!((&after["state"], &after["status"]), (&before["state"], &before["status"]));
    world.stop().await;
}

async fn copies_are_counted_and_the_same_id_with_other_content_is_told_apart(db: &TestDb) {
    let world = Setup::default().unhooked().start(db).await;
    let first = world.webhook("one", wallet_created("77")).await.is(200).json();
    assert_eq!(first, json!({ "verdict": "held", "copy": false }));
    let copies = (0..5).map(|_| world.webhook("one", wallet_created("77")));
    for copy in futures_util::future::join_all(copies).await {
        assert_eq!(copy.is(200).json(), json!({ "verdict": "held", "copy": true }));
    }
    let other = world.webhook("one", wallet_created("78")).await.is(200).json();
    assert_eq!(other, json!({ "verdict": "duplicate", "copy": false }));
    let held = events_of(&world, "held").await;
    assert_eq!((held.len(), &held[0]["copies"]), (1, &json!(6)), "{held:?}");
    let flagged = events_of(&world, "duplicate").await;
    assert_eq!((flagged.len(), &flagged[0]["copies"]), (1, &json!(1)), "{flagged:?}");
    world.stop().await;
}

async fn a_forgery_never_makes_the_genuine_event_a_duplicate(db: &TestDb) {
    let world = Setup::default().unhooked().start(db).await;
    for path in ["/webhooks/original", "/webhooks/original/path-secret-0123456789abcdeX", "/webhooks/original/x"] {
        let forged = world.ask("POST", path).header("x-webhook-correlation-id", "genuine").body(wallet_created("66"));
        let answer = forged.send().await.is(401);
        is_problem(&answer);
        assert!(!answer.text.contains("path-secret"), "{}", answer.text);
    }
    let genuine = world.webhook("genuine", wallet_created("77")).await.is(200).json();
    assert_eq!(genuine, json!({ "verdict": "held", "copy": false }));
    assert_eq!(events_of(&world, "duplicate").await, Vec::<Value>::new());
    world.stop().await;
}

async fn while_a_secret_is_replaced_both_are_live(db: &TestDb) {
    const NEW: &str = "path-secret-of-tomorrow-42";
    let profile = format!("verify = 'secret_path'\nsecrets = ['{SECRET}', '{NEW}']");
    let world = Setup::default().webhook(&profile).start(db).await;
    world.far.set_webhook_url(Some(&format!("http://{}/webhooks/original/{SECRET}", world.running.address)));
    let id = world.sign_up("ann", "ann@example.com", "en").await;
    world.comes_to(&id, "completed").await;
    world.far.set_webhook_url(Some(&format!("http://{}/webhooks/original/{NEW}", world.running.address)));
    let id = world.sign_up("ben", "ben@example.com", "en").await;
    world.comes_to(&id, "completed").await;
    let accepted = until("all webhooks", async || world.far.summary(), |far| far.webhooks_accepted == far.webhooks);
    assert!(accepted.await.webhooks >= 4);
    world.stop().await;
}
