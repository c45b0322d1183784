//! The provider has a bad day: keys that it refuses, too many requests, failures, silence, floods and detours. Users
//! wait visibly with the one reason, nothing is spent on it, and all go on by themselves.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use gangway::app::Reloaded;
use serde_json::{Value, json};

use crate::db::TestDb;
use crate::on_both_databases;
use crate::stub::{Stub, reply, well};
use crate::wait::{throughout, until};
use crate::world::{Setup, World};

on_both_databases!(
    refused_credentials_hold_everybody_with_one_reason_and_no_attempt_spent_until_they_are_right,
    credentials_that_are_revoked_and_then_mended_in_the_settings_need_no_restart,
    one_persons_403_delays_nobody_and_leads_that_person_to_review,
    a_provider_that_is_down_is_tried_again_and_never_looked_up,
    what_a_provider_asks_to_wait_is_waited_and_without_it_our_own_pace_is_kept,
    what_a_provider_asks_for_is_shown_and_ended_by_an_operator,
    one_action_that_fails_rests_and_the_others_go_on,
    a_flood_of_an_answer_is_cut_off_and_the_work_is_looked_up,
    a_redirect_is_not_followed_and_named,
    a_loopback_address_is_refused_unless_it_is_allowed,
);

async fn signed_up(world: &World, users: &[&str]) -> Vec<String> {
    let mut ids = Vec::new();
    for user in users {
        ids.push(world.sign_up(user, &format!("{user}@example.com"), "en").await);
    }
    ids
}

/// The onboarding, once its `why` says all of this.
async fn says(world: &World, id: &str, parts: &[&str]) -> Value {
    let all = |seen: &Value| parts.iter().all(|part| seen["why"].as_str().unwrap().contains(part));
    until(&format!("{parts:?}"), async || world.onboarding(id).await, all).await
}

async fn readiness(world: &World, part: &str) -> Value {
    let ready = world.ask("GET", "/readyz").bearer(&world.token).send().await.json();
    ready["parts"].as_array().unwrap().iter().find(|one| one["name"] == part).unwrap().clone()
}

async fn refused_credentials_hold_everybody_with_one_reason_and_no_attempt_spent_until_they_are_right(db: &TestDb) {
    let setup = Setup::default().set("providers.original.api_key", "the-new-key").set("outbound.retry.attempts", 2);
    let setup = setup.set("outbound.breaker.probe", "300ms");
    let mut right = setup.sandbox.clone();
    let mut world = setup.start(db).await;
    let ids = signed_up(&world, &["ann", "ben", "cid"]).await;
    let reason = "the provider refuses our credentials (401)";
    for id in &ids {
        let seen = says(&world, id, &["original.create_user"]).await;
        assert_eq!((&seen["status"], &seen["state"]), (&json!("active"), &json!("create_user")), "{seen}");
    }
    says(&world, &ids[0], &[reason, "attempt 1 of 2"]).await;
    until("more probes than attempts", async || world.calls("action=create_user").await.len(), |n| *n > 4).await;
    let part = readiness(&world, "providers").await;
    assert_eq!((&part["ready"], &part["needed"]), (&json!(false), &json!(false)), "{part}");
    assert!(part["detail"].as_str().unwrap().contains("original"), "{part}");
    assert!(world.metrics().await.contains("gangway_outbound_breaker{target=\"original\"} "));
    right.original.api_key = "the-new-key".to_owned();
    let hook = format!("http://{}/webhooks/original/{}", world.running.address, crate::world::SECRET);
    right.original.webhook_url = Some(hook);
    world.restart_far(right).await;
    for id in &ids {
        world.comes_to(id, "completed").await;
        let journal = world.journal(id).await;
        assert!(journal.iter().all(|event| !event.to_string().contains("look-up")), "{journal:?}");
    }
    assert_eq!(readiness(&world, "providers").await["ready"], true);
    world.stop().await;
}

