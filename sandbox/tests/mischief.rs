//! What goes wrong with calls, by chance and by trap, and that the seed alone decides it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, also in its helpers"
)]

mod common;

use common::{World, answer, quick, text, until, world};
use gangway_sandbox::Options;
use serde_json::{Value, json};

fn with(mischief: &str) -> Options {
    Options { mischief: mischief.parse().unwrap(), ..quick() }
}

fn create(world: &World, external_id: &str) -> reqwest::RequestBuilder {
    world.request_post("/user", json!({ "user_external_id": external_id }).to_string())
}

async fn find(world: &World, external_id: &str) -> Value {
    world.get(&format!("/user?user_external_id={external_id}")).await.1["data"].clone()
}

/// Creates a user and loses the reply; true if a status arrived before the connection broke.
async fn lose(world: &World, external_id: &str) -> bool {
    match create(world, external_id).send().await {
        Err(error) => {
            assert!(!error.is_timeout() && !error.is_connect(), "{error:?}");
            false
        }
        Ok(reply) => {
            assert_eq!(reply.status(), 201);
            assert!(reply.text().await.is_err(), "the whole body arrived");
            true
        }
    }
}

#[tokio::test]
async fn a_lost_reply_breaks_off_before_or_in_the_middle_and_the_user_is_there() {
    let world = world(with("lost_done=1")).await;
    let mut statuses = Vec::new();
    for n in 0..20 {
        statuses.push(lose(&world, &format!("lost{n}")).await);
    }
    assert!(statuses.contains(&true) && statuses.contains(&false), "{statuses:?}");
    assert_eq!(world.effects("lost1").await, ["lost_done"]);
    world.running.set_mischief("none".parse().unwrap());
    assert_ne!(find(&world, "lost1").await, Value::Null);
}

#[tokio::test]
async fn a_call_lost_on_its_way_makes_nothing() {
    let world = world(with("lost_undone=1")).await;
    assert!(create(&world, "u").send().await.is_err());
    assert_eq!(world.effects("u").await, ["lost_undone"]);
    assert_eq!(world.running.summary().original.users, 0);
}

#[tokio::test]
async fn a_call_cut_off_under_way_lands_a_moment_later() {
    let mut options = with("slow_done=1");
    options.limits.slow = std::time::Duration::from_secs(8);
    let world = world(options).await;
    assert!(create(&world, "s").send().await.is_err());
    assert_eq!(world.effects("s").await, ["slow_pending"]);
    assert_eq!(world.running.summary().original.users, 0);
    until("the call to land", async || (world.effects("s").await == ["slow_done"]).then_some(())).await;
    assert_eq!(world.running.summary().original.users, 1);
}

#[tokio::test]
async fn a_delayed_call_is_done_even_if_its_caller_does_not_wait() {
    let mut options = with("delay=1");
    options.limits.delay = std::time::Duration::from_secs(5);
    let world = world(options).await;
    let impatient = create(&world, "i").timeout(std::time::Duration::from_millis(250)).send().await;
    assert!(impatient.unwrap_err().is_timeout());
    until("the work", async || (world.effects("i").await == ["done"]).then_some(())).await;
    assert_eq!(world.running.summary().original.users, 1);
}

#[tokio::test]
async fn a_failing_call_is_answered_in_three_ways_and_makes_nothing() {
    let world = world(with("fail=1")).await;
    let mut seen = std::collections::BTreeMap::new();
    for n in 0..30 {
        let reply = create(&world, &format!("f{n}")).send().await.unwrap();
        seen.insert(reply.status().as_u16(), reply.text().await.unwrap());
    }
    assert_eq!(seen.keys().copied().collect::<Vec<_>>(), [500, 502, 503]);
    let body: Value = serde_json::from_str(&seen[&500]).unwrap();
    assert_eq!((&body["success"], &body["error"]["type"]), (&json!(false), &json!("server_error")));
    assert!(seen[&502].contains("<html>"));
    assert_eq!(world.running.summary().original.users, 0);
}

#[tokio::test]
async fn a_gateway_may_say_that_it_failed_although_the_user_was_made() {
    let world = world(with("fail_done=1")).await;
    let reply = create(&world, "g").send().await.unwrap();
    assert!(matches!(reply.status().as_u16(), 502 | 504));
    assert_eq!(world.effects("g").await, ["failed_done"]);
    assert_eq!(world.running.summary().original.users, 1);
}

