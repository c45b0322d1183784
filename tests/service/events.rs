//! What the internal systems send over HTTP, in every form CloudEvents has, and what comes before its owner does.

use serde_json::{Value, json};

use crate::db::TestDb;
use crate::on_both_databases;
use crate::wait::until;
use crate::world::{Setup, World, sign_up};

on_both_databases!(
    a_sign_up_begins_an_onboarding_in_every_form_that_cloudevents_has,
    an_event_without_what_names_it_is_400_and_says_what_is_missing,
    one_bad_event_of_a_batch_is_named_and_none_is_taken,
    an_event_that_came_before_its_user_is_held_and_applied_by_itself,
    a_webhook_that_came_before_its_user_is_held_and_applied_by_itself,
    an_operator_gives_a_held_event_to_its_owner,
    a_second_start_is_noted_and_one_after_the_end_refused,
);

/// Waits for the internal systems alone.
pub const GREETED: &str = "flow: greeted
version: 1
title: Greeted by the internal systems
start: { on: guest.came, user: { id: data.user_id, email: data.email } }
states:
  hello: { await: { greeted: guest.greeted }, within: 1h, outcomes: { greeted: done, late: check } }
  check: { ask: support, outcomes: { retry: hello, give_up: lost } }
  lost: { end: failed }
  done: { end: completed }
";

fn guest(id: &str, kind: &str, user: &str) -> Value {
    json!({
        "specversion": "1.0", "id": id, "source": "/test", "type": kind, "subject": user,
        "data": { "user_id": user, "email": format!("{user}@example.com") },
    })
}

async fn greeting(db: &TestDb) -> World {
    Setup::default().another_flow(GREETED).start(db).await
}

async fn a_sign_up_begins_an_onboarding_in_every_form_that_cloudevents_has(db: &TestDb) {
    let world = Setup::default().start(db).await;
    let asked = || world.ask("POST", "/v1/events").bearer(&world.token);
    let structured = world.sign_up("ann", "ann@example.com", "en").await;
    let whole = sign_up("ben-\u{fc}", "ben@example.com", "de");
    let mut binary = asked().header("content-type", "application/json").body(whole["data"].to_string());
    for name in ["specversion", "id", "source", "type", "subject"] {
        let value = whole[name].as_str().unwrap().replace('\u{fc}', "%C3%BC");
        binary = binary.header(&format!("ce-{name}"), &value);
    }
    let binary = binary.send().await.is(202).json();
    let batch: Vec<Value> =
        (0..5).map(|nth| sign_up(&format!("cid-{nth}"), &format!("cid-{nth}@example.com"), "en")).collect();
    let batch =
        asked().header("content-type", "application/cloudevents-batch+json").body(Value::from(batch).to_string());
    let batch = batch.send().await.is(202).json();
    let items = batch["items"].as_array().unwrap();
    assert_eq!(items.len(), 5);
    let mut ids = vec![structured, binary["onboarding_id"].as_str().unwrap().to_owned()];
    ids.extend(items.iter().map(|item| item["onboarding_id"].as_str().unwrap().to_owned()));
    for id in &ids {
        world.comes_to(id, "completed").await;
    }
    let found = world.get("/v1/users?q=ben-%C3%BC").await;
    assert_eq!(found["items"][0]["locale"], "de", "{found}");
    world.stop().await;
}

async fn an_event_without_what_names_it_is_400_and_says_what_is_missing(db: &TestDb) {
    let world = Setup::default().start(db).await;
    for name in ["id", "source", "type", "specversion"] {
        for bad in [Value::Null, "".into(), 7.into(), json!({}), "x".repeat(2000).into()] {
            let mut event = sign_up("ann", "ann@example.com", "en");
            event[name] = bad.clone();
            let answer = world.publish(&event).await;
            assert_eq!(answer.status, 400, "{name} {bad}: {}", answer.text);
            assert!(answer.json()["detail"].as_str().unwrap().contains(name), "{}", answer.text);
        }
    }
    for source in ["effect", "timer", "engine", "operator:ann", "webhook:original", "WEBHOOK:original"] {
        let mut event = sign_up("ann", "ann@example.com", "en");
        event["source"] = source.into();
        world.publish(&event).await.is(400);
    }
    // Readable, but no user can have this id: kept, and refused with the reason.
    for (nth, data) in [json!({}), json!({ "user_id": [7] }), json!({ "user_id": "" }), json!(null)].iter().enumerate()
    {
        let mut event = sign_up("ann", "ann@example.com", "en");
        (event["id"], event["data"], event["subject"]) = (format!("odd-{nth}").into(), data.clone(), Value::Null);
        let answer = world.publish(&event).await;
        match answer.status {
            202 => assert_eq!(answer.json()["verdict"], "refused", "{data}: {}", answer.text),
            status => assert_eq!(status, 400, "{data}: {}", answer.text),
        }
    }
    assert_eq!(world.get("/v1/onboardings").await["items"], json!([]));
    world.stop().await;
}

