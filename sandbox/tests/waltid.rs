//! walt.id's answers, checked against the bodies of the given "Create Account" and of docs/providers/waltid.md; and
//! every trap.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, also in its helpers"
)]

mod common;

use std::time::Duration;

use common::{World, quick, text, world};
use gangway_sandbox::{Options, WaltidDuplicate, WaltidLogin};
use serde_json::{Value, json};

/// The request body of the given text, for both routes.
const GIVEN_REQUEST: &str = r#"{
  "profile": {
    "name": "Max Mustermann",
    "email": "max.mustermann@example.org",
    "addressCountry": "AT",
    "address": "Liechtensteinstraße 111/115, 1090 Vienna"
  },
  "preferences": {
    "timeZone": "UTC",
    "languagePreference": "EN"
  },
  "initialAuth": {
    "type": "email",
    "identifier": {
      "type": "email",
      "email": "max.mustermann@example.org"
    },
    "data": {
      "type": "email",
      "password": "password123456"
    }
  }
}"#;
/// The answer of the given text.
const GIVEN_REPLY: &str = r#"{
  "_id": "5e4eb66b-36c3-46bc-bc03-9a5eefc582f0",
  "type": "USER",
  "profile": {
    "name": "Max Mustermann",
    "email": "max.mustermann@example.org",
    "addressCountry": "AT",
    "address": "Liechtensteinstraße 111/115, 1090 Vienna"
  },
  "accountPreferences": {
    "timeZone": "UTC",
    "languagePreference": "EN"
  },
  "flags": [],
  "roles": {}
}"#;
const KEY: Option<&str> = Some("sandbox-waltid-api-key");
const REGISTER: &str = "/v1/admin/account/register";
const OPEN: &str = "/v1/account/register";

fn given() -> Value {
    serde_json::from_str(GIVEN_REQUEST).unwrap()
}

fn wish(email: &str) -> Value {
    let mut wish = given();
    wish["profile"]["email"] = json!(email);
    wish["initialAuth"]["identifier"]["email"] = json!(email);
    wish
}

/// Posts, or reads where there is no body; the answer's body is null where it is empty, a text where it is no JSON.
async fn ask(
    client: &reqwest::Client,
    url: &str,
    token: Option<&str>,
    body: Option<Value>,
) -> reqwest::Result<(u16, Value)> {
    let mut request = match &body {
        Some(body) => client.post(url).body(body.to_string()),
        None => client.get(url),
    };
    if let Some(token) = token {
        request = request.header("Authorization", format!("Bearer {token}"));
    }
    let reply = request.header("Content-Type", "application/json").send().await?;
    let (status, body) = (reply.status().as_u16(), reply.text().await?);
    let json = if body.is_empty() { Value::Null } else { serde_json::from_str(&body).unwrap_or(json!(body)) };
    Ok((status, json))
}

async fn main(world: &World, path: &str, token: Option<&str>, body: Value) -> (u16, Value) {
    ask(&world.client, &format!("{}{path}", world.running.waltid_url()), token, Some(body)).await.unwrap()
}

async fn org(world: &World, path: &str, body: Value) -> (u16, Value) {
    ask(&world.client, &format!("{}{path}", world.running.waltid_org_url()), KEY, Some(body)).await.unwrap()
}

async fn accounts(world: &World) -> Vec<Value> {
    let (status, body) =
        ask(&world.client, &format!("{}/v1/admin/accounts", world.running.waltid_url()), KEY, None).await.unwrap();
    assert_eq!(status, 200, "{body}");
    body.as_array().unwrap().clone()
}

/// Registers and gives the account's id.
async fn registered(world: &World, email: &str) -> String {
    let (status, body) = main(world, REGISTER, KEY, wish(email)).await;
    assert_eq!(status, 201, "{body}");
    text(&body["_id"])
}

fn with(change: impl FnOnce(&mut Options)) -> Options {
    let mut options = quick();
    change(&mut options);
    options
}

#[tokio::test]
async fn a_registered_account_is_answered_as_the_given_text_shows_on_both_routes() {
    for (path, token) in [(REGISTER, KEY), (OPEN, None)] {
        let world = world(quick()).await;
        let (status, mut body) = main(&world, path, token, given()).await;
        assert_eq!(status, 201, "{body}");
        let id = text(&body["_id"]);
        assert!(id.parse::<uuid::Uuid>().is_ok(), "{id}");
        body["_id"] = json!("5e4eb66b-36c3-46bc-bc03-9a5eefc582f0");
        assert_eq!(body, serde_json::from_str::<Value>(GIVEN_REPLY).unwrap());
        let listed = accounts(&world).await;
        assert_eq!((listed.len(), &listed[0]["_id"]), (1, &json!(id)));
        assert_eq!(listed[0]["profile"]["email"], "max.mustermann@example.org");
        let made = world.own("/_calls?external_id=max.mustermann@example.org&provider=waltid").await;
        assert_eq!((made[0]["effect"].clone(), &made[0]["user_uid"]), (json!("done"), &json!(id)));
    }
}

