//! The registration, request by request.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{ED25519, KeyPair as _, UnparsedPublicKey};
use serde_json::{Value, json};

use super::*;
use crate::providers::haven::key::ServiceKey;

#[test]
fn the_given_request_is_sent_as_the_document_has_it_and_its_answer_is_understood() {
    let (requests, result) = Talk::new("complete_enduser", handed_in()).hear(&adapter(), &[COMPLETED]);
    let [request] = requests.as_slice() else { panic!("{requests:?}") };
    assert_eq!((request.method, request.url.as_str()), ("POST", &*format!("{BASE}/auth/registration/enduser")));
    let expected: Value = serde_json::from_str(GIVEN_REQUEST).unwrap();
    assert_eq!(sent(request), expected);
    assert_eq!(secret(request, "authorization"), Some("Bearer <token>"), "the user's token, not the service's");
    assert_eq!(secret(request, "x-dfns-useraction"), None);
    assert!(request.headers.contains(&("content-type", "application/json".to_owned())));
    assert!(request.effectful);
    let answer = done(result);
    assert_eq!(answer.outcome, "completed");
    let key = json!({
        "id": "key-6ece3-9l565-xxxxxxxxxxxxxxxx", "scheme": "ECDSA", "curve": "secp256k1",
        "public_key": "e2375c8c9e87bfcd0be8f29d76c818cabacd51584f72cb2222d49a13b036d84d3d",
    });
    let expected = json!({
        "user_id": "<string>", "username": "<string>", "org_id": "<string>", "credential_uuid": "<string>",
        "credential_kind": "Fido2", "credential_name": "<string>", "wallet_id": "wa-1f04s-lqc9q-xxxxxxxxxxxxxxxx",
        "network": "Ethereum", "address": "0x00e3495cf6af59008f22ffaf32d4c92ac33dac47",
        "wallet_name": "trading hot wallet", "custodial": true, "wallet_status": "Active", "signing_key": key,
        "date_created": "2023-04-14T20:41:28.715Z", "tags": [],
        "wallets": [{
            "wallet_id": "wa-1f04s-lqc9q-xxxxxxxxxxxxxxxx", "network": "Ethereum", "status": "Active",
            "address": "0x00e3495cf6af59008f22ffaf32d4c92ac33dac47", "name": "trading hot wallet", "custodial": true,
            "signing_key": key, "date_created": "2023-04-14T20:41:28.715Z", "tags": [],
        }],
    });
    assert_eq!(Value::Object(answer.fields), expected);
    let kinds: Vec<&str> = answer.identifiers.iter().map(|identifier| identifier.kind.as_str()).collect();
    assert_eq!(kinds, ["haven.user_id", "haven.username", "haven.wallet_id"]);
    assert_eq!((answer.facts[0].name.as_str(), answer.facts[0].time), ("haven.wallet_active", Some(NOW)));
    assert!(answer.secrets.is_empty(), "the session is the user's own");
}

#[test]
fn a_start_is_announced_signed_and_sent_with_the_same_bytes() {
    let (requests, result) = Talk::new("start_registration", ada()).hear(&adapter(), &signed(&[STARTED]));
    let paths: Vec<String> = requests.iter().map(path).collect();
    assert_eq!(paths, ["POST /auth/action/init", "POST /auth/action", "POST /auth/registration/delegated"]);
    let (announced, asserted, change) = (sent(&requests[0]), sent(&requests[1]), &requests[2]);
    assert_eq!(announced["userActionPayload"].as_str().unwrap().as_bytes(), change.body.as_deref().unwrap());
    assert_eq!(announced["userActionHttpMethod"], json!("POST"));
    assert_eq!(announced["userActionHttpPath"], json!("/auth/registration/delegated"));
    assert_eq!(announced["userActionServerKind"], json!("Api"));
    assert_eq!(sent(change), json!({"email": "ada@example.org", "kind": "EndUser", "externalId": "u-1"}));
    assert_eq!(secret(change, "x-dfns-useraction"), Some("eyJ-user-action"));
    assert!(requests.iter().all(|request| secret(request, "authorization") == Some("Bearer service-token")));
    assert_eq!(requests.iter().map(|request| request.effectful).collect::<Vec<_>>(), [false, false, true]);

    assert_eq!(asserted["challengeIdentifier"], json!("eyJ-identifier"));
    let assertion = &asserted["firstFactor"]["credentialAssertion"];
    assert_eq!((&asserted["firstFactor"]["kind"], &assertion["credId"]), (&json!("Key"), &json!("Y3ItMWYwNHM")));
    let decoded = |name: &str| URL_SAFE_NO_PAD.decode(assertion[name].as_str().unwrap()).unwrap();
    let client_data = decoded("clientData");
    let expected = r#"{"type":"key.get","challenge":"Y2gtMDE","origin":"https://app.example.com","crossOrigin":false}"#;
    assert_eq!(std::str::from_utf8(&client_data).unwrap(), expected);
    let ServiceKey::Ed25519(key) = ServiceKey::read(SAMPLE_KEY).unwrap() else { panic!() };
    UnparsedPublicKey::new(&ED25519, key.public_key()).verify(&client_data, &decoded("signature")).unwrap();

    let answer = done(result);
    assert_eq!(answer.outcome, "started");
    assert_eq!(
        (&answer.fields["challenge"], &answer.fields["rp_id"]),
        (&json!("Y2gtdXNlcg"), &json!("app.example.com"))
    );
    assert_eq!(answer.fields["expires_at"], json!("2026-01-02T03:19:10.000Z"));
    assert!(!answer.fields.contains_key("otp_url") && !answer.fields.contains_key("link"));
    assert_eq!(answer.secrets.0["temporary_token"], json!("eyJ-temporary"));
    assert!(!Value::Object(answer.fields).to_string().contains("eyJ-temporary"));
}

