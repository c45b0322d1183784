//! DIDx's answers, checked against the given "create user" text and docs/providers/didx.md.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, also in its helpers"
)]

mod common;

use common::far::{Far, far};
use common::receiver::receiver;
use common::{quick, text, until};
use gangway_sandbox::Options;
use serde_json::{Value, json};

const TOKEN: &str = "/didx/iam/realms/product-hub/protocol/openid-connect/token";
const USERS: &str = "/didx/consumer-onboarding/api/users";
const ISSUANCE: &str = "/didx/me-creds/api/credentials/issuance";
const OFFER: &str = "/didx/me-wallet/api/orgs/credentials";
const ENDPOINTS: &str = "/didx/me-creds/api/endpoints";

/// The request of the given text, with an address that is one.
const GIVEN_REQUEST: &str = r#"{ "email": "thandi@example.org", "firstName": "Thandi", "lastName": "Molefe" }"#;
/// The reply of the given text for a new user, with the same address.
const GIVEN_REPLY: &str = r#"{
  "data": { "email": "thandi@example.org", "username": "thandi.molefe", "tempPassword": "!w&3WgYeEGMv" }
}"#;

async fn ask_for_token(far: &Far, form: &[(&str, &str)]) -> (u16, Value) {
    let encoded = form.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&");
    let request = far.client.post(format!("http://{}{TOKEN}", far.running.http));
    let request = request.header("Content-Type", "application/x-www-form-urlencoded").body(encoded);
    common::answer(request).await.unwrap()
}

const CREDENTIALS: [(&str, &str); 3] = [
    ("grant_type", "client_credentials"),
    ("client_id", "sandbox-partner"),
    ("client_secret", "sandbox-didx-client-secret"),
];

/// A sandbox with a caller that has a token.
async fn didx(mut options: Options) -> Far {
    options.didx.accept_delay = std::time::Duration::from_millis(10);
    let mut far = far(options).await;
    let (status, body) = ask_for_token(&far, &CREDENTIALS).await;
    assert_eq!(status, 200, "{body}");
    far.token = text(&body["access_token"]);
    far
}

async fn issue(far: &Far, email: &str) -> Value {
    let (status, body) =
        far.post(ISSUANCE, json!({ "credentialTemplateId": "tpl", "attributes": { "email": email } })).await;
    assert_eq!(status, 200, "{body}");
    body["data"].clone()
}

/// A user with an offer sent; the id of the issuance.
async fn offered(far: &Far, email: &str) -> String {
    far.post(USERS, json!({ "email": email })).await;
    let issuance = issue(far, email).await;
    let reply = far.sent(OFFER, json!({ "credentialOffer": issuance["offerUri"], "recipient": email })).await;
    assert_eq!(reply.status(), 201);
    text(&issuance["id"])
}

async fn until_ended(far: &Far, id: &str) -> Value {
    let path = format!("/didx/me-creds/api/credentials/{id}");
    until("the issuance to end", async || {
        let (status, body) = far.get(&path).await;
        assert_eq!(status, 200, "{body}");
        (body["data"]["status"] != "offered").then_some(body["data"].clone())
    })
    .await
}

#[tokio::test]
async fn a_token_is_given_for_the_right_client_as_a_form_only() {
    let far = far(quick()).await;
    let (status, body) = ask_for_token(&far, &CREDENTIALS).await;
    assert_eq!(status, 200);
    assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("Bearer"), &json!(300)));
    assert_eq!((&body["refresh_expires_in"], &body["scope"]), (&json!(0), &json!("email profile")));
    assert_eq!(text(&body["access_token"]).split('.').count(), 3);
    assert!(body.get("refresh_token").is_none());
    let wrong = [CREDENTIALS[0], CREDENTIALS[1], ("client_secret", "other")];
    assert_eq!(ask_for_token(&far, &wrong).await.0, 401);
    let (status, body) = ask_for_token(&far, &[("grant_type", "password"), CREDENTIALS[1], CREDENTIALS[2]]).await;
    assert_eq!((status, &body["error"]), (400, &json!("unsupported_grant_type")));
    assert_eq!(far.post(TOKEN, json!({ "grant_type": "client_credentials" })).await.0, 415);
}

