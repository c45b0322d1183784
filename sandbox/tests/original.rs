//! Original's answers, checked against the bodies of the given "Create user" and of docs/providers/original.md.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, also in its helpers"
)]

mod common;

use common::{asset, quick, text, until, world};
use serde_json::{Value, json};

/// The request of the given text, with an address that is one.
const GIVEN_REQUEST: &str = r#"{ "user_external_id": "user_external_id_1", "email": "user_1@example.org" }"#;
/// The reply of the given text, without its comment.
const GIVEN_REPLY: &str = r#"{ "success": true, "data": { "uid": "452711987655" } }"#;

fn digits(value: &Value) -> bool {
    value.as_str().is_some_and(|uid| uid.len() == 12 && uid.bytes().all(|byte| byte.is_ascii_digit()))
}

#[tokio::test]
async fn a_created_user_is_answered_as_the_given_text_shows() {
    let world = world(quick()).await;
    let reply = world.request_post("/user", GIVEN_REQUEST).send().await.unwrap();
    assert_eq!(reply.status(), 201);
    let mut body: Value = reply.json().await.unwrap();
    assert!(digits(&body["data"]["uid"]), "{body}");
    body["data"]["uid"] = json!("452711987655");
    assert_eq!(body, serde_json::from_str::<Value>(GIVEN_REPLY).unwrap());
}

#[tokio::test]
async fn names_may_be_null_absent_or_the_body_empty_and_each_makes_another_user() {
    let world = world(quick()).await;
    let mut uids = Vec::new();
    for body in ["", "{}", r#"{"user_external_id":null,"email":null}"#, r#"{"email":"only@example.org"}"#] {
        let (status, body) = common::answer(world.request_post("/user", body)).await.unwrap();
        assert_eq!(status, 201, "{body}");
        uids.push(text(&body["data"]["uid"]));
    }
    uids.sort();
    uids.dedup();
    assert_eq!(uids.len(), 4);
}

#[tokio::test]
async fn a_second_user_with_the_same_id_or_address_is_refused_with_client_error_and_status_400() {
    let world = world(quick()).await;
    world.post("/user", json!({ "user_external_id": "a", "email": "a@example.org" })).await;
    let detail = json!({ "code": "client_error", "message": "User already exists." });
    let refusal = |detail: &Value| json!({ "success": false, "error": { "type": "client_error", "detail": detail } });
    let same_id = world.post("/user", json!({ "user_external_id": "a", "email": "b@example.org" })).await;
    assert_eq!(same_id, (400, refusal(&detail)));
    let same_email = world.post("/user", json!({ "user_external_id": "b", "email": "a@example.org" })).await;
    assert_eq!(same_email, (400, refusal(&json!([detail]))));
    assert_eq!(world.running.summary().original.users, 1);
}

#[tokio::test]
async fn what_is_wrong_with_a_body_is_told_as_validation_error_field_by_field() {
    let world = world(quick()).await;
    let (status, body) = world.post("/user", json!({ "email": "invalid_email" })).await;
    let detail =
        json!({ "code": "validation_error", "message": "Enter a valid email address.", "field_name": "email" });
    assert_eq!(status, 400);
    assert_eq!(body, json!({ "success": false, "error": { "type": "validation_error", "detail": detail } }));
    let (status, body) = world.post("/asset", json!({ "data": { "name": 7 } })).await;
    assert_eq!((status, &body["error"]["type"]), (400, &json!("validation_error")));
    let wrong: Vec<_> =
        body["error"]["detail"].as_array().unwrap().iter().map(|one| text(&one["field_name"])).collect();
    let fields = ["user_uid", "collection_uid", "asset_external_id", "data.name"];
    let others = ["data.unique_name", "data.image_url", "data.store_image_on_ipfs"];
    assert_eq!(wrong, [&fields[..], &others[..]].concat());
}

#[tokio::test]
async fn a_user_that_is_not_there_is_404_by_uid_and_200_without_data_by_name() {
    let world = world(quick()).await;
    let (status, body) = world.get("/user/notfound").await;
    let detail = json!({ "code": "client_error", "message": "User not found." });
    assert_eq!(
        (status, body),
        (404, json!({ "success": false, "error": { "type": "client_error", "detail": detail } }))
    );
    for path in ["/user?user_external_id=nobody", "/user?email=nobody@example.org"] {
        let (status, body) = world.get(path).await;
        assert_eq!((status, &body["data"]), (200, &Value::Null));
    }
}

