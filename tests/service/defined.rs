//! A provider that a file defines, served: its rate is kept by all effects together, our address is registered at it by
//! command, and it learns an outcome while people are under way.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use sha2::Sha256;

use gangway::app;
use gangway::settings::Settings;

use crate::db::TestDb;
use crate::http::Answer;
use crate::on_both_databases;
use crate::stub::{Stub, reply};
use crate::wait::until;
use crate::world::{Folder, Setup, World};

on_both_databases!(
    a_rate_is_kept_by_all_effects_together_and_costs_no_attempt_and_delays_nobody_else,
    an_address_that_was_registered_at_a_defined_provider_is_believed,
    an_outcome_that_a_definition_learned_is_a_review_for_those_of_older_versions_and_strands_nobody,
);

const ACME: &str = r#"
provider: acme
title: Acme
auth: none
rate: { requests_per_second: 5 }
facts:
  joined: { about: The member joined., fields: [] }
actions:
  create_member:
    about: Makes a member.
    input: { external_id: required }
    request: { method: POST, path: /members, body: { externalId: input.external_id } }
    outcomes: { created: { when: status == 201, fields: { member_id: body.id } } }
  register_webhook:
    about: Registers our address.
    input: { url: required, events: optional }
    request: { method: POST, path: /hooks, body: { url: input.url, events: input.events } }
    outcomes:
      registered: { when: status == 201, fields: { webhook_id: body.id }, secrets: { webhook_secret: body.key } }
webhooks:
  verify: { verify: hmac, header: X-Acme-Signature, prefix: sha256= }
  type: body.event
  facts: { joined: { when: "body.event == 'joined'", resource: body.id } }
samples:
  - action: create_member
    input: { external_id: u-1 }
    answers: [{ status: 201, body: { id: m-1 } }]
    ends: created
  - action: register_webhook
    input: { url: "https://example.org/webhooks/acme" }
    answers: [{ status: 201, body: { id: h-1, key: k-1 } }]
    ends: registered
    secrets: { webhook_secret: k-1 }
  - webhook: { body: { event: joined, id: m-1 } }
    type: joined
    facts: [joined]
"#;

const FLOW: &str = "
flow: acme-member
version: 1
title: A member at Acme
start:
  on: acme_user.signed_up
  user: { id: data.user_id }
states:
  create: { call: acme.create_member, with: { external_id: user.id }, outcomes: { created: done } }
  done: { end: completed }
";

/// Signs a person up for Acme; gives back the id of the onboarding.
async fn joins(world: &World, user: &str) -> String {
    let event = json!({"specversion": "1.0", "id": user, "source": "/test", "type": "acme_user.signed_up",
        "subject": user, "data": {"user_id": user}});
    world.publish(&event).await.is(202).json()["onboarding_id"].as_str().unwrap().to_owned()
}

async fn world(db: &TestDb, far: &Stub, folder: &Folder) -> World {
    setup(far, folder, ACME, FLOW).set("providers.acme.webhook.registered", true).start(db).await
}

fn setup(far: &Stub, folder: &Folder, definition: &str, flow: &str) -> Setup {
    let file = folder.0.join("acme.yaml");
    std::fs::write(&file, definition).unwrap();
    Setup::default()
        .another_flow(flow)
        .set("providers.acme.definition", file.display().to_string())
        .set("providers.acme.base_url", far.base_url())
}

fn acme(what: &str, before: usize) -> Vec<u8> {
    match what {
        "POST /v1/hooks" => reply("201 Created", "", "{\"id\": \"h-1\", \"key\": \"shown-once\"}"),
        _ => reply("201 Created", "", &json!({"id": format!("m-{before}")}).to_string()),
    }
}

