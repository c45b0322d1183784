//! Guardian's answers, checked against the given "unified user onboarding" text and docs/providers/guardian.md.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, also in its helpers"
)]

mod common;

use std::time::Duration;

use common::far::{Far, far};
use common::{quick, text, until};
use gangway_sandbox::Options;
use serde_json::{Value, json};

const LOGIN: &str = "/guardian/api/v1/accounts/login";
const RENEW: &str = "/guardian/api/v1/accounts/access-token";
const PUSH: &str = "/guardian/api/v1/accounts/push/onboard";
const TASKS: &str = "/guardian/api/v1/tasks";

/// The request of the given text.
const GIVEN_REQUEST: &str = r#"{
  "username": "example_user",
  "password": "examplePassword123",
  "password_confirmation": "examplePassword123",
  "role": "USER",
  "parent": "example_registry"
}"#;

/// A sandbox with the given text's registry, quick enough for tests.
fn options() -> Options {
    let mut options = quick();
    options.guardian.registry_username = "example_registry".to_owned();
    options.guardian.registry_password = "Registry-1".to_owned();
    options.guardian.task_delay = Duration::from_millis(15);
    options.guardian.slow_task = Duration::from_secs(60);
    options.guardian.hand_over_delay = Duration::from_millis(5);
    options
}

async fn login(far: &Far, username: &str, password: &str) -> (u16, Value) {
    far.post(LOGIN, json!({ "username": username, "password": password })).await
}

/// A user's access token.
async fn access(far: &Far, username: &str, password: &str) -> String {
    let (status, body) = login(far, username, password).await;
    assert_eq!(status, 200, "{body}");
    let (status, body) = far.post(RENEW, json!({ "refreshToken": body["refreshToken"] })).await;
    assert_eq!(status, 200, "{body}");
    text(&body["accessToken"])
}

/// A sandbox with the registry as its caller.
async fn guardian(options: Options) -> Far {
    let mut far = far(options).await;
    far.token = access(&far, "example_registry", "Registry-1").await;
    far
}

fn wish(username: &str) -> Value {
    let mut wish: Value = serde_json::from_str(GIVEN_REQUEST).unwrap();
    wish["username"] = json!(username);
    wish
}

fn with(mut wish: Value, name: &str, value: Value) -> Value {
    wish[name] = value;
    wish
}

/// Starts an onboarding; its task.
async fn push(far: &Far, wish: Value) -> String {
    let (status, body) = far.post(PUSH, wish).await;
    assert_eq!(status, 202, "{body}");
    text(&body["taskId"])
}

async fn poll(far: &Far, task: &str) -> Value {
    let (status, body) = far.get(&format!("{TASKS}/onboard/{task}")).await;
    assert_eq!(status, 200, "{body}");
    body
}

/// The last poll, when the task has completed or failed.
async fn ended(far: &Far, task: &str) -> Value {
    until("the task to end", async || {
        let body = poll(far, task).await;
        (body["completed"] == true || body["failed"] == true).then_some(body)
    })
    .await
}

/// Waits until nothing is under way.
async fn settled(far: &Far) {
    until("everything to settle", async || (far.running.summary().pending == 0).then_some(())).await;
}

#[tokio::test]
async fn a_login_gives_a_refresh_token_and_that_an_access_token_with_its_expiry_in_milliseconds() {
    let far = far(options()).await;
    let (status, body) = login(&far, "example_registry", "Registry-1").await;
    assert_eq!((status, &body["username"]), (200, &json!("example_registry")));
    assert_eq!((&body["role"], &body["weakPassword"]), (&json!("STANDARD_REGISTRY"), &json!(false)));
    assert!(text(&body["did"]).starts_with("did:hedera:") && body.get("accessToken").is_none());
    let token = access(&far, "example_registry", "Registry-1").await;
    let claims = token.split('.').nth(1).unwrap();
    let claims = base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, claims).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    assert!(claims["expireAt"].as_i64().unwrap() > 1_700_000_000_000, "{claims}");
}

#[tokio::test]
async fn one_refresh_token_is_known_for_each_user_and_every_login_makes_the_one_before_it_worthless() {
    let far = far(options()).await;
    let refresh = async || login(&far, "example_registry", "Registry-1").await.1["refreshToken"].clone();
    let renew = async |token: &Value| far.post(RENEW, json!({ "refreshToken": token })).await.0;
    let first = refresh().await;
    assert_eq!((renew(&first).await, renew(&first).await), (200, 200), "it may be exchanged again and again");
    let second = refresh().await;
    assert_eq!((renew(&first).await, renew(&second).await), (401, 200));
}