async fn one_bad_event_of_a_batch_is_named_and_none_is_taken(db: &TestDb) {
    let world = Setup::default().start(db).await;
    let mut batch: Vec<Value> = (0..4).map(|nth| sign_up(&format!("cid-{nth}"), "cid@example.com", "en")).collect();
    batch[2].as_object_mut().unwrap().remove("id");
    let asked = world.ask("POST", "/v1/events").bearer(&world.token);
    let asked = asked.header("content-type", "application/cloudevents-batch+json").body(Value::from(batch).to_string());
    let answer = asked.send().await.is(400).json();
    assert_eq!((&answer["errors"][0]["index"], answer["errors"].as_array().unwrap().len()), (&json!(2), 1));
    assert_eq!(world.get("/v1/onboardings").await["items"], json!([]));
    world.stop().await;
}

async fn an_event_that_came_before_its_user_is_held_and_applied_by_itself(db: &TestDb) {
    let world = greeting(db).await;
    let early = world.publish(&guest("g-1", "guest.greeted", "ann")).await.is(202).json();
    assert_eq!(early["verdict"], "held", "{early}");
    let came = world.publish(&guest("c-1", "guest.came", "ann")).await.is(202).json();
    let id = came["onboarding_id"].as_str().unwrap();
    world.comes_to(id, "completed").await;
    assert_eq!(world.get("/v1/events?verdict=held").await["items"], json!([]));
    let journal = world.journal(id).await;
    let greeted = journal.iter().find(|event| event["type"] == "guest.greeted").unwrap();
    assert!(["applied", "noted"].contains(&greeted["verdict"].as_str().unwrap()), "{greeted}");
    world.stop().await;
}

async fn a_webhook_that_came_before_its_user_is_held_and_applied_by_itself(db: &TestDb) {
    // Equal seeds give equal uids: so the uid is known before the user is.
    let patient = crate::world::quick_flow().replace("after: 400ms", "after: 1h");
    let other = TestDb::sqlite().await;
    let first = Setup::default().flow(&patient).unhooked().start(&other).await;
    let id = first.sign_up("ann", "ann@example.com", "en").await;
    first.comes_to(&id, "waiting").await;
    let uid = first.uid("ann").await;
    first.stop().await;

    let world = Setup::default().flow(&patient).unhooked().sandbox(|options| {
        options.original.wallet_delay = std::time::Duration::ZERO;
    });
    let world = world.start(db).await;
    let thin = json!({ "event": "wallet.created", "data": { "user": { "uid": uid } } }).to_string();
    assert_eq!(world.webhook("early", thin).await.is(200).json()["verdict"], "held");
    let held = world.get("/v1/events?verdict=held").await;
    assert_eq!(held["items"].as_array().unwrap().len(), 1, "{held}");
    let id = world.sign_up("ann", "ann@example.com", "en").await;
    assert_eq!(world.uid("ann").await, uid, "the same seed, another uid");
    world.comes_to(&id, "completed").await;
    assert_eq!(world.get("/v1/events?verdict=held").await["items"], json!([]));
    world.stop().await;
}

async fn an_operator_gives_a_held_event_to_its_owner(db: &TestDb) {
    let world = greeting(db).await;
    let came = world.publish(&guest("c-1", "guest.came", "ann")).await.is(202).json();
    let id = came["onboarding_id"].as_str().unwrap();
    let stray = world.publish(&guest("g-1", "guest.greeted", "ann-by-another-name")).await.is(202).json();
    assert_eq!(stray["verdict"], "held");
    let held = world.get("/v1/events?verdict=held").await["items"].clone();
    let event = held[0]["id"].as_str().unwrap();
    let asked = json!({ "onboarding": id, "reason": "the same person" });
    let after = world.post(&format!("/v1/events/{event}/adopt"), &asked).await.is(200).json();
    let ended = until("the end", async || world.onboarding(id).await, |seen| seen["status"] == "completed").await;
    assert_eq!(after["id"], ended["id"]);
    assert_eq!(world.get("/v1/events?verdict=held").await["items"], json!([]));
    let twice = world.post(&format!("/v1/events/{event}/adopt"), &asked).await.is(409);
    assert!(twice.json()["detail"].is_string(), "{}", twice.text);
    let journal = world.journal(id).await;
    let adopted = journal.iter().find(|event| event["source"] == "operator:all").unwrap();
    assert!(adopted["detail"].as_str().unwrap().contains("the same person"), "{adopted}");
    world.stop().await;
}

async fn a_second_start_is_noted_and_one_after_the_end_refused(db: &TestDb) {
    let world = greeting(db).await;
    let came = world.publish(&guest("c-1", "guest.came", "ann")).await.is(202).json();
    let again = world.publish(&guest("c-2", "guest.came", "ann")).await.is(202).json();
    assert_eq!((&again["verdict"], &again["onboarding_id"]), (&json!("noted"), &came["onboarding_id"]), "{again}");
    world.publish(&guest("g-1", "guest.greeted", "ann")).await.is(202);
    world.comes_to(came["onboarding_id"].as_str().unwrap(), "completed").await;
    let late = world.publish(&guest("c-3", "guest.came", "ann")).await.is(202).json();
    assert_eq!(late["verdict"], "refused", "{late}");
    assert_eq!(world.get("/v1/onboardings").await["items"].as_array().unwrap().len(), 1);
    world.stop().await;
}