#[tokio::test]
async fn the_open_route_takes_no_token_has_a_switch_and_may_answer_without_a_body() {
    let bare = world(with(|options| options.waltid.open_answer_has_body = false)).await;
    assert_eq!(main(&bare, OPEN, None, given()).await, (201, Value::Null));
    assert_eq!(main(&bare, OPEN, KEY, wish("other@example.org")).await.0, 400);
    assert_eq!(bare.running.summary().waltid.accounts, 1);
    let off = world(with(|options| options.waltid.open_registration = false)).await;
    assert_eq!(main(&off, OPEN, None, given()).await.0, 404);
}

#[tokio::test]
async fn a_duplicate_is_answered_as_the_options_say_and_makes_nothing() {
    let texts = [
        (WaltidDuplicate::Conflict, 409, ""),
        (WaltidDuplicate::AlreadyExists, 400, "already exists"),
        (WaltidDuplicate::DuplicateText, 500, "Duplicate"),
    ];
    for (duplicate, expected, telltale) in texts {
        let world = world(with(|options| options.waltid.duplicate = duplicate)).await;
        registered(&world, "twice@example.org").await;
        let (status, body) = main(&world, REGISTER, KEY, wish("Twice@example.org")).await;
        assert_eq!(status, expected);
        assert!(body.to_string().contains(telltale), "{body}");
        assert_eq!(world.running.summary().waltid.accounts, 1);
    }
}

#[tokio::test]
async fn a_registration_is_refused_for_each_thing_that_can_be_wrong_with_it() {
    let world = world(quick()).await;
    let wrong: [(&str, Value); 8] = [
        ("/profile/email", json!("")),
        ("/profile/email", json!("another@example.org")),
        ("/profile/addressCountry", json!("Austria")),
        ("/preferences", json!([])),
        ("/initialAuth/type", json!("oidc")),
        ("/initialAuth/identifier/type", Value::Null),
        ("/initialAuth/data/type", json!("password")),
        ("/initialAuth/data/password", json!("")),
    ];
    for (path, value) in wrong {
        let mut body = given();
        *body.pointer_mut(path).unwrap() = value;
        assert_eq!(main(&world, REGISTER, KEY, body).await.0, 400, "{path}");
    }
    assert_eq!(main(&world, REGISTER, KEY, json!([])).await.0, 400);
    assert_eq!(world.running.summary().waltid.accounts, 0);
}

#[tokio::test]
async fn a_login_brings_a_token_and_an_account_without_a_role_may_not_register_others() {
    let world = world(quick()).await;
    let login = async |email: &str, password: &str| {
        main(&world, "/auth/account/emailpass", None, json!({ "email": email, "password": password })).await
    };
    let (status, body) = login("superadmin@sandbox.example", "sandbox-superadmin-password").await;
    assert_eq!((status, &body["status"]), (200, &json!("OK")));
    assert!(body["session_id"].is_string());
    let token = text(&body["token"]);
    assert_eq!(main(&world, REGISTER, Some(&token), given()).await.0, 201);
    let (_, body) = login("max.mustermann@example.org", "password123456").await;
    let own = text(&body["token"]);
    assert_eq!(main(&world, REGISTER, Some(&own), wish("b@example.org")).await.0, 403);
    assert_eq!(main(&world, REGISTER, Some("other"), wish("b@example.org")).await.0, 401);
    assert_eq!(main(&world, REGISTER, None, wish("b@example.org")).await.0, 401);
    assert_eq!(login("max.mustermann@example.org", "wrong").await.0, 401);
    assert_eq!(world.running.summary().waltid.accounts, 1);
    assert_eq!(world.effects("b@example.org").await, ["unauthorized"; 3]);
}

