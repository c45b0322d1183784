//! Haven's answers, checked against the given document and docs/providers/haven.md; and every trap.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, also in its helpers"
)]

mod client;
#[path = "../common/mod.rs"]
mod common;
mod hooks;
mod signing;
mod traps;

use client::{TOKEN, credentials, encode, haven, haven_with};
use common::{text, until};
use reqwest::Method;
use serde_json::{Value, json};

/// The answer of the given document.
const GIVEN_REPLY: &str = r#"{ "credential": { "uuid": "<string>", "kind": "Fido2", "name": "<string>" }, "user": { "id": "<string>", "username": "<string>", "orgId": "<string>" }, "authentication": { "token": "<string>" }, "wallets": [ { "id": "wa-1f04s-lqc9q-xxxxxxxxxxxxxxxx", "network": "Ethereum", "address": "0x00e3495cf6af59008f22ffaf32d4c92ac33dac47", "name": "trading hot wallet", "signingKey": { "id": "key-6ece3-9l565-xxxxxxxxxxxxxxxx", "scheme": "ECDSA", "curve": "secp256k1", "publicKey": "e2375c8c9e87bfcd0be8f29d76c818cabacd51584f72cb2222d49a13b036d84d3d" }, "status": "Active", "dateCreated": "2023-04-14T20:41:28.715Z", "custodial": true, "tags": [] } ] }"#;

/// The same value with every text that is an id, a secret, a name or a time replaced by its form.
fn form(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            Value::Object(fields.iter().map(|(name, value)| (name.clone(), form(value))).collect())
        }
        Value::Array(values) => Value::Array(values.iter().map(form).collect()),
        Value::String(text) => {
            let lengths: Vec<String> = text.split('-').map(|part| part.len().to_string()).collect();
            let kept = ["Ethereum", "ECDSA", "secp256k1", "Active", "Fido2"].contains(&text.as_str());
            let numbered = text.starts_with("wa-") || text.starts_with("key-");
            match text {
                _ if kept => json!(text),
                _ if numbered => json!(format!("{} {}", &text[..2], lengths.join("-"))),
                text if text.len() == 24 && text.ends_with('Z') => json!("time"),
                text if text.starts_with("0x") => json!(format!("address {}", text.len())),
                _ => json!("text"),
            }
        }
        other => other.clone(),
    }
}

fn message(body: &Value) -> String {
    text(&body["error"]["message"])
}

#[tokio::test]
async fn a_completed_registration_is_answered_as_the_given_document_shows() {
    let haven = haven().await;
    let (token, mut body) = haven.started("ada@example.org").await;
    body["wallets"] = json!([{ "network": "Ethereum", "name": "trading hot wallet" }]);
    let (status, body) = haven.complete(&token, &body).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(form(&body), form(&serde_json::from_str(GIVEN_REPLY).unwrap()));
    assert_eq!((&body["user"]["username"], &body["credential"]["name"]), (&json!("ada@example.org"), &json!("Phone")));
    assert_eq!(body["wallets"][0]["name"], "trading hot wallet");
    let wallet = &body["wallets"][0];
    assert_eq!(haven.get(&format!("/wallets/{}", text(&wallet["id"]))).await, (200, wallet.clone()));
    let count = haven.world.running.summary().haven;
    assert_eq!((count.started, count.registered, count.wallets, count.active, count.doubled), (1, 1, 1, 1, 0));
    assert_eq!(haven.effects("complete_enduser", "ada@example.org").await, ["done"]);
}

#[tokio::test]
async fn a_start_brings_a_challenge_a_token_and_what_a_device_needs_to_know() {
    let haven = haven().await;
    let body = json!({ "email": "ada@example.org", "kind": "EndUser", "externalId": "u-1" }).to_string();
    let (status, body) = haven.signed(Method::POST, "/auth/registration/delegated", &body).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(
        (&body["user"]["name"], &body["user"]["displayName"]),
        (&json!("ada@example.org"), &body["user"]["name"])
    );
    assert!(text(&body["user"]["id"]).starts_with("us-"));
    for name in ["temporaryAuthenticationToken", "challenge", "attestation", "otpUrl"] {
        assert!(body[name].is_string(), "{name}");
    }
    assert!(body["rp"]["id"].is_string() && body["rp"]["name"].is_string());
    for name in ["firstFactor", "secondFactor"] {
        assert!(body["supportedCredentialKinds"][name].as_array().unwrap().contains(&json!("Fido2")));
    }
    assert!(body["authenticatorSelection"].is_object() && body["excludeCredentials"].is_array());
    assert_eq!(body["pubKeyCredParams"][0]["type"], "public-key");
    // Calls after the start are listed under the same name, though they carry only the token or the address.
    let wish = credentials(&text(&body["challenge"]));
    haven.complete(&text(&body["temporaryAuthenticationToken"]), &wish).await;
    haven.recovered("ada@example.org").await;
    let calls = haven.world.own("/_calls?external_id=u-1&provider=haven").await;
    let actions: Vec<_> = calls.as_array().unwrap().iter().map(|call| text(&call["action"])).collect();
    let signing = ["init_action", "sign_action"];
    let rest = [&signing[..], &["login_delegated", "list_wallets"]].concat();
    assert_eq!(actions, [&signing[..], &["start_registration", "complete_enduser"], &rest].concat());
}