#[tokio::test]
async fn a_user_is_found_by_uid_external_id_and_address_and_has_no_wallet_yet() {
    let world = world(quick()).await;
    let (_, created) = world.post("/user", json!({ "user_external_id": "f", "email": "f+x@example.org" })).await;
    let uid = text(&created["data"]["uid"]);
    for path in [format!("/user/{uid}"), "/user?user_external_id=f".into(), "/user?email=f%2Bx@example.org".into()] {
        let (status, body) = world.get(&path).await;
        assert_eq!((status, &body["success"], &body["data"]["uid"]), (200, &json!(true), &json!(uid)), "{path}");
        assert_eq!(body["data"]["wallets"], json!([]));
        assert_eq!(body["data"]["user_external_id"], "f");
        assert!(text(&body["data"]["created_at"]).ends_with('Z'));
    }
}

#[tokio::test]
async fn the_wallet_comes_with_the_first_asset_and_the_asset_is_minted_after_it() {
    let world = world(quick()).await;
    let uid = world.user("w").await;
    let asset_uid = world.asset(&uid, "w-1").await;
    let minted = until("the minted asset", async || {
        let (_, body) = world.get(&format!("/asset/{asset_uid}")).await;
        (body["data"]["is_minted"] == true).then_some(body)
    })
    .await;
    let (_, user) = world.get(&format!("/user/{uid}")).await;
    let wallet = &user["data"]["wallets"][0];
    let address = text(&wallet["address"]);
    assert!(address.len() == 42 && address.starts_with("0x"), "{address}");
    assert!(text(&wallet["explorer_url"]).ends_with(&address));
    assert!(wallet["network"].is_string() && wallet["chain_id"].is_number());
    assert_eq!(minted["data"]["owner_address"], json!(address));
    let (_, deposit) = world.get(&format!("/deposit?user_uid={uid}&collection_uid=221137489875")).await;
    assert_eq!(deposit["data"]["wallet_address"], json!(address));
    let (_, list) = world.get(&format!("/asset?user_uid={uid}")).await;
    assert_eq!(list["data"], json!([minted["data"]]));
}

#[tokio::test]
async fn in_the_older_shape_the_wallet_is_one_address_that_is_null_at_first() {
    let mut options = quick();
    options.original.older_user_shape = true;
    let world = world(options).await;
    let uid = world.user("old").await;
    let (_, before) = world.get(&format!("/user/{uid}")).await;
    assert_eq!((&before["data"]["wallet_address"], &before["data"]["wallets"]), (&Value::Null, &Value::Null));
    world.asset(&uid, "old-1").await;
    until("the wallet", async || {
        world.get(&format!("/user/{uid}")).await.1["data"]["wallet_address"].as_str().map(str::to_owned)
    })
    .await;
}

#[tokio::test]
async fn without_a_first_use_on_chain_nothing_is_under_way_that_could_bring_a_wallet() {
    let world = world(quick()).await;
    let uid = world.user("idle").await;
    let (status, deposit) = world.get(&format!("/deposit?user_uid={uid}&collection_uid=1")).await;
    assert_eq!((status, &deposit["data"]["wallet_address"]), (200, &Value::Null));
    assert_eq!((world.running.summary().pending, world.running.summary().original.wallets), (0, 0));
}

#[tokio::test]
async fn reading_deposit_details_starts_the_wallet_if_the_options_say_so() {
    let mut options = quick();
    options.original.deposit_starts_wallet = true;
    let world = world(options).await;
    let uid = world.user("d").await;
    world.get(&format!("/deposit?user_uid={uid}&collection_uid=1")).await;
    until("the wallet", async || (world.running.summary().original.wallets == 1).then_some(())).await;
}

#[tokio::test]
async fn an_asset_asked_for_twice_is_made_twice_and_counted_as_a_duplicate() {
    let world = world(quick()).await;
    let uid = world.user("t").await;
    assert_ne!(world.asset(&uid, "t-1").await, world.asset(&uid, "t-1").await);
    world.asset(&uid, "t-2").await;
    let summary = world.own("/_calls/summary").await;
    assert_eq!((&summary["assets"], &summary["duplicate_assets"]), (&json!(3), &json!(1)));
    assert_eq!(summary["duplicate_users"], 0);
}

#[tokio::test]
async fn an_asset_asked_for_twice_is_refused_if_the_options_say_so() {
    let mut options = quick();
    options.original.refuse_asset_twice = true;
    let world = world(options).await;
    let uid = world.user("t").await;
    world.asset(&uid, "t-1").await;
    let (status, body) = world.post("/asset", asset(&uid, "t-1")).await;
    assert_eq!((status, &body["error"]["type"]), (400, &json!("client_error")));
}