async fn credentials_that_are_revoked_and_then_mended_in_the_settings_need_no_restart(db: &TestDb) {
    let mut world = Setup::default().set("outbound.breaker.probe", "300ms").start(db).await;
    let before = signed_up(&world, &["early"]).await;
    world.comes_to(&before[0], "completed").await;
    let mut revoked = gangway_sandbox::Options::default();
    revoked.original.api_secret = "another-secret-of-thirty-two-characters".to_owned();
    revoked.original.webhook_url =
        Some(format!("http://{}/webhooks/original/{}", world.running.address, crate::world::SECRET));
    world.restart_far(revoked.clone()).await;
    let ids = signed_up(&world, &["ann", "ben", "cid"]).await;
    for id in &ids {
        says(&world, id, &["original.create_user"]).await;
    }
    says(&world, &ids[0], &["the provider refuses our credentials (401)"]).await;
    let mut input = world.input.clone();
    let Some((_, text)) = &mut input.file else { panic!("a file") };
    let wrong = text.replace("providers.original.api_key = ", "providers.original.api_kee = ");
    let refused = gangway::settings::Input { file: Some(("test.toml".to_owned(), wrong)), ..input.clone() };
    let Some((_, text)) = &mut input.file else { panic!("a file") };
    *text = text.replace(&gangway_sandbox::Options::default().original.api_secret, &revoked.original.api_secret);
    assert!(matches!(world.running.reload(&refused), Reloaded::Refused(_)));
    assert_eq!(world.running.reload(&input), Reloaded::Taken(vec!["original".to_owned()]));
    for id in &ids {
        world.comes_to(id, "completed").await;
    }
    world.stop().await;
}

async fn one_persons_403_delays_nobody_and_leads_that_person_to_review(db: &TestDb) {
    // A rest would outlast the test, and one more attempt too: nothing here may need either.
    let mut setup = Setup::default();
    for key in ["breaker.rest", "breaker.max_rest", "breaker.probe", "retry.first", "retry.max"] {
        setup = setup.set(&format!("outbound.{key}"), "1h");
    }
    let world = setup.start(db).await;
    let culprits = signed_up(&world, &["dan-forbidden", "eva-forbidden", "fay-forbidden", "gus-forbidden"]).await;
    let others = signed_up(&world, &["ann", "ben", "cid"]).await;
    for id in &others {
        world.comes_to(id, "completed").await;
    }
    for id in &culprits {
        let seen = world.comes_to(id, "review").await;
        assert!(seen["why"].as_str().unwrap().contains("create_user ended refused"), "{seen}");
    }
    assert_eq!(world.calls("action=create_user&external_id=dan-forbidden").await.len(), 1, "asked for once");
    assert_eq!(readiness(&world, "providers").await["ready"], true);
    world.stop().await;
}

async fn a_provider_that_is_down_is_tried_again_and_never_looked_up(db: &TestDb) {
    let closed: std::net::SocketAddr = ([127, 0, 0, 1], crate::ports::port()).into();
    let setup = Setup::default().set("providers.original.base_url", format!("http://{closed}/original/v1"));
    let mut far = setup.sandbox.clone();
    far.http = closed;
    let world = setup.start(db).await;
    let ids = signed_up(&world, &["ann", "ben"]).await;
    let seen = says(&world, &ids[0], &["original.create_user: ", " of 16 at "]).await;
    assert_eq!(seen["status"], "active");
    assert!(seen["next"]["at"].is_string(), "{seen}");
    far.original.webhook_url =
        Some(format!("http://{}/webhooks/original/{}", world.running.address, crate::world::SECRET));
    let came = gangway_sandbox::start(far).await.unwrap();
    for id in &ids {
        world.comes_to(id, "completed").await;
        let journal = world.journal(id).await;
        assert!(journal.iter().all(|event| !event.to_string().contains("look-up")), "{journal:?}");
    }
    assert_eq!((came.summary().original.users, came.summary().original.duplicate_users), (2, 0));
    came.stop().await;
    world.stop().await;
}