#[tokio::test]
async fn a_new_user_is_answered_as_the_given_text_shows() {
    let far = didx(quick()).await;
    let reply = far.sent(USERS, serde_json::from_str(GIVEN_REQUEST).unwrap()).await;
    assert_eq!(reply.status(), 201);
    let mut body: Value = reply.json().await.unwrap();
    assert_eq!(text(&body["data"]["tempPassword"]).len(), 12);
    body["data"]["tempPassword"] = json!("!w&3WgYeEGMv");
    assert_eq!(body, serde_json::from_str::<Value>(GIVEN_REPLY).unwrap());
}

#[tokio::test]
async fn the_same_address_again_is_201_with_an_empty_password_and_no_second_account() {
    let far = didx(quick()).await;
    let first = far.post(USERS, serde_json::from_str(GIVEN_REQUEST).unwrap()).await.1;
    let (status, mut again) = far.post(USERS, json!({ "email": "Thandi@example.org" })).await;
    assert_eq!((status, &again["data"]["tempPassword"]), (201, &json!("")));
    again["data"]["tempPassword"] = first["data"]["tempPassword"].clone();
    assert_eq!(again, first);
    assert_eq!(far.running.summary().didx.users, 1);
    assert_eq!(far.effects("thandi@example.org").await, ["create_user done"]);
    assert_eq!(far.effects("Thandi@example.org").await, ["create_user read"]);
}

#[tokio::test]
async fn address_and_user_name_together_are_new_the_same_or_409() {
    let far = didx(quick()).await;
    let rows = [
        (json!({ "username": "one" }), 201, true),
        (json!({ "username": "one" }), 201, false),
        (json!({ "email": "two@example.org", "username": "two" }), 201, true),
        (json!({ "email": "two@example.org", "username": "two" }), 201, false),
        (json!({ "email": "two@example.org", "username": "other" }), 409, false),
        (json!({ "email": "other@example.org", "username": "two" }), 409, false),
        (json!({ "email": "other@example.org", "username": "one" }), 409, false),
    ];
    for (body, wanted, new) in rows {
        let (status, reply) = far.post(USERS, body.clone()).await;
        assert_eq!(status, wanted, "{body}");
        if wanted == 201 {
            assert_eq!(!text(&reply["data"]["tempPassword"]).is_empty(), new, "{body}");
        } else {
            assert_eq!(reply["errors"][0]["status"], "409");
            assert!(reply["errors"][0]["detail"].is_string());
        }
    }
    assert_eq!(far.running.summary().didx.users, 2);
}

#[tokio::test]
async fn what_is_wrong_with_a_body_is_400_in_the_shape_of_json_api() {
    let far = didx(quick()).await;
    let rows = [
        (json!({}), "/email"),
        (json!({ "firstName": "Thandi" }), "/email"),
        (json!({ "email": "nobody" }), "/email"),
        (json!({ "username": "a b" }), "/username"),
        (json!({ "username": "a", "firstName": 7 }), "/firstName"),
        (json!([]), "/body"),
    ];
    for (body, pointer) in rows {
        let (status, reply) = far.post(USERS, body.clone()).await;
        let error = &reply["errors"][0];
        assert_eq!((status, &error["status"], &error["code"]), (400, &json!("400"), &json!("VALIDATION_ERROR")));
        assert_eq!(error["source"]["pointer"], pointer, "{body}");
    }
    assert_eq!(far.running.summary().didx.users, 0);
}

#[tokio::test]
async fn the_older_shapes_come_without_wrapper_and_list_if_the_options_say_so() {
    let mut options = quick();
    options.didx.older_user_shape = true;
    options.didx.older_error_shape = true;
    options.didx.older_issuance_status = true;
    let far = didx(options).await;
    let user = far.post(USERS, json!({ "email": "a@example.org" })).await.1;
    assert!(!text(&user["tempPassword"]).is_empty() && user.get("data").is_none(), "{user}");
    let error = far.post(USERS, json!({})).await.1;
    assert_eq!((&error["error"], &error["details"]["field"]), (&json!("VALIDATION_ERROR"), &json!("email")));
    assert!(error["message"].is_string());
    assert_eq!(far.post(ISSUANCE, json!({ "credentialTemplateId": "t", "attributes": {} })).await.0, 201);
}