#[tokio::test]
async fn the_traps_exists_forbidden_and_noparent_refuse_each_call_and_start_nothing() {
    let far = guardian(options()).await;
    for (word, status, says) in
        [("guardexists", 500, "already exists"), ("guardforbidden", 403, "Forbidden"), ("guardnoparent", 400, "parent")]
    {
        let (told, body) = far.post(PUSH, wish(&format!("u-{word}"))).await;
        assert_eq!(told, status, "{word}");
        assert!(text(&body["message"]).contains(says), "{body}");
    }
    assert_eq!(login(&far, "u-guardexists", "examplePassword123").await.0, 401, "somebody else's");
    assert_eq!(far.running.summary().guardian.tasks, 0);
}

#[tokio::test]
async fn bad_credentials_are_401_and_malformed_ones_422_with_a_list() {
    let far = far(options()).await;
    let (status, body) = login(&far, "example_registry", "other").await;
    assert_eq!((status, &body["statusCode"]), (401, &json!(401)));
    assert_eq!(login(&far, "nobody", "Registry-1").await.0, 401);
    let (status, body) = far.post(LOGIN, json!({ "username": "example_registry" })).await;
    assert_eq!((status, body["message"].as_array().unwrap().len()), (422, 1));
    assert_eq!(far.post(RENEW, json!({ "refreshToken": "other" })).await.0, 401);
    assert_eq!(far.post(RENEW, json!({})).await.0, 401);
}

#[tokio::test]
async fn a_second_factor_is_asked_for_with_status_200_and_a_newer_login_gives_the_access_token_too() {
    let mut options = options();
    options.guardian.registry_otp = true;
    options.guardian.login_gives_access_token = true;
    let mut far = far(options).await;
    let asked = login(&far, "example_registry", "Registry-1").await;
    assert_eq!(asked, (200, json!({ "success": false, "otprequired": true })));
    let credentials = json!({ "username": "example_registry", "password": "Registry-1", "otp": "123456" });
    far.token = text(&far.post(LOGIN, credentials).await.1["accessToken"]);
    push(&far, wish("a")).await;
}

#[tokio::test]
async fn an_onboarding_is_202_with_a_task_that_completes_and_tells_nothing_secret() {
    let far = guardian(options()).await;
    let (status, body) = far.post(PUSH, serde_json::from_str(GIVEN_REQUEST).unwrap()).await;
    assert_eq!((status, &body["action"], &body["expectation"]), (202, &json!("Onboard user"), &json!(9)));
    let task = text(&body["taskId"]);
    assert!(task.len() == 36 && task.as_bytes()[14] == b'4', "{task}");
    assert!(body["userId"].is_string());
    let running = json!({
        "taskId": task, "action": "Onboard user", "expectation": 9, "completed": false, "failed": false, "error": null,
    });
    let mut completed = running.clone();
    completed["completed"] = json!(true);
    assert_eq!(ended(&far, &task).await, completed);
    let slow = push(&far, wish("u-guardslow")).await;
    assert_eq!(poll(&far, &slow).await, with(running, "taskId", json!(slow)));
    let guardian = far.get("/_calls/summary").await.1["guardian"].clone();
    assert_eq!((&guardian["accounts"], &guardian["complete"], &guardian["tasks"]), (&json!(1), &json!(1), &json!(2)));
    assert_eq!((&guardian["ledger_accounts"], &guardian["orphaned_ledger_accounts"]), (&json!(1), &json!(0)));
    assert_eq!(far.effects("example_user").await[..2], ["onboard done", "get_onboard_task read"]);
}

#[tokio::test]
async fn the_new_user_logs_in_and_reads_the_whole_task_and_nobody_else_does() {
    let mut far = guardian(options()).await;
    let slow = push(&far, wish("u-guardslow")).await;
    let running = far.get(&format!("{TASKS}/{slow}")).await.1;
    assert_eq!((&running["taskId"], &running["result"]), (&json!(slow), &Value::Null));
    let task = push(&far, wish("example_user")).await;
    let whole = format!("{TASKS}/{task}");
    ended(&far, &task).await;
    assert_eq!(far.get(&whole).await, (200, Value::Null));
    far.token = access(&far, "example_user", "examplePassword123").await;
    let read = until("the whole task", async || {
        let (status, body) = far.get(&whole).await;
        assert_eq!(status, 200);
        (!body.is_null()).then_some(body)
    })
    .await;
    let result = &read["result"];
    assert_eq!((&result["username"], &result["role"]), (&json!("example_user"), &json!("USER")));
    assert!(text(&result["did"]).starts_with("did:hedera:") && text(&result["hederaAccountId"]).starts_with("0.0."));
    assert!(result["publicKey"].is_string() && read["statuses"][0]["message"].is_string());
    assert!(["action", "userId", "expectation", "date"].iter().all(|name| !read[name].is_null()), "{read}");
    let did = login(&far, "example_user", "examplePassword123").await.1["did"].clone();
    assert_eq!(did, result["did"]);
    far.token = String::new();
    assert_eq!(far.get(&whole).await.0, 401);
}