#[tokio::test]
async fn a_start_is_refused_for_each_thing_that_can_be_wrong_with_it() {
    let haven = haven().await;
    let path = "/auth/registration/delegated";
    for body in [
        json!({ "kind": "EndUser" }),
        json!({ "email": "nobody", "kind": "EndUser" }),
        json!({ "email": "a@example.org" }),
        json!({ "email": "a@example.org", "kind": "CustomerEmployee" }),
        json!({ "email": "a@example.org", "kind": "EndUser", "externalId": "" }),
    ] {
        let (status, answer) = haven.signed(Method::POST, path, &body.to_string()).await;
        assert_eq!(status, 400, "{body}: {answer}");
        assert!(!message(&answer).is_empty());
    }
    assert_eq!(haven.with_bearer(Method::POST, path, "other", "{}").await.0, 401);
    assert_eq!(haven.world.running.summary().haven.started, 0);
}

#[tokio::test]
async fn a_completion_is_refused_for_each_thing_that_can_be_wrong_with_it_and_the_token_stays_good() {
    let haven = haven().await;
    let (token, right) = haven.started("c@example.org").await;
    let (_, other) = haven.started("other@example.org").await;
    let wrong: [(&str, Value); 9] = [
        ("/wallets", json!([])),
        ("/wallets/0/network", json!("")),
        ("/wallets/0/name", json!(7)),
        ("/firstFactorCredential", Value::Null),
        ("/firstFactorCredential/credentialKind", json!("RecoveryKey")),
        ("/firstFactorCredential/credentialInfo/attestationData", json!("<string>")),
        ("/secondFactorCredential/credentialInfo/credId", json!("")),
        ("/recoveryCredential/credentialKind", json!("Fido2")),
        ("/firstFactorCredential/credentialInfo", other["firstFactorCredential"]["credentialInfo"].clone()),
    ];
    for (path, value) in wrong {
        let mut body = right.clone();
        *body.pointer_mut(path).unwrap() = value;
        assert_eq!(haven.complete(&token, &body).await.0, 400, "{path}");
    }
    let bearer = format!("Bearer {token}");
    let headers = [("Authorization", bearer.as_str()), ("X-DFNS-USERACTION", "one")];
    let path = "/auth/registration/enduser";
    assert_eq!(haven.ask(Method::POST, path, &headers, &right.to_string()).await.unwrap().0, 400);
    assert_eq!(haven.complete("unknown", &right).await.0, 401);
    assert_eq!(haven.complete(TOKEN, &right).await.0, 401);
    assert_eq!(haven.complete(&token, &right).await.0, 200);
}

#[tokio::test]
async fn credentials_may_be_of_every_documented_kind_and_the_optional_ones_absent() {
    let haven = haven().await;
    for kind in ["Fido2", "Key", "PasswordProtectedKey"] {
        let (token, mut body) = haven.started(&format!("{kind}@example.org")).await;
        let fields = body.as_object_mut().unwrap();
        fields.remove("secondFactorCredential");
        fields.remove("recoveryCredential");
        body["firstFactorCredential"]["credentialKind"] = json!(kind);
        body["firstFactorCredential"].as_object_mut().unwrap().remove("credentialName");
        body["wallets"] = json!([{ "network": "Ethereum" }, { "network": "Solana" }]);
        let (status, body) = haven.complete(&token, &body).await;
        assert_eq!((status, &body["credential"]["kind"]), (200, &json!(kind)), "{body}");
        let keys: Vec<_> = [0, 1].map(|at| body["wallets"][at]["signingKey"]["scheme"].clone()).into();
        assert_eq!((keys, body["wallets"][0].get("name")), (vec![json!("ECDSA"), json!("EdDSA")], None));
    }
}