#[tokio::test]
async fn a_token_that_is_missing_foreign_or_over_is_401_everywhere() {
    let mut options = quick();
    options.didx.token_lifetime = std::time::Duration::from_millis(1);
    let mut far = didx(options).await;
    until("the token to run out", async || (far.get(ENDPOINTS).await.0 == 401).then_some(())).await;
    for token in [far.token.clone(), "foreign".to_owned(), String::new()] {
        far.token = token;
        for path in [USERS, ISSUANCE, OFFER, ENDPOINTS] {
            let (status, body) = far.post(path, json!({ "email": "b@example.org" })).await;
            assert_eq!((status, &body["errors"][0]["status"]), (401, &json!("401")), "{path}");
        }
    }
    assert_eq!(far.running.summary().didx.users, 0);
    assert_eq!(far.effects("b@example.org").await[0], "create_user unauthorized");
}

#[tokio::test]
async fn an_issuance_is_offered_sent_with_an_empty_201_and_completed_a_moment_later() {
    let far = didx(quick()).await;
    far.post(USERS, json!({ "email": "i@example.org", "externalIdentifier": "i-1" })).await;
    let issuance = issue(&far, "i@example.org").await;
    assert!(text(&issuance["id"]).starts_with("iss_"));
    assert_eq!((&issuance["status"], issuance["credentials"].as_array().unwrap().len()), (&json!("offered"), 1));
    assert!(["id", "status"].iter().all(|field| issuance["credentials"][0][field].is_string()));
    assert!(["offerUri", "offerQrUri", "createdAt", "updatedAt"].iter().all(|field| issuance[field].is_string()));
    let offer = json!({
        "credentialOffer": issuance["offerUri"], "recipient": "i-1", "identifierType": "externalIdentifier",
    });
    let reply = far.sent(OFFER, offer).await;
    assert_eq!((reply.status().as_u16(), reply.headers().get("content-type")), (201, None));
    assert_eq!(reply.text().await.unwrap(), "");
    let read = until_ended(&far, &text(&issuance["id"])).await;
    assert_eq!((&read["status"], &read["id"]), (&json!("completed"), &issuance["id"]));
    assert_eq!(read["credentials"][0]["id"], issuance["credentials"][0]["id"]);
    let effects = far.effects("i-1").await;
    assert_eq!(effects[..3], ["create_user done", "issue_credential done", "send_offer done"]);
}

#[tokio::test]
async fn offers_and_issuances_that_ask_for_too_little_are_400_and_unknown_ones_are_not_found() {
    let far = didx(quick()).await;
    far.post(USERS, json!({ "email": "o@example.org" })).await;
    let uri = issue(&far, "o@example.org").await["offerUri"].clone();
    let rows = [
        (ISSUANCE, json!({ "attributes": {} }), 400),
        (ISSUANCE, json!({ "credentialTemplateId": "t" }), 400),
        (OFFER, json!({ "recipient": "o@example.org" }), 400),
        (OFFER, json!({ "credentialOffer": "openid-credential-offer://other", "recipient": "o@example.org" }), 400),
        (OFFER, json!({ "credentialOffer": uri }), 400),
        (OFFER, json!({ "credentialOffer": uri, "recipient": "o@example.org", "identifierType": "phone" }), 400),
        (OFFER, json!({ "credentialOffer": uri, "recipient": "nobody@example.org" }), 404),
    ];
    for (path, body, wanted) in rows {
        assert_eq!(far.post(path, body.clone()).await.0, wanted, "{body}");
    }
    assert_eq!(far.get("/didx/me-creds/api/credentials/iss_nothing").await.0, 404);
    assert_eq!(far.running.summary().didx.offers, 0);
}

