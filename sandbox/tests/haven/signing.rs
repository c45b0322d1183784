//! User action signing: what a changing call must come with, and what is refused.

use gangway_sandbox::HavenOptions;
use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{TOKEN, assertion, encode, haven, haven_with, sign};
use crate::common::text;

const PATH: &str = "/auth/login/delegated";
const BODY: &str = r#"{ "username":"nobody@example.org" }"#;

#[tokio::test]
async fn a_user_action_is_good_for_one_call_with_the_very_bytes_that_were_announced() {
    let haven = haven().await;
    let action = haven.action(&Method::POST, PATH, BODY).await;
    let compact = BODY.replace(' ', "");
    assert_eq!(haven.with_action(Method::POST, PATH, &compact, &action).await.0, 403);
    assert_eq!(haven.with_action(Method::POST, "/webhooks", BODY, &action).await.0, 403);
    // Admitted: the user is not found, which is another matter.
    let (status, body) = haven.with_action(Method::POST, PATH, BODY, &action).await;
    assert_eq!((status, &body["error"]["message"]), (401, &json!("User not found.")));
    let (status, body) = haven.with_action(Method::POST, PATH, BODY, &action).await;
    assert_eq!((status, text(&body["error"]["message"]).contains("already been used")), (400, true));
    assert_eq!(haven.with_action(Method::POST, PATH, BODY, "guessed").await.0, 403);
    assert_eq!(haven.with_bearer(Method::POST, PATH, TOKEN, BODY).await.0, 403);
}

#[tokio::test]
async fn a_path_is_signed_rightly_with_and_without_the_sandboxs_own_prefix() {
    let haven = haven().await;
    let action = haven.action(&Method::POST, &format!("/haven{PATH}"), BODY).await;
    assert_eq!(haven.with_action(Method::POST, PATH, BODY, &action).await.0, 401);
}

#[tokio::test]
async fn a_key_of_p256_signs_as_well_and_the_other_key_does_not() {
    let mut haven = haven_with(|options| options.haven.public_key = HavenOptions::P256_PUBLIC_KEY.to_owned()).await;
    haven.private_key = HavenOptions::P256_PRIVATE_KEY.to_owned();
    haven.started("p@example.org").await;
    let (_, challenge) = haven.challenge(&Method::POST, PATH, BODY).await;
    let factor = assertion(HavenOptions::PRIVATE_KEY, &haven.credential_id, &text(&challenge["challenge"]));
    assert_eq!(haven.answer(&challenge, factor).await.0, 401);
}

#[tokio::test]
async fn a_key_of_rsa_signs_as_well() {
    let public = include_str!("rsa_public.pem");
    let mut haven = haven_with(|options| options.haven.public_key = public.to_owned()).await;
    haven.private_key = include_str!("rsa.pem").to_owned();
    haven.started("r@example.org").await;
    haven.private_key = HavenOptions::PRIVATE_KEY.to_owned();
    let (_, challenge) = haven.challenge(&Method::POST, PATH, BODY).await;
    let factor = assertion(&haven.private_key, &haven.credential_id, &text(&challenge["challenge"]));
    assert_eq!(haven.answer(&challenge, factor).await.0, 401);
}

#[tokio::test]
async fn an_answer_to_a_challenge_is_refused_for_each_thing_that_can_be_wrong_with_it() {
    let haven = haven().await;
    let (_, challenge) = haven.challenge(&Method::POST, PATH, BODY).await;
    let right = assertion(&haven.private_key, &haven.credential_id, &text(&challenge["challenge"]));
    let changed = |path: &str, value: Value| {
        let mut factor = right.clone();
        *factor.pointer_mut(path).unwrap() = value;
        factor
    };
    let signed = |data: Value| {
        let data = data.to_string();
        let mut factor = changed("/credentialAssertion/clientData", json!(encode(&data)));
        factor["credentialAssertion"]["signature"] = json!(encode(sign(&haven.private_key, data.as_bytes())));
        factor
    };
    let data = |kind: &str, challenge: &Value, crossed: bool| json!({ "type": kind, "challenge": challenge, "crossOrigin": crossed });
    let given = &challenge["challenge"];
    for (expected, factor) in [
        (400, changed("/kind", json!("Fido2"))),
        (400, changed("/credentialAssertion/signature", json!("not base64url!"))),
        (401, changed("/credentialAssertion/credId", json!("another"))),
        (401, changed("/credentialAssertion/signature", json!(encode([7; 64])))),
        (401, changed("/credentialAssertion/clientData", json!(encode("{}")))),
        (401, signed(data("key.create", given, false))),
        (401, signed(data("key.get", given, true))),
        (401, signed(data("key.get", &json!("another"), false))),
    ] {
        let (status, body) = haven.answer(&challenge, factor.clone()).await;
        assert_eq!(status, expected, "{factor}: {body}");
    }
    let unknown = json!({ "challengeIdentifier": "unknown" });
    assert_eq!(haven.answer(&unknown, right.clone()).await.0, 401);
    // The vendor's own client sends no origin.
    assert_eq!(haven.answer(&challenge, signed(data("key.get", given, false))).await.0, 200);
    assert_eq!(haven.answer(&challenge, right).await.0, 401, "a challenge is answered once");
}

#[tokio::test]
async fn a_challenge_needs_the_service_account_and_all_that_is_to_be_signed() {
    let haven = haven().await;
    let whole = json!({
        "userActionPayload": "", "userActionHttpMethod": "PUT", "userActionHttpPath": "/wallets/x/activate",
        "userActionServerKind": "Api",
    });
    let init = async |token: &str, body: &Value| {
        haven.with_bearer(Method::POST, "/auth/action/init", token, &body.to_string()).await.0
    };
    assert_eq!(init(TOKEN, &whole).await, 200);
    assert_eq!(init("other", &whole).await, 401);
    for name in whole.as_object().unwrap().keys() {
        let mut part = whole.clone();
        part.as_object_mut().unwrap().remove(name);
        assert_eq!(init(TOKEN, &part).await, 400, "{name}");
    }
}

#[tokio::test]
async fn a_challenge_runs_out() {
    let haven = haven_with(|options| options.haven.action_lifetime = std::time::Duration::ZERO).await;
    let (_, challenge) = haven.challenge(&Method::POST, PATH, BODY).await;
    let factor = assertion(&haven.private_key, &haven.credential_id, &text(&challenge["challenge"]));
    assert_eq!(haven.answer(&challenge, factor).await.0, 401);
}