#[tokio::test]
async fn only_a_standard_registry_may_onboard_and_in_demo_mode_anybody() {
    let mut far = guardian(options()).await;
    let task = push(&far, wish("example_user")).await;
    ended(&far, &task).await;
    far.token = access(&far, "example_user", "examplePassword123").await;
    assert_eq!(far.post(PUSH, wish("b")).await.0, 403);
    far.token = String::new();
    assert_eq!(far.post(PUSH, wish("b")).await.0, 401);
    let mut options = options();
    options.guardian.demo = true;
    let far = common::far::far(options).await;
    let task = push(&far, wish("b")).await;
    assert_eq!(ended(&far, &task).await["completed"], true);
}

#[tokio::test]
async fn a_new_registry_may_be_the_parent_of_the_next_user() {
    let mut far = guardian(options()).await;
    let mut registry = wish("second_registry");
    registry["role"] = json!("STANDARD_REGISTRY");
    registry.as_object_mut().unwrap().remove("parent");
    let task = push(&far, registry).await;
    ended(&far, &task).await;
    far.token = access(&far, "second_registry", "examplePassword123").await;
    push(&far, with(wish("c"), "parent", json!("second_registry"))).await;
}

#[tokio::test]
async fn each_rule_of_the_body_has_its_status() {
    let far = guardian(options()).await;
    let user = || wish("u");
    let key = format!("302e{}", "0a".repeat(48));
    let fireblocks = json!({
        "fireBlocksVaultId": "1", "fireBlocksAssetId": "2", "fireBlocksApiKey": "3", "fireBlocksPrivateiKey": "4",
    });
    let rows = [
        (with(user(), "password_confirmation", json!("other")), 422),
        (with(user(), "password", Value::Null), 422),
        (with(user(), "username", json!("")), 422),
        (with(user(), "role", json!("AUDITOR")), 422),
        (with(user(), "hederaAccountId", json!("0.0.4532001")), 422),
        (with(with(user(), "hederaAccountId", json!("4532001")), "hederaAccountKey", json!(key)), 422),
        (with(with(user(), "hederaAccountId", json!("0.0.4532001")), "hederaAccountKey", json!("key")), 422),
        (with(user(), "didKeys", json!({})), 422),
        (with(user(), "useFireblocksSigning", json!(true)), 422),
        (json!([]), 422),
        (with(user(), "parent", Value::Null), 400),
        (with(user(), "parent", json!("nobody")), 400),
        (with(with(user(), "hederaAccountId", json!("0.0.4532001")), "hederaAccountKey", json!(key)), 202),
        (with(with(wish("v"), "useFireblocksSigning", json!(true)), "fireblocksConfig", fireblocks), 202),
    ];
    for (body, wanted) in rows {
        let (status, reply) = far.post(PUSH, body.clone()).await;
        assert_eq!(status, wanted, "{body} {reply}");
        assert_eq!(reply["message"].is_array(), wanted == 422, "{reply}");
        assert_eq!(reply["message"].is_string(), wanted == 400, "{reply}");
    }
}

#[tokio::test]
async fn the_given_texts_statuses_and_the_older_errors_come_if_the_options_say_so() {
    let mut options = options();
    options.guardian.given_statuses = true;
    options.guardian.older_error_shape = true;
    let far = guardian(options).await;
    let (status, body) = far.post(PUSH, with(wish("u"), "password_confirmation", json!("other"))).await;
    assert_eq!((status, &body["code"]), (400, &json!(400)));
    assert!(body["message"].is_string() && body.get("statusCode").is_none());
    assert_eq!(far.post(PUSH, with(wish("u"), "username", json!(""))).await.0, 400);
    assert_eq!(far.post(PUSH, with(wish("u"), "hederaAccountId", json!("0.0.4532001"))).await.0, 422);
}