#[tokio::test]
async fn a_login_of_several_steps_brings_no_token_and_a_token_runs_out() {
    let admin = json!({ "email": "superadmin@sandbox.example", "password": "sandbox-superadmin-password" });
    for (login, status) in
        [(WaltidLogin::NextStep, "CONTINUE_NEXT_STEP"), (WaltidLogin::NextFlow, "CONTINUE_NEXT_FLOW")]
    {
        let world = world(with(|options| options.waltid.login = login)).await;
        let (code, body) = main(&world, "/auth/account/emailpass", None, admin.clone()).await;
        assert_eq!((code, &body["status"], body.get("token")), (200, &json!(status), None));
        assert!(body["next_method"].is_string());
    }
    let world = world(with(|options| options.waltid.token_lifetime = Duration::ZERO)).await;
    let (_, body) = main(&world, "/auth/account/emailpass", None, admin).await;
    assert_eq!(main(&world, REGISTER, Some(&text(&body["token"])), given()).await.0, 401);
}

#[tokio::test]
async fn a_role_is_given_by_id_or_by_address_and_counts_once() {
    let world = world(quick()).await;
    let id = registered(&world, "r@example.org").await;
    let path = format!("/v1/admin/account/{id}/roles/add/sandbox/sandbox.member");
    let (status, body) = main(&world, &path, KEY, json!({})).await;
    assert_eq!((status, &body["roles"]), (200, &json!({ "sandbox": ["sandbox.member"] })));
    assert_eq!(main(&world, &path, KEY, json!({})).await, (200, json!({})));
    let assign = "/v1/sandbox.auditor/roles-api/roles/account/assign";
    assert_eq!(org(&world, assign, json!({ "assigneeEmail": "r@example.org" })).await.0, 200);
    assert_eq!(org(&world, assign, json!({ "assigneeEmail": "nobody@example.org" })).await.0, 404);
    assert_eq!(main(&world, "/v1/admin/account/x/roles/add/sandbox/m", KEY, json!({})).await.0, 404);
    assert_eq!(main(&world, &path.replace("/sandbox/", "/other/"), KEY, json!({})).await.0, 404);
    assert_eq!(world.effects("r@example.org").await, ["done", "done", "read", "done", "refused"]);
    assert_eq!(world.running.summary().waltid.with_role, 1);
}

#[tokio::test]
async fn a_wallet_service_is_made_once_however_often_it_is_asked_for() {
    let world = world(quick()).await;
    registered(&world, "w@example.org").await;
    assert_eq!(org(&world, "/v1/sandbox.t1/resource-api/tenants/create", json!({ "name": "T" })).await.0, 201);
    let path = "/v1/sandbox.t1/resource-api/services/init";
    let wallet = json!({ "createIfNotFound": true, "target": "sandbox.t1.wallet", "owner": "w@example.org" });
    for effect in ["done", "read"] {
        assert_eq!(org(&world, path, json!({ "wallet": wallet.clone() })).await.0, 200);
        assert_eq!(world.effects("w@example.org").await.last().unwrap(), effect);
    }
    assert_eq!(org(&world, path, json!({ "createIfNotFound": true })).await.0, 200);
    assert_eq!(org(&world, path, json!({ "other": { "target": "sandbox.t1.other" } })).await.0, 404);
    assert_eq!(org(&world, &path.replace("sandbox", "elsewhere"), json!({ "createIfNotFound": true })).await.0, 404);
    let create = "/v1/sandbox.t1.wallet2/resource-api/services/create";
    assert_eq!(org(&world, create, json!({ "type": "wallet2" })).await.0, 201);
    assert_eq!(org(&world, create, json!({ "type": "wallet2" })).await.0, 409);
    let count = world.running.summary().waltid;
    assert_eq!((count.tenants, count.services), (1, 2));
}

/// The vendor's quickstart: a wallet with what it needs to hold something.
fn whole(wallet: &str) -> Value {
    let at = |name: &str| format!("sandbox.t1.{wallet}{name}");
    json!({ "wallet": {
        "createIfNotFound": true, "target": at(""),
        "kms": { "createIfNotFound": true, "target": at("-kms"),
            "key": { "createIfNotFound": true, "target": at("-kms.key"), "config": { "backend": "jwk" } } },
        "didStore": { "createIfNotFound": true, "target": at("-dids") },
        "didService": { "createIfNotFound": true, "target": at("-did"), "dependencies": [at("-kms"), at("-dids")],
            "did": { "createIfNotFound": true, "target": at("-dids.did"), "type": "jwk" } },
        "credentialStore": { "createIfNotFound": true, "target": at("-credentials") },
    } })
}