#[tokio::test]
async fn a_throttled_call_says_when_to_come_back_and_makes_nothing() {
    let world = world(with("throttle=1")).await;
    let reply = create(&world, "t").send().await.unwrap();
    assert_eq!(reply.status(), 429);
    assert_eq!(reply.headers()["retry-after"], "1");
    assert_eq!(reply.headers()["x-ratelimit-remaining"], "0");
    assert_eq!(world.effects("t").await, ["throttled"]);
    assert_eq!(world.running.summary().original.users, 0);
}

/// Calls for thirty users, three times each, in the order given; the effects by user, and the uids.
async fn course(seed: u64, backwards: bool) -> Vec<(Vec<String>, Value)> {
    let mut options = with("fail=0.2,throttle=0.1,lost_done=0.1,lost_undone=0.1,delay=0.2");
    options.seed = seed;
    options.limits.delay = std::time::Duration::from_millis(2);
    let world = world(options).await;
    let mut names: Vec<_> = (0..30).map(|n| format!("c{n}")).collect();
    if backwards {
        names.reverse();
    }
    for _ in 0..3 {
        futures_util::future::join_all(names.iter().map(async |name| answer(create(&world, name)).await.ok())).await;
    }
    names.sort();
    let mut effects = Vec::new();
    for name in &names {
        effects.push(world.effects(name).await);
    }
    world.running.set_mischief("none".parse().unwrap());
    let uids = futures_util::future::join_all(names.iter().map(async |name| find(&world, name).await["uid"].clone()));
    effects.into_iter().zip(uids.await).collect()
}

#[tokio::test]
async fn the_same_seed_gives_the_same_mischief_and_uids_whoever_comes_first() {
    let (forwards, backwards, other) = (course(5, false).await, course(5, true).await, course(6, false).await);
    assert_eq!(forwards, backwards);
    assert_ne!(forwards, other);
}

#[tokio::test]
async fn the_trap_exists_has_the_user_made_before_with_another_address() {
    let world = world(quick()).await;
    let body = json!({ "user_external_id": "x-exists", "email": "x@example.org" });
    let (status, reply) = world.post("/user", body).await;
    assert_eq!((status, &reply["error"]["detail"]["message"]), (400, &json!("User already exists.")));
    let user = find(&world, "x-exists").await;
    assert!(user["uid"].is_string());
    assert_ne!(text(&user["email"]), "x@example.org");
}

#[tokio::test]
async fn the_traps_refused_and_down_answer_so_each_time() {
    let world = world(quick()).await;
    for _ in 0..2 {
        let (status, reply) = answer(create(&world, "x-refused")).await.unwrap();
        assert_eq!((status, &reply["error"]["type"]), (400, &json!("validation_error")));
        assert!(create(&world, "x-down").send().await.unwrap().status().is_server_error());
    }
    assert_eq!(world.running.summary().original.users, 0);
}

#[tokio::test]
async fn the_traps_lost_undone_and_slow_strike_the_first_call_only() {
    let world = world(quick()).await;
    for (external_id, first, second) in
        [("x-lost", "lost_done", "refused"), ("x-undone", "lost_undone", "done"), ("x-slow", "slow_done", "refused")]
    {
        if let Ok(reply) = create(&world, external_id).send().await {
            assert!(reply.text().await.is_err());
        }
        until("the first call to land", async || (world.effects(external_id).await == [first]).then_some(())).await;
        answer(create(&world, external_id)).await.unwrap();
        assert_eq!(world.effects(external_id).await, [first, second]);
    }
    assert_eq!(world.running.summary().original.users, 3);
}

#[tokio::test]
async fn the_trap_assetlost_lets_a_careless_repeat_make_a_second_asset() {
    let world = world(quick()).await;
    let uid = world.user("x-assetlost").await;
    let first = answer(world.request_post("/asset", common::asset(&uid, "a").to_string())).await;
    assert!(first.is_err());
    world.asset(&uid, "a").await;
    assert_eq!(world.effects("x-assetlost").await, ["done", "lost_done", "done"]);
    assert_eq!(world.running.summary().original.duplicate_assets, 1);
}