async fn what_a_provider_asks_to_wait_is_waited_and_without_it_our_own_pace_is_kept(db: &TestDb) {
    let stub = Stub::start(|what, before| match (what, before) {
        ("POST /v1/user", 0) => reply("429 Too Many Requests", "retry-after: 2\r\n", "{}"),
        ("POST /v1/asset", 0..3) => reply("429 Too Many Requests", "", "{}"),
        _ => well(what, before),
    });
    let stub = stub.await;
    let setup = Setup::default().set("providers.original.base_url", stub.base_url());
    let world = setup.set("outbound.retry.attempts", 2).start(db).await;
    let id = world.sign_up("ann", "ann@example.com", "en").await;
    let seen = says(&world, &id, &["429", "attempt 1 of 2"]).await;
    assert_eq!(seen["state"], "create_user");
    world.comes_to(&id, "completed").await;
    let users = stub.got("POST /v1/user");
    let waited = users[1].at - users[0].at;
    assert!(users.len() == 2 && waited >= Duration::from_secs(2), "{users:?}");
    let assets = stub.got("POST /v1/asset");
    assert_eq!(assets.len(), 4, "three refusals spend none of two attempts: {assets:?}");
    assert!(assets[1].at - assets[0].at >= Duration::from_millis(100), "{assets:?}");
    world.stop().await;
}

async fn what_a_provider_asks_for_is_shown_and_ended_by_an_operator(db: &TestDb) {
    let stub = Stub::start(|what, before| match (what, before) {
        ("POST /v1/user", 0) => reply("503 Service Unavailable", "retry-after: 86400\r\n", "{}"),
        _ => well(what, before),
    });
    let stub = stub.await;
    let world = Setup::default().set("providers.original.base_url", stub.base_url()).start(db).await;
    let met = world.sign_up("ann", "ann@example.com", "en").await;
    let reason = ["original rests since", "it asked to be left alone", "is tried again at"];
    let seen = says(&world, &met, &reason).await;
    let late = world.sign_up("ben", "ben@example.com", "en").await;
    let other = says(&world, &late, &reason).await;
    assert_eq!(seen["next"]["at"], other["next"]["at"], "{seen} {other}");
    let part = readiness(&world, "providers").await;
    assert!(part["detail"].as_str().unwrap().contains("original until"), "{part}");
    assert!(world.metrics().await.contains("gangway_provider_resumes_at_seconds{provider=\"original\"} "));
    let reader = world.token_for("reader", &["read"]).await;
    let resume =
        |token: String, name: &str| world.ask("POST", &format!("/v1/providers/{name}/resume")).bearer(&token).send();
    resume(reader, "original").await.is(403);
    resume(world.token.clone(), "nobody").await.is(404);
    assert_eq!(stub.got("POST /v1/user").len(), 1);
    resume(world.token.clone(), "original").await.is(200);
    for id in [&met, &late] {
        world.comes_to(id, "completed").await;
    }
    world.stop().await;
}