#[test]
fn what_a_challenge_does_not_name_is_absent_and_the_older_spelling_is_read() {
    let answer = Talk::new("start_registration", ada()).answer(&adapter(), &signed(&[LEAST]));
    assert!(["rp", "rp_id", "rp_name"].iter().all(|name| !answer.fields.contains_key(*name)), "{:?}", answer.fields);
    assert_eq!(answer.fields["pub_key_cred_params"][0]["alg"], json!(-7));
    let answer = Talk::new("start_registration", ada()).answer(&adapter(), &signed(&[STARTED]));
    assert_eq!(answer.fields["rp"], json!({"id": "app.example.com", "name": "Example"}));
}

#[test]
fn an_application_id_goes_with_every_request() {
    let talk = Talk::new("start_registration", ada());
    let (requests, _) = talk.hear(&adapter_with("app_id = \"ap-1\""), &signed(&[STARTED]));
    assert!(requests.iter().all(|request| request.headers.contains(&("x-dfns-appid", "ap-1".to_owned()))));
}

#[test]
fn the_code_form_needs_nobodys_token() {
    let input = json!({"username": "ada@example.org", "registration_code": "1234-5678"});
    let (requests, result) = Talk::new("start_with_code", input).hear(&adapter(), &[STARTED]);
    assert_eq!(path(&requests[0]), "POST /auth/registration/init");
    let expected = json!({"orgId": "or-1", "username": "ada@example.org", "registrationCode": "1234-5678"});
    assert_eq!(sent(&requests[0]), expected);
    assert!(requests[0].secret_headers.is_empty() && !requests[0].effectful);
    assert_eq!(done(result).outcome, "started");
}

#[test]
fn the_wallet_of_the_settings_is_asked_for_when_the_flow_names_none() {
    let mut input = handed_in();
    input.as_object_mut().unwrap().remove("wallets");
    let talk = Talk::new("complete_enduser", input);
    let adapter = adapter_with("wallet = { network = \"Algorand\", name = \"main\" }");
    assert_eq!(
        sent(&talk.hear(&adapter, &[COMPLETED]).0[0])["wallets"],
        json!([{"network": "Algorand", "name": "main"}])
    );
}

#[test]
fn every_kind_of_credential_goes_out_as_the_device_made_it() {
    let credential = |kind: &str| {
        json!({"credentialKind": kind, "credentialInfo": {"credId": "a", "clientData": "b", "attestationData": "c"},
               "encryptedPrivateKey": "d", "credentialName": "e"})
    };
    for kind in ["Fido2", "Key", "PasswordProtectedKey", "a-kind-of-tomorrow"] {
        let mut input = handed_in();
        input["first_factor"] = credential(kind);
        input["recovery"] = Value::String(credential("RecoveryKey").to_string());
        let body = sent(&Talk::new("complete_enduser", input).hear(&adapter(), &[COMPLETED]).0[0]);
        assert_eq!(body["firstFactorCredential"], credential(kind));
        assert_eq!(body["recoveryCredential"], credential("RecoveryKey"), "a text is read as JSON");
    }
    let mut least = handed_in();
    for name in ["second_factor", "recovery"] {
        least.as_object_mut().unwrap().remove(name);
    }
    let body = sent(&Talk::new("complete_enduser", least).hear(&adapter(), &[COMPLETED]).0[0]);
    assert_eq!(body.as_object().unwrap().keys().collect::<Vec<_>>(), ["firstFactorCredential", "wallets"]);
}

#[test]
fn what_is_no_credential_is_refused_before_the_token_is_used_up_and_never_repeated() {
    let rows = [
        (json!("not json"), "credentialKind"),
        (json!({"credentialKind": "Fido2"}), "credentialInfo.credId"),
        (json!({"credentialKind": "Fido2", "credentialInfo": {"credId": "x", "clientData": ""}}), "clientData"),
        (Value::Null, "missing"),
    ];
    for (credential, says) in rows {
        let mut input = handed_in();
        input["first_factor"] = credential;
        let (requests, result) = Talk::new("complete_enduser", input).hear(&adapter(), &[]);
        let answer = done(result);
        assert_eq!((requests.len(), answer.outcome.as_str()), (0, "refused"));
        assert!(answer.fields["reason"].as_str().unwrap().contains(says), "{:?}", answer.fields);
    }
}