#[tokio::test]
async fn a_webhook_is_thin_has_an_id_and_names_the_issuance_without_its_prefix() {
    let mut receiver = receiver(&[500]);
    let far = didx(quick()).await;
    let endpoint =
        json!({ "url": receiver.url, "filterTypes": ["openid4vc.issuance.completed", "openid4vc.issuance.failed"] });
    let (status, registered) = far.post(ENDPOINTS, endpoint).await;
    assert_eq!(status, 201);
    let data = &registered["data"];
    assert_eq!((&data["url"], &data["filterTypes"][1]), (&json!(receiver.url), &json!("openid4vc.issuance.failed")));
    assert!(["id", "createdAt", "updatedAt"].iter().all(|field| data[field].is_string()));
    assert!(data.get("secret").is_none());
    assert_eq!(far.get(ENDPOINTS).await.1["data"], json!([data]));
    let id = offered(&far, "w@example.org").await;
    let (first, again) = (receiver.next().await, receiver.next().await);
    let wanted = json!({
        "eventType": "openid4vc.issuance.completed",
        "payload": { "openId4VcIssuanceId": id.strip_prefix("iss_").unwrap() },
    });
    assert_eq!((&first.body, &again.body), (&wanted, &wanted));
    assert_eq!(first.header("webhook-id"), again.header("webhook-id"));
    assert!(!first.headers.contains_key("webhook-signature"));
}

#[tokio::test]
async fn the_options_address_gets_every_event_and_an_endpoint_must_be_https_or_here() {
    let mut receiver = receiver(&[]);
    let mut options = quick();
    options.didx.webhook_url = Some(receiver.url.clone());
    let far = didx(options).await;
    offered(&far, "e@example.org").await;
    let mut events = [text(&receiver.next().await.body["eventType"]), text(&receiver.next().await.body["eventType"])];
    events.sort();
    assert_eq!(events, ["openid4vc.issuance.completed", "openid4vc.issuance.offered"]);
    for url in ["http://example.org/hook", "http://127.0.0.1.example.org/hook", "ftp://example.org", ""] {
        assert_eq!(far.post(ENDPOINTS, json!({ "url": url })).await.0, 400, "{url}");
    }
    assert_eq!(far.post(ENDPOINTS, json!({ "url": "https://example.org/hook" })).await.0, 201);
    assert_eq!(far.post(ENDPOINTS, json!({ "url": "https://example.org/hook" })).await.0, 201);
    assert_eq!(far.running.summary().didx.duplicate_endpoints, 1);
}

#[tokio::test]
async fn what_was_made_twice_is_counted() {
    let far = didx(quick()).await;
    for n in 0..2 {
        far.post(USERS, json!({ "email": format!("d{n}@example.org"), "externalIdentifier": "d" })).await;
    }
    let (one, _lost) = (issue(&far, "x@example.org").await, issue(&far, "x@example.org").await);
    for _ in 0..2 {
        far.sent(OFFER, json!({ "credentialOffer": one["offerUri"], "recipient": "d0@example.org" })).await;
    }
    let other = issue(&far, "y@example.org").await;
    far.sent(OFFER, json!({ "credentialOffer": other["offerUri"], "recipient": "d1@example.org" })).await;
    let didx = far.get("/_calls/summary").await.1["didx"].clone();
    assert_eq!((&didx["duplicate_users"], &didx["duplicate_credentials"]), (&json!(1), &json!(1)), "{didx}");
    assert_eq!((&didx["offers"], &didx["duplicate_offers"]), (&json!(3), &json!(1)), "{didx}");
    // The issuance named no one; the offer did.
    assert!(far.effects("d").await.contains(&"issue_credential done".to_owned()));
}

#[tokio::test]
async fn every_secret_that_crossed_the_wire_is_listed() {
    let far = didx(quick()).await;
    let user = far.post(USERS, json!({ "email": "s@example.org" })).await.1;
    let issuance = issue(&far, "s@example.org").await;
    assert_eq!(far.secrets("didx_client_secret").await, ["sandbox-didx-client-secret"]);
    assert!(far.secrets("didx_access_token").await.contains(&far.token));
    assert_eq!(far.secrets("didx_temp_password").await, [text(&user["data"]["tempPassword"])]);
    assert_eq!(far.secrets("didx_offer_uri").await, [text(&issuance["offerUri"])]);
    assert_eq!(far.secrets("didx_offer_qr_uri").await, [text(&issuance["offerQrUri"])]);
}