#[tokio::test]
async fn a_browsers_client_data_holds_the_challenge_encoded_once_more() {
    let haven = haven().await;
    let (status, body) = haven.start("b@example.org").await;
    assert_eq!(status, 200);
    let (token, challenge) = (text(&body["temporaryAuthenticationToken"]), text(&body["challenge"]));
    assert_eq!(haven.complete(&token, &credentials(&encode(challenge))).await.0, 200);
}

#[tokio::test]
async fn a_registered_user_exists_for_every_later_start_and_is_found_by_login_and_by_wallets() {
    let haven = haven().await;
    let (token, wish) = haven.started("x@example.org").await;
    assert_eq!(haven.recovered("x@example.org").await, (401, 0));
    let (_, registered) = haven.complete(&token, &wish).await;
    let again = haven.complete(&token, &wish).await;
    assert_eq!((again.0, message(&again.1).as_str()), (401, "User already exists."));
    let start = haven.start("x@example.org").await;
    assert_eq!((start.0, message(&start.1).as_str()), (401, "User already exists."));
    assert_eq!(haven.recovered("x@example.org").await, (200, 1));
    let id = text(&registered["user"]["id"]);
    for filter in [format!("owner={id}"), format!("ownerId={id}"), "ownerUsername=x@example.org".to_owned()] {
        let (status, list) = haven.get(&format!("/wallets?{filter}")).await;
        assert_eq!((status, &list), (200, &json!({ "items": registered["wallets"] })), "{filter}");
    }
    assert_eq!(haven.get("/wallets?owner=us-nobody").await, (200, json!({ "items": [] })));
    assert_eq!(haven.get("/wallets/wa-none").await.0, 404);
    assert_eq!(haven.world.running.summary().haven.wallets, 1);
}

#[tokio::test]
async fn a_second_start_makes_the_first_token_useless() {
    let haven = haven_with(|options| options.haven.restart = true).await;
    let (old, old_wish) = haven.started("s@example.org").await;
    let (new, wish) = haven.started("s@example.org").await;
    let (status, body) = haven.complete(&old, &old_wish).await;
    assert_eq!((status, message(&body).contains("exists")), (401, false), "{body}");
    assert_eq!(haven.complete(&new, &wish).await.0, 200);
    let restart = "/auth/registration/delegated/restart";
    let body = |email: &str| json!({ "email": email, "kind": "EndUser" }).to_string();
    assert_eq!(haven.signed(Method::POST, restart, &body("nobody@example.org")).await.0, 401);
    haven.started("r@example.org").await;
    assert_eq!(haven.signed(Method::POST, restart, &body("r@example.org")).await.0, 200);
}

#[tokio::test]
async fn a_registration_cannot_be_restarted_in_the_newer_versions_and_a_challenge_may_name_no_relying_party() {
    let haven = haven_with(|options| options.haven.rp_id = String::new()).await;
    let (status, body) = haven.start("r@example.org").await;
    assert_eq!((status, body.get("rp")), (200, None));
    let body = json!({ "email": "r@example.org", "kind": "EndUser" }).to_string();
    let restart = "/auth/registration/delegated/restart";
    assert_eq!(haven.signed(Method::POST, restart, &body).await.0, 404);
}

#[tokio::test]
async fn a_user_may_be_made_before_the_registration_begins() {
    let haven = haven().await;
    let make = async |body: Value| haven.signed(Method::POST, "/auth/users", &body.to_string()).await;
    let right =
        json!({ "email": "m@example.org", "kind": "EndUser", "registration": "Delegated", "externalId": "u-9" });
    let (status, user) = make(right.clone()).await;
    assert_eq!((status, &user["isRegistered"], &user["username"]), (200, &json!(false), &json!("m@example.org")));
    let (status, body) = make(right).await;
    assert_eq!((status, message(&body).as_str()), (401, "User already exists."));
    for wrong in [
        json!({ "kind": "EndUser" }),
        json!({ "email": "w@example.org" }),
        json!({ "email": "w@example.org", "kind": "EndUser", "registration": "Other" }),
    ] {
        assert_eq!(make(wrong).await.0, 400);
    }
    assert_eq!(haven.with_bearer(Method::POST, "/auth/users", TOKEN, "{}").await.0, 403);
    let registered = haven.registered("m@example.org").await;
    assert_eq!(registered["user"]["id"], user["userId"]);
}