async fn a_rate_is_kept_by_all_effects_together_and_costs_no_attempt_and_delays_nobody_else(db: &TestDb) {
    const PEOPLE: usize = 14;
    let (far, folder) = (Stub::start(acme).await, Folder::new());
    let world = world(db, &far, &folder).await;
    let began = far.age();
    let names: Vec<String> = (0..PEOPLE).map(|n| format!("member-{n}")).collect();
    let ids = join_all(names.iter().map(|name| joins(&world, name))).await;
    let other = world.sign_up("somebody-else", "somebody.else@example.org", "en").await;
    world.comes_to(&other, "completed").await;
    for id in &ids {
        world.comes_to(id, "completed").await;
        let outcomes = world.journal(id).await.into_iter().filter(|event| event["type"] == "effect.outcome");
        assert_eq!(outcomes.count(), 1, "one attempt, one outcome: what waits for its turn is not tried");
    }
    let sent: Vec<Duration> = far.got("POST /v1/members").into_iter().map(|got| got.at).collect();
    assert_eq!(sent.len(), PEOPLE);
    // One goes every 200 ms. On its way each may be late by anything, but none is there before its turn.
    for (nth, at) in (0..).zip(&sent) {
        assert!(*at >= began + nth * Duration::from_millis(200), "number {nth} came before its turn: {sent:?}");
    }
    world.stop().await;
}

async fn delivered(world: &World, secret: &str, body: &Value) -> Answer {
    let body = body.to_string();
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body.as_bytes());
    let signature = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
    world.ask("POST", "/webhooks/acme").header("x-acme-signature", &signature).body(body).send().await
}

async fn an_address_that_was_registered_at_a_defined_provider_is_believed(db: &TestDb) {
    let (far, folder) = (Stub::start(acme).await, Folder::new());
    let world = world(db, &far, &folder).await;
    let body = json!({"event": "joined", "id": "m-1"});
    delivered(&world, "shown-once", &body).await.is(401);
    let settings = Settings::read(&world.input).unwrap();
    let url = format!("http://{}/webhooks/acme", world.running.address);
    let made = app::register(&settings, &world.running.engine.store, "acme", &url, &[]).await.unwrap();
    assert_eq!((made.webhook_id.as_str(), made.secret.unwrap().expose_secret()), ("h-1", "shown-once"));
    assert!(world.running.registered_anew(&world.input).await, "the process takes the secret up without a restart");
    delivered(&world, "shown-once", &body).await.is(200);
    delivered(&world, "another", &body).await.is(401);
    world.stop().await;
}

async fn an_outcome_that_a_definition_learned_is_a_review_for_those_of_older_versions_and_strands_nobody(db: &TestDb) {
    let learned = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&learned);
    let far = Stub::start(move |_, _| match asked.load(Ordering::Relaxed) {
        false => reply("429 Too Many Requests", "Retry-After: 1\r\n", "{}"),
        true => reply("410 Gone", "", "{}"),
    });
    let (far, folder) = (far.await, Folder::new());
    let before = setup(&far, &folder, ACME, FLOW).start(db).await;
    let (met, noted) = (joins(&before, "met").await, joins(&before, "noted").await);
    until("both were tried", async || far.got("POST /v1/members").len(), |tried| *tried >= 2).await;
    before.stop().await;
    learned.store(true, Ordering::Relaxed);
    let created = "outcomes: { created: { when: status == 201";
    let definition =
        ACME.replace(created, &created.replace("{ created", "{ withdrawn: { when: status == 410 }, created"));
    let flow =
        FLOW.replace("version: 1", "version: 2").replace("{ created: done }", "{ created: done, withdrawn: done }");
    let after = setup(&far, &folder, &definition, &flow).again().start(db).await;
    let asked = after.comes_to(&met, "review").await;
    let why = asked["why"].as_str().unwrap();
    assert!(why.contains("acme.create_member answers `withdrawn`, which version 1 does not know"), "{why}");
    after.act(&noted, "note", &json!({"reason": "seen"})).await.is(200);
    let new = joins(&after, "new").await;
    assert_eq!(
        after.comes_to(&new, "completed").await["version"],
        2,
        "an onboarding that begins now knows the outcome"
    );
    after.act(&met, "move", &json!({"reason": "they withdrew", "state": "done"})).await.is(200);
    after.comes_to(&met, "completed").await;
    after.stop().await;
}