#[tokio::test]
async fn the_traps_exists_conflict_and_refused_hold_for_each_call() {
    let far = didx(quick()).await;
    for _ in 0..2 {
        let (status, body) = far.post(USERS, json!({ "email": "a-didxexists@example.org" })).await;
        assert_eq!((status, &body["data"]["tempPassword"]), (201, &json!("")));
        assert_eq!(far.post(USERS, json!({ "email": "a-didxconflict@example.org" })).await.0, 409);
        let refused = far.post(USERS, json!({ "email": "a@example.org", "externalIdentifier": "a-didxrefused" })).await;
        assert_eq!((refused.0, &refused.1["errors"][0]["code"]), (400, &json!("VALIDATION_ERROR")));
    }
    assert_eq!(far.running.summary().didx.users, 1);
}

#[tokio::test]
async fn the_traps_forbidden_notemplate_and_nowallet_refuse_each_call_and_do_nothing() {
    let far = didx(quick()).await;
    for _ in 0..2 {
        let (status, body) = far.post(USERS, json!({ "email": "a-didxforbidden@example.org" })).await;
        assert_eq!((status, &body["errors"][0]["code"]), (403, &json!("FORBIDDEN")));
    }
    assert_eq!(far.running.summary().didx.users, 0);
    for user in ["a-didxnotemplate@example.org", "a-didxnowallet@example.org"] {
        assert_eq!(far.post(USERS, json!({ "email": user })).await.0, 201);
    }
    let wanted = json!({ "credentialTemplateId": "t", "attributes": { "email": "a-didxnotemplate@example.org" } });
    let (status, body) = far.post(ISSUANCE, wanted).await;
    assert_eq!((status, &body["errors"][0]["code"]), (400, &json!("VALIDATION_ERROR")));
    let issuance = issue(&far, "a-didxnowallet@example.org").await;
    let offer = json!({ "credentialOffer": issuance["offerUri"], "recipient": "a-didxnowallet@example.org" });
    assert_eq!(far.post(OFFER, offer).await.0, 404);
    let count = far.running.summary().didx;
    assert_eq!((count.credentials, count.offers), (1, 0));
}

#[tokio::test]
async fn the_traps_lost_and_undone_strike_the_first_call_only() {
    let far = didx(quick()).await;
    for (word, first, password_is_empty) in [("didxlost", "lost_done", true), ("didxundone", "lost_undone", false)] {
        let body = json!({ "email": format!("a-{word}@example.org") });
        assert!(far.breaks_off(USERS, body.clone()).await);
        let again = far.post(USERS, body).await.1;
        assert_eq!(text(&again["data"]["tempPassword"]).is_empty(), password_is_empty, "{word}");
        assert_eq!(far.effects(&format!("a-{word}@example.org")).await[0], format!("create_user {first}"));
    }
    assert_eq!(far.running.summary().didx.users, 2);
}

#[tokio::test]
async fn the_traps_html_and_throttled_strike_the_first_call_and_make_nothing() {
    let far = didx(quick()).await;
    let html = far.sent(USERS, json!({ "email": "a-didxhtml@example.org" })).await;
    assert_eq!((html.status().as_u16(), &html.headers()["content-type"]), (502, &"text/html".parse().unwrap()));
    assert!(html.text().await.unwrap().starts_with("<html>"));
    let throttled = far.sent(USERS, json!({ "email": "a-didxthrottled@example.org" })).await;
    assert_eq!((throttled.status().as_u16(), &throttled.headers()["retry-after"]), (429, &"1".parse().unwrap()));
    assert_eq!(far.running.summary().didx.users, 0);
    for word in ["didxhtml", "didxthrottled"] {
        let (status, body) = far.post(USERS, json!({ "email": format!("a-{word}@example.org") })).await;
        assert!(status == 201 && !text(&body["data"]["tempPassword"]).is_empty(), "{body}");
    }
}

#[tokio::test]
async fn the_trap_token_refuses_the_token_in_use_for_that_user_until_another_comes() {
    let mut far = didx(quick()).await;
    let (trapped, other) = (json!({ "email": "a-didxtoken@example.org" }), json!({ "email": "a@example.org" }));
    for _ in 0..2 {
        assert_eq!(far.post(USERS, trapped.clone()).await.0, 401);
        assert_eq!(far.post(USERS, other.clone()).await.0, 201);
    }
    for _ in 0..2 {
        far.token = text(&ask_for_token(&far, &CREDENTIALS).await.1["access_token"]);
        assert_eq!(far.post(USERS, trapped.clone()).await.0, 201);
    }
    let offer = json!({
        "credentialOffer": issue(&far, "x").await["offerUri"], "recipient": "a-didxtoken@example.org",
    });
    assert_eq!(far.post(OFFER, offer.clone()).await.0, 401);
    far.token = text(&ask_for_token(&far, &CREDENTIALS).await.1["access_token"]);
    assert_eq!(far.sent(OFFER, offer).await.status(), 201);
}