#[tokio::test]
async fn a_wallet_is_whole_with_a_key_a_did_and_its_stores_and_needs_what_it_depends_on() {
    let world = world(quick()).await;
    let path = "/v1/sandbox.t1/resource-api/services/init";
    assert_eq!(org(&world, path, json!({ "wallet": { "createIfNotFound": true } })).await.0, 200);
    assert_eq!(world.running.summary().waltid.whole_wallets, 0, "it can hold nothing");
    for _ in 0..2 {
        assert_eq!(org(&world, path, whole("w1")).await.0, 200);
    }
    let count = world.running.summary().waltid;
    assert_eq!((count.services, count.whole_wallets), (6, 1));
    let mut lacks = whole("w2");
    lacks["wallet"]["didService"]["dependencies"][0] = json!("sandbox.t1.nothing");
    assert_eq!(org(&world, path, lacks).await.0, 400);
    let mut not_to_be_made = whole("w2");
    not_to_be_made["wallet"]["kms"]["createIfNotFound"] = json!(false);
    assert_eq!(org(&world, path, not_to_be_made).await.0, 404);
    assert_eq!(world.running.summary().waltid.services, 6);
}

#[tokio::test]
async fn a_login_may_have_its_token_in_other_places() {
    let admin = json!({ "email": "superadmin@sandbox.example", "password": "sandbox-superadmin-password" });
    for (login, place) in [(WaltidLogin::AccessToken, "/accessToken"), (WaltidLogin::DataToken, "/data/token")] {
        let world = world(with(|options| options.waltid.login = login)).await;
        let (_, body) = main(&world, "/auth/account/emailpass", None, admin.clone()).await;
        assert_eq!(body.get("token"), None);
        let token = text(body.pointer(place).unwrap());
        assert_eq!(main(&world, REGISTER, Some(&token), given()).await.0, 201);
    }
}

#[tokio::test]
async fn the_traps_of_refusals_tell_their_text_and_do_nothing() {
    let world = world(quick()).await;
    let (status, body) = main(&world, REGISTER, KEY, wish("a-wrefused@example.org")).await;
    assert_eq!((status, &body["id"], &body["exception"]), (400, &json!("IllegalArgument"), &json!(true)));
    let role = |id: &str| format!("/v1/admin/account/{id}/roles/add/sandbox/sandbox.member");
    let id = registered(&world, "a-wnorole@example.org").await;
    let (status, body) = main(&world, &role(&id), KEY, json!({})).await;
    assert_eq!((status, &body["message"]), (404, &json!("No role with this id exists.")));
    assert_eq!(world.running.summary().waltid.with_role, 0);
    let id = registered(&world, "a-whasrole@example.org").await;
    let (status, body) = main(&world, &role(&id), KEY, json!({})).await;
    assert!(status == 400 && text(&body["message"]).contains("already"), "{body}");
    assert_eq!(main(&world, &role(&id), KEY, json!({})).await, (200, json!({})));
    let id = registered(&world, "a-wnowallet@example.org").await;
    let path = "/v1/sandbox.t1/resource-api/services/init";
    let (status, body) = org(&world, path, whole(&format!("wallet-{id}"))).await;
    assert_eq!((status, &body["id"]), (400, &json!("UnsupportedService")));
    let count = world.running.summary().waltid;
    assert_eq!((count.accounts, count.with_role, count.services), (3, 1, 0));
}

#[tokio::test]
async fn each_host_serves_its_own_routes_only() {
    let world = world(quick()).await;
    assert_eq!(org(&world, REGISTER, given()).await.0, 404);
    assert_eq!(main(&world, "/v1/sandbox.t1/resource-api/services/init", KEY, json!({})).await.0, 404);
}

#[tokio::test]
async fn a_made_api_key_may_do_what_the_given_one_may() {
    let world = world(quick()).await;
    let path = "/v1/sandbox/apikeys-api/api-keys/create";
    let (status, body) = org(&world, path, json!({ "name": "gangway" })).await;
    assert_eq!((status, &body["name"]), (201, &json!("gangway")));
    let key = text(&body["token"]);
    assert_eq!(main(&world, REGISTER, Some(&key), given()).await.0, 201);
}

#[tokio::test]
async fn every_secret_that_passed_is_on_the_list_once() {
    let world = world(quick()).await;
    main(&world, REGISTER, KEY, given()).await;
    main(&world, REGISTER, KEY, given()).await;
    let admin = json!({ "email": "superadmin@sandbox.example", "password": "sandbox-superadmin-password" });
    let (_, body) = main(&world, "/auth/account/emailpass", None, admin).await;
    let secrets = world.own("/_secrets").await;
    for (kind, value) in [
        ("waltid_password", json!("password123456")),
        ("waltid_password", json!("sandbox-superadmin-password")),
        ("waltid_token", json!("sandbox-waltid-api-key")),
        ("waltid_token", body["token"].clone()),
    ] {
        let secret = json!({ "kind": kind, "value": value });
        assert_eq!(secrets.as_array().unwrap().iter().filter(|one| **one == secret).count(), 1, "{kind}: {secrets}");
    }
}