#[tokio::test]
async fn an_asset_for_nobody_is_404_and_an_unknown_asset_too() {
    let world = world(quick()).await;
    let (status, body) = world.post("/asset", asset("100000000000", "x")).await;
    assert_eq!((status, &body["error"]["detail"]["message"]), (404, &json!("User not found.")));
    assert_eq!(world.get("/asset/100000000000").await.0, 404);
    let (status, body) = world.get("/asset?user_uid=100000000000").await;
    assert_eq!((status, &body["data"]), (200, &json!([])));
}

#[tokio::test]
async fn a_wrong_key_or_token_is_401_and_makes_nothing() {
    let world = world(quick()).await;
    let url = format!("{}/user", world.running.original_url());
    let right = common::token("sandbox-secret-of-thirty-two-characters");
    for (key, token) in [("other", right.as_str()), ("sandbox-key", &common::token("other")), ("sandbox-key", "x")] {
        let request =
            world.client.post(&url).header("X-API-KEY", key).header("Authorization", format!("Bearer {token}"));
        let (status, body) = common::answer(request.body(GIVEN_REQUEST)).await.unwrap();
        assert_eq!((status, &body["success"]), (401, &json!(false)));
    }
    assert_eq!(world.client.post(&url).body(GIVEN_REQUEST).send().await.unwrap().status(), 401);
    assert_eq!(world.running.summary().original.users, 0);
    assert_eq!(world.effects("user_external_id_1").await, ["unauthorized"; 4]);
}

#[tokio::test]
async fn every_reply_tells_the_rate_and_beyond_it_comes_429_with_retry_after() {
    let mut options = quick();
    options.original.rate_limit = 2;
    let world = world(options).await;
    let number =
        |reply: &reqwest::Response, name: &str| -> i64 { reply.headers()[name].to_str().unwrap().parse().unwrap() };
    let first = |reply: &reqwest::Response| -> i64 {
        let listed = reply.headers()["x-ratelimit-reset"].to_str().unwrap();
        listed.split(',').next().unwrap().parse().unwrap()
    };
    // The window may turn over in between, once: then the third call is another window's first.
    let throttled = until("a reply of 429", async || {
        let reply = world.request_get("/user/1").send().await.unwrap();
        assert_eq!(number(&reply, "x-ratelimit-limit"), 2);
        assert!(first(&reply) > 1_700_000_000);
        (reply.status() == 429).then_some(reply)
    })
    .await;
    assert_eq!(number(&throttled, "x-ratelimit-remaining"), 0);
    assert!((1..=60).contains(&number(&throttled, "retry-after")));
    assert!(throttled.headers()["x-ratelimit-reset"].to_str().unwrap().contains(", "), "one for each window");
}

#[tokio::test]
async fn in_the_trap_forbidden_one_user_alone_is_answered_403() {
    let world = world(quick()).await;
    for _ in 0..2 {
        let (status, body) = world.post("/user", json!({ "user_external_id": "a-forbidden" })).await;
        assert_eq!((status, &body["error"]["type"]), (403, &json!("client_error")));
    }
    world.user("b").await;
    assert_eq!(world.running.summary().original.users, 1);
}

#[tokio::test]
async fn a_path_that_the_api_does_not_have_is_404_without_its_body() {
    let world = world(quick()).await;
    let reply = world.request_get("/user/").send().await.unwrap();
    assert_eq!(reply.status(), 404);
    assert!(serde_json::from_str::<Value>(&reply.text().await.unwrap()).is_err());
}

#[tokio::test]
async fn the_calls_are_listed_with_what_they_did_and_can_be_picked_out() {
    let world = world(quick()).await;
    let uid = world.user("l").await;
    world.user("other").await;
    world.get(&format!("/user/{uid}")).await;
    world.post("/user", json!({ "user_external_id": "l" })).await;
    world.asset(&uid, "l-1").await;
    assert_eq!(world.effects("l").await, ["done", "read", "refused", "done"]);
    let calls = world.own("/_calls?external_id=l&action=create_asset").await;
    assert_eq!(calls.as_array().unwrap().len(), 1);
    let call = &calls[0];
    assert_eq!((&call["provider"], &call["user_uid"]), (&json!("original"), &json!(uid)));
    assert_eq!((&call["asset_external_id"], &call["status"]), (&json!("l-1"), &json!(201)));
    let id = call["id"].as_u64().unwrap();
    assert_eq!(world.own(&format!("/_calls?after={}", id - 1)).await.as_array().unwrap().len(), 1);
    assert_eq!(world.own("/_calls?limit=2").await.as_array().unwrap().len(), 2);
}