#[tokio::test]
async fn a_taken_user_name_is_409_with_the_tell_tale_words() {
    let far = guardian(options()).await;
    let task = push(&far, wish("u")).await;
    ended(&far, &task).await;
    let (status, body) = far.post(PUSH, wish("u")).await;
    assert_eq!((status, &body["statusCode"]), (409, &json!(409)));
    assert!(text(&body["message"]).contains("already taken"));
    assert_eq!(far.post(PUSH, wish("w-guardtaken")).await.0, 409);
    assert_eq!(login(&far, "w-guardtaken", "examplePassword123").await.0, 401);
    assert_eq!(far.running.summary().guardian.accounts, 1);
}

#[tokio::test]
async fn an_unknown_task_is_200_without_a_byte_and_one_of_another_kind_401() {
    let far = guardian(options()).await;
    assert_eq!(poll(&far, "00000000-0000-4000-8000-000000000000").await, Value::Null);
    let other = Options::default().guardian.other_task;
    assert_eq!(far.get(&format!("{TASKS}/onboard/{other}")).await.0, 401);
    assert_eq!(far.get(&format!("{TASKS}/{other}")).await.1["taskId"], json!(other));
    let task = push(&far, wish("r")).await;
    ended(&far, &task).await;
    far.running.forget_guardian_tasks();
    assert_eq!(poll(&far, &task).await, Value::Null);
    assert_eq!(login(&far, "r", "examplePassword123").await.0, 200);
}

#[tokio::test]
async fn what_the_door_does_not_check_fails_the_task() {
    let far = guardian(options()).await;
    for (name, password) in [("short", "Aa1"), ("lower", "examplepassword123"), ("letters", "examplePassword")] {
        let weak = with(with(wish(name), "password", json!(password)), "password_confirmation", json!(password));
        let task = push(&far, weak).await;
        let failed = ended(&far, &task).await;
        assert_eq!((&failed["failed"], &failed["completed"]), (&json!(true), &json!(false)));
        assert!(text(&failed["error"]["message"]).contains("password"));
    }
    let own = |name: &str| {
        let key = json!(format!("302e{}", "0a".repeat(48)));
        with(with(wish(name), "hederaAccountId", json!("0.0.4532001")), "hederaAccountKey", key)
    };
    let tasks = [push(&far, own("first")).await, push(&far, own("second")).await];
    let ends = [ended(&far, &tasks[0]).await, ended(&far, &tasks[1]).await].map(|end| end["failed"].clone());
    assert_eq!(ends.iter().filter(|failed| **failed == true).count(), 1);
    let guardian = far.running.summary().guardian;
    assert_eq!((guardian.accounts, guardian.ledger_accounts, guardian.orphaned_ledger_accounts), (1, 3, 3));
    assert_eq!((guardian.tasks, guardian.failed_tasks), (5, 4));
}

#[tokio::test]
async fn an_access_token_runs_out_in_the_middle_of_reading() {
    let mut options = options();
    options.guardian.access_token_lifetime = Duration::from_secs(8);
    options.guardian.task_delay = Duration::from_secs(60);
    let far = guardian(options).await;
    let whole = format!("{TASKS}/{}", push(&far, wish("u")).await);
    assert_eq!(far.get(&whole).await.0, 200);
    until("the token to run out", async || (far.get(&whole).await.0 == 401).then_some(())).await;
}

#[tokio::test]
async fn each_trap_of_a_failing_task_leaves_behind_what_it_says() {
    let far = guardian(options()).await;
    // Word, status of a login afterwards, of a repetition, and Hedera accounts after both.
    let rows = [
        ("guardfailed", 401, 202, 0),
        ("guardorphan", 401, 202, 2),
        ("guardrace", 401, 409, 1),
        ("guardhalf", 200, 409, 1),
    ];
    let mut made = 0;
    for (word, status, again, accounts) in rows {
        let name = format!("u-{word}");
        let task = push(&far, wish(&name)).await;
        let failed = ended(&far, &task).await;
        assert_eq!((&failed["failed"], &failed["completed"]), (&json!(true), &json!(false)), "{word}");
        assert_eq!(text(&failed["error"]["message"]).contains("already taken"), word == "guardrace");
        let (logged_in, body) = login(&far, &name, "examplePassword123").await;
        assert_eq!((logged_in, &body["did"]), (status, &Value::Null), "{word}");
        assert_eq!(far.post(PUSH, wish(&name)).await.0, again, "{word}");
        settled(&far).await;
        made += accounts;
        assert_eq!(far.running.summary().guardian.ledger_accounts, made, "{word}");
    }
    assert_eq!(far.running.summary().guardian.duplicate_accounts, 1);
}