#[tokio::test]
async fn in_the_trap_wexists_somebody_registered_before() {
    let world = world(quick()).await;
    assert_eq!(main(&world, REGISTER, KEY, wish("a-wexists@example.org")).await.0, 409);
    let listed = accounts(&world).await;
    assert_eq!((listed.len(), &listed[0]["profile"]["email"]), (1, &json!("a-wexists@example.org")));
    assert_ne!(listed[0]["profile"]["name"], "Max Mustermann");
}

#[tokio::test]
async fn in_the_trap_wslow_the_account_is_made_and_the_reply_hangs() {
    let world = world(with(|options| options.waltid.slow_reply = Duration::from_secs(60))).await;
    let url = format!("{}{REGISTER}", world.running.waltid_url());
    let client = world.client.clone();
    let asked = tokio::spawn(async move { ask(&client, &url, KEY, Some(wish("a-wslow@example.org"))).await });
    common::until("the account", async || (accounts(&world).await.len() == 1).then_some(())).await;
    assert_eq!(world.effects("a-wslow@example.org").await, ["lost_done"]);
    assert!(!asked.is_finished());
    asked.abort();
    assert_eq!(main(&world, REGISTER, KEY, wish("a-wslow@example.org")).await.0, 409);
}

#[tokio::test]
async fn a_caller_with_more_patience_than_the_trap_wslow_is_told_in_the_end() {
    let world = world(with(|options| options.waltid.slow_reply = Duration::from_millis(20))).await;
    registered(&world, "b-wslow@example.org").await;
    assert_eq!(world.effects("b-wslow@example.org").await, ["done"]);
}

#[tokio::test]
async fn in_the_traps_wlost_and_wundone_the_reply_is_lost_once_with_and_without_an_account() {
    let world = world(quick()).await;
    let url = format!("{}{REGISTER}", world.running.waltid_url());
    for (email, made, effect, again) in
        [("a-wlost@example.org", 1, "lost_done", 409), ("a-wundone@example.org", 1, "lost_undone", 201)]
    {
        assert!(ask(&world.client, &url, KEY, Some(wish(email))).await.is_err(), "{email}");
        assert_eq!(accounts(&world).await.len(), made, "{email}");
        assert_eq!(world.effects(email).await, [effect]);
        assert_eq!(main(&world, REGISTER, KEY, wish(email)).await.0, again);
    }
}

#[tokio::test]
async fn in_the_trap_wrole_the_first_role_is_answered_500_and_not_given() {
    let world = world(quick()).await;
    let id = registered(&world, "a-wrole@example.org").await;
    let path = format!("/v1/admin/account/{id}/roles/add/sandbox/member");
    assert_eq!(main(&world, &path, KEY, json!({})).await.0, 500);
    assert_eq!(accounts(&world).await[0]["roles"], json!({}));
    assert_eq!(main(&world, &path, KEY, json!({})).await.0, 200);
    assert_eq!(world.effects("a-wrole@example.org").await, ["done", "failed", "done"]);
}

#[tokio::test]
async fn in_the_trap_wforbidden_every_registration_is_403() {
    let world = world(quick()).await;
    for _ in 0..2 {
        assert_eq!(main(&world, REGISTER, KEY, wish("a-wforbidden@example.org")).await.0, 403);
    }
    assert_eq!(world.running.summary().waltid.accounts, 0);
}

#[tokio::test]
async fn mischief_strikes_here_too_and_is_counted() {
    let world = world(with(|options| options.mischief = "throttle=1".parse().unwrap())).await;
    assert_eq!(main(&world, REGISTER, KEY, wish("m@example.org")).await.0, 429);
    world.running.set_mischief("fail_done=1".parse().unwrap());
    let (status, body) = main(&world, REGISTER, KEY, wish("m@example.org")).await;
    assert!([502, 504].contains(&status) && text(&body).starts_with("<html>"), "{body}");
    assert_eq!(world.effects("m@example.org").await, ["throttled", "failed_done"]);
    assert_eq!(world.running.summary().waltid.accounts, 1);
}