async fn one_action_that_fails_rests_and_the_others_go_on(db: &TestDb) {
    let well_again = Arc::new(AtomicBool::new(false));
    let switch = Arc::clone(&well_again);
    let stub = Stub::start(move |what, before| {
        // The first two get by; then creating users is broken, and nothing else.
        let broken = what == "POST /v1/user" && before >= 2 && !switch.load(Ordering::SeqCst);
        if broken { reply("503 Service Unavailable", "retry-after: 0\r\n", "busy") } else { well(what, before) }
    });
    let stub = stub.await;
    let setup = Setup::default().set("providers.original.base_url", stub.base_url());
    let setup = setup.set("outbound.breaker.failures", 3).set("outbound.breaker.rest", "6s");
    let world = setup.set("outbound.retry.attempts", 20).start(db).await;
    let first = signed_up(&world, &["ann"]).await;
    world.comes_to(&first[0], "completed").await;
    // One that is past it already, with its wallet still to be read.
    let second = signed_up(&world, &["ben"]).await;
    let stuck = signed_up(&world, &["cid", "dan", "eve"]).await;
    let open = async || world.metrics().await;
    until("an open breaker", open, |text| text.contains("gangway_outbound_breaker{target=\"original.create_user\"} 2"))
        .await;
    let part = readiness(&world, "providers").await;
    assert!(part["detail"].as_str().unwrap().contains("original.create_user"), "{part}");
    world.ask("GET", "/readyz").send().await.is(200);
    let (while_open, opened) = (stub.got("POST /v1/user").len(), stub.age());
    world.comes_to(&second[0], "completed").await;
    let seen = world.onboarding(&stuck[0]).await;
    assert_eq!((&seen["status"], &seen["state"]), (&json!("active"), &json!("create_user")));
    assert!(seen["why"].as_str().unwrap().contains("503"), "{seen}");
    // Three people fail there: one of them opened it, the others may have been under way. After each rest one tries.
    let tried = async || (stub.got("POST /v1/user").len() - while_open, (stub.age() - opened).as_secs() / 6);
    throughout("rest", Duration::from_millis(500), tried, |(now, rests)| *now as u64 <= 2 + rests).await;
    well_again.store(true, Ordering::SeqCst);
    for id in &stuck {
        world.comes_to(id, "completed").await;
    }
    world.stop().await;
}

async fn a_flood_of_an_answer_is_cut_off_and_the_work_is_looked_up(db: &TestDb) {
    let flood = Arc::new(reply("201 Created", "content-type: application/json\r\n", &"x".repeat(50_000_000)));
    let stub = Stub::start(move |what, before| match (what, before) {
        ("POST /v1/user", 0) => flood.to_vec(),
        ("GET /v1/user", _) => crate::stub::good(
            "200 OK",
            &json!({
                "uid": "7001", "created_at": "2026-01-01T00:00:00Z", "user_external_id": "x", "wallets": [],
            }),
        ),
        _ => well(what, before),
    });
    let stub = stub.await;
    let setup = Setup::default().set("providers.original.base_url", stub.base_url());
    let world = setup.start(db).await;
    let id = world.sign_up("ann", "ann@example.com", "en").await;
    let ended = until("the asset", async || world.onboarding(&id).await, |seen| seen["state"] != "create_user").await;
    assert_ne!(ended["status"], "failed", "{ended}");
    let journal = world.journal(&id).await;
    let cut = journal.iter().find(|event| event["detail"].as_str().unwrap().contains("attempt 1")).unwrap();
    let detail = cut["detail"].as_str().unwrap();
    assert!(detail.contains("larger") || detail.contains("long") || detail.contains("bytes"), "{cut}");
    assert!(!stub.got("GET /v1/user").is_empty(), "the work was not looked up");
    world.stop().await;
}

async fn a_redirect_is_not_followed_and_named(db: &TestDb) {
    let trap = Stub::start(well).await;
    let elsewhere = format!("location: http://{}/v1/user\r\n", trap.address);
    let stub = Stub::start(move |_, _| reply("307 Temporary Redirect", &elsewhere, "")).await;
    let setup = Setup::default().set("providers.original.base_url", stub.base_url());
    let world = setup.set("outbound.breaker.probe", "300ms").start(db).await;
    let id = world.sign_up("ann", "ann@example.com", "en").await;
    says(&world, &id, &["redirect", "307"]).await;
    until("another probe", async || stub.got("POST").len(), |requests| *requests >= 2).await;
    assert_eq!(trap.got("").len(), 0);
    world.stop().await;
}

async fn a_loopback_address_is_refused_unless_it_is_allowed(db: &TestDb) {
    let world =
        Setup::default().set("outbound.allow_private", false).set("outbound.breaker.probe", "300ms").start(db).await;
    let id = world.sign_up("ann", "ann@example.com", "en").await;
    let why = |seen: &Value| !seen["why"].as_str().unwrap().contains("being performed");
    let seen = until("a reason", async || world.onboarding(&id).await, why).await;
    assert!(seen["why"].as_str().unwrap().contains("private"), "{seen}");
    assert_eq!(world.calls("").await.len(), 0);
    world.stop().await;
}