#[tokio::test]
async fn each_trap_of_a_lost_task_shows_at_the_login_how_far_it_came() {
    let far = guardian(options()).await;
    for (word, status, has_did) in
        [("guardlostdone", 200, true), ("guardlosthalf", 200, false), ("guardlostundone", 401, false)]
    {
        let name = format!("u-{word}");
        let task = push(&far, wish(&name)).await;
        until("the task to be lost", async || poll(&far, &task).await.is_null().then_some(())).await;
        settled(&far).await;
        let (logged_in, body) = login(&far, &name, "examplePassword123").await;
        assert_eq!((logged_in, body["did"].is_string()), (status, has_did), "{word}");
        assert!(poll(&far, &task).await.is_null());
    }
}

#[tokio::test]
async fn the_traps_replylost_and_replyundone_break_off_the_first_onboarding_only() {
    let far = guardian(options()).await;
    assert!(far.breaks_off(PUSH, wish("u-guardreplylost")).await);
    until("the user", async || (login(&far, "u-guardreplylost", "examplePassword123").await.0 == 200).then_some(()))
        .await;
    assert_eq!(far.post(PUSH, wish("u-guardreplylost")).await.0, 409);
    assert!(far.breaks_off(PUSH, wish("u-guardreplyundone")).await);
    assert_eq!(login(&far, "u-guardreplyundone", "examplePassword123").await.0, 401);
    push(&far, wish("u-guardreplyundone")).await;
    assert_eq!(far.effects("u-guardreplylost").await[0], "onboard lost_done");
    assert_eq!(far.effects("u-guardreplyundone").await[0], "onboard lost_undone");
}

#[tokio::test]
async fn the_traps_slow_empty_and_password_strike_that_user_only() {
    let mut far = guardian(options()).await;
    let slow = push(&far, wish("u-guardslow")).await;
    let tasks = [push(&far, wish("u-guardempty")).await, push(&far, wish("u-guardpassword")).await];
    for task in &tasks {
        assert_eq!(ended(&far, task).await["completed"], true);
    }
    assert_eq!(poll(&far, &slow).await["completed"], false);
    assert_eq!(login(&far, "u-guardpassword", "examplePassword123").await.0, 401);
    far.token = access(&far, "u-guardempty", "examplePassword123").await;
    let empty = std::cell::Cell::new(0);
    until("the whole task", async || {
        let body = far.get(&format!("{TASKS}/{}", tasks[0])).await.1;
        empty.set(empty.get() + u32::from(body.is_null()));
        body["result"]["did"].is_string().then_some(())
    })
    .await;
    assert!(empty.get() >= 3, "{empty:?}");
}

#[tokio::test]
async fn the_trap_token_refuses_the_token_in_use_for_that_user_until_another_comes() {
    let mut far = guardian(options()).await;
    for _ in 0..2 {
        assert_eq!(far.post(PUSH, wish("u-guardtoken")).await.0, 401);
    }
    push(&far, wish("other")).await;
    far.token = access(&far, "example_registry", "Registry-1").await;
    let task = push(&far, wish("u-guardtoken")).await;
    ended(&far, &task).await;
    far.token = access(&far, "u-guardtoken", "examplePassword123").await;
    assert_eq!(far.get(&format!("{TASKS}/{task}")).await.0, 401);
    far.token = access(&far, "u-guardtoken", "examplePassword123").await;
    assert_eq!(far.get(&format!("{TASKS}/{task}")).await.0, 200);
}

#[tokio::test]
async fn every_secret_that_crossed_the_wire_is_listed() {
    let far = guardian(options()).await;
    let key = format!("302e{}", "0b".repeat(48));
    let mut own = with(with(wish("s"), "hederaAccountId", json!("0.0.77")), "hederaAccountKey", json!(key));
    own["didKeys"] = json!([{ "id": "did:example#1", "key": "did-secret" }, "plain-secret"]);
    own["fireblocksConfig"] = json!({ "fireBlocksApiKey": "fire-key", "fireBlocksPrivateiKey": "fire-private" });
    push(&far, own).await;
    assert_eq!(far.secrets("guardian_registry_password").await, ["Registry-1"]);
    assert_eq!(far.secrets("guardian_password").await, ["examplePassword123"]);
    assert_eq!(far.secrets("guardian_hedera_key").await, [key]);
    assert_eq!(far.secrets("guardian_did_key").await, ["did-secret", "plain-secret"]);
    assert_eq!(far.secrets("guardian_fireblocks_key").await, ["fire-key", "fire-private"]);
    assert!(far.secrets("guardian_access_token").await.contains(&far.token));
    assert_eq!(far.secrets("guardian_refresh_token").await.len(), 1);
}