#[tokio::test]
async fn a_registration_may_start_with_a_code_and_without_a_token() {
    let haven = haven().await;
    let start = async |code: &str| {
        let organisation = "or-5nd8x-g4ngw-sandbox000000000";
        let body = json!({ "orgId": organisation, "username": "k@example.org", "registrationCode": code });
        haven.ask(Method::POST, "/auth/registration/init", &[], &body.to_string()).await.unwrap()
    };
    assert_eq!(start("sandbox-code-of-yesterday").await.0, 400);
    assert_eq!(start("guessed").await.0, 401);
    let (status, body) = start("sandbox-code").await;
    assert_eq!(status, 200, "{body}");
    let wish = credentials(&text(&body["challenge"]));
    assert_eq!(haven.complete(&text(&body["temporaryAuthenticationToken"]), &wish).await.0, 200);
}

#[tokio::test]
async fn lists_come_in_parts_and_users_tell_whether_they_finished() {
    let haven = haven().await;
    for email in ["a@example.org", "b@example.org"] {
        haven.registered(email).await;
    }
    haven.started("c@example.org").await;
    let (_, first) = haven.get("/auth/users?limit=2").await;
    assert_eq!(first["items"].as_array().unwrap().len(), 2);
    let next = text(&first["nextPageToken"]);
    let (_, second) = haven.get(&format!("/auth/users?limit=2&paginationToken={next}")).await;
    assert_eq!((&second["items"][0]["username"], second.get("nextPageToken")), (&json!("c@example.org"), None));
    let finished = [&first["items"][0], &second["items"][0]].map(|user| user["isRegistered"].clone());
    assert_eq!(finished, [json!(true), json!(false)]);
    assert_eq!(haven.get("/wallets").await.1["items"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_wallet_of_some_networks_has_no_address_until_it_is_activated() {
    let haven = haven_with(|options| options.haven.inactive_networks = vec!["Algorand".to_owned()]).await;
    let registered = haven.registered("n@example.org").await;
    let wallet = &registered["wallets"][0];
    assert_eq!((wallet.get("address"), &wallet["status"]), (None, &json!("Inactive")));
    let path = format!("/wallets/{}/activate", text(&wallet["id"]));
    assert_eq!(haven.with_bearer(Method::POST, &path, TOKEN, "").await.0, 403);
    let (status, transaction) = haven.signed(Method::POST, &path, "").await;
    assert_eq!((status, &transaction["walletId"], &transaction["status"]), (200, &wallet["id"], &json!("Pending")));
    assert!(text(&transaction["id"]).starts_with("tx-"));
    until("an active wallet", async || (haven.status(wallet).await == "Active").then_some(())).await;
    let shown = haven.get(&format!("/wallets/{}", text(&wallet["id"]))).await.1;
    assert!(shown["address"].is_string());
    assert_eq!(haven.signed(Method::POST, &path, "").await.0, 400);
    assert_eq!(haven.effects("activate_wallet", "n@example.org").await, ["refused", "done", "refused"]);
}

#[tokio::test]
async fn every_secret_that_passed_is_on_the_list() {
    let haven = haven().await;
    let (token, wish) = haven.started("z@example.org").await;
    let (_, answer) = haven.complete(&token, &wish).await;
    let (_, secret) = haven.webhook("http://127.0.0.1:9/hook").await;
    let secrets = haven.world.own("/_secrets").await;
    let first = &wish["firstFactorCredential"]["credentialInfo"];
    for (kind, value) in [
        ("haven_service_token", json!(TOKEN)),
        ("haven_temporary_token", json!(token)),
        ("haven_session_token", answer["authentication"]["token"].clone()),
        ("haven_webhook_secret", json!(secret)),
        ("haven_attestation_data", first["attestationData"].clone()),
        ("haven_client_data", first["clientData"].clone()),
        ("haven_encrypted_private_key", json!("sealed-under-a-recovery-code")),
    ] {
        let listed = json!({ "kind": kind, "value": value });
        assert!(secrets.as_array().unwrap().contains(&listed), "{kind}");
    }
    let kinds = secrets.as_array().unwrap().iter().filter(|one| one["kind"] == "haven_user_action");
    assert_eq!(kinds.count(), 2);
}