#[tokio::test]
async fn the_traps_credlost_and_offerlost_are_done_though_the_reply_is_lost() {
    let far = didx(quick()).await;
    let email = "a-didxcredlost@example.org";
    far.post(USERS, json!({ "email": email })).await;
    assert!(far.breaks_off(ISSUANCE, json!({ "credentialTemplateId": "tpl", "attributes": { "email": email } })).await);
    issue(&far, email).await;
    assert_eq!(far.running.summary().didx.duplicate_credentials, 1);
    let email = "a-didxofferlost@example.org";
    far.post(USERS, json!({ "email": email })).await;
    let issuance = issue(&far, email).await;
    let offer = json!({ "credentialOffer": issuance["offerUri"], "recipient": email });
    assert!(far.breaks_off(OFFER, offer).await);
    assert_eq!(until_ended(&far, &text(&issuance["id"])).await["status"], "completed");
    assert_eq!(far.effects(email).await[2], "send_offer lost_done");
}

#[tokio::test]
async fn the_traps_failed_expired_and_partly_end_the_issuance_so_and_tell_it() {
    let mut receiver = receiver(&[]);
    let mut options = quick();
    options.didx.webhook_url = Some(receiver.url.clone());
    let far = didx(options).await;
    for (word, status) in [("didxfailed", "failed"), ("didxexpired", "expired"), ("didxpartly", "partiallyIssued")] {
        let id = offered(&far, &format!("a-{word}@example.org")).await;
        assert_eq!(until_ended(&far, &id).await["status"], status);
        let mut events = [receiver.next().await, receiver.next().await].map(|one| text(&one.body["eventType"]));
        events.sort();
        assert!(events.contains(&format!("openid4vc.issuance.{status}")), "{events:?}");
    }
}

#[tokio::test]
async fn the_trap_early_has_the_webhook_taken_before_the_offer_is_answered() {
    let mut receiver = receiver(&[]);
    let mut options = quick();
    options.didx.webhook_url = Some(receiver.url.clone());
    let far = didx(options).await;
    offered(&far, "a-didxearly@example.org").await;
    let came: Vec<_> = receiver.rest().iter().map(|one| text(&one.body["eventType"])).collect();
    assert!(came.contains(&"openid4vc.issuance.completed".to_owned()), "{came:?}");
    assert_eq!(far.effects("a-didxearly@example.org").await[2], "send_offer done");
}

#[tokio::test]
async fn the_traps_late_silent_and_twice_decide_how_often_and_when_webhooks_come() {
    let mut receiver = receiver(&[]);
    let mut options = quick();
    options.didx.webhook_url = Some(receiver.url.clone());
    options.didx.late = std::time::Duration::from_secs(30);
    let far = didx(options).await;
    for word in ["didxlate", "didxsilent"] {
        let id = offered(&far, &format!("a-{word}@example.org")).await;
        assert_eq!(until_ended(&far, &id).await["status"], "completed");
    }
    let id = offered(&far, "a-didxtwice@example.org").await;
    let mut ids = Vec::new();
    for _ in 0..4 {
        let webhook = receiver.next().await;
        assert_eq!(webhook.body["payload"]["openId4VcIssuanceId"], id.strip_prefix("iss_").unwrap());
        ids.push(webhook.header("webhook-id").to_owned());
    }
    ids.sort();
    assert!(ids[0] == ids[1] && ids[1] != ids[2] && ids[2] == ids[3], "{ids:?}");
    let states = async |word: &str| {
        let list = far.get(&format!("/_webhooks?external_id=a-{word}@example.org")).await.1;
        list.as_array().unwrap().iter().map(|one| text(&one["state"])).collect::<Vec<_>>()
    };
    assert_eq!(states("didxsilent").await, ["silenced"; 2]);
    assert_eq!(states("didxlate").await, ["waiting"; 2]);
}
