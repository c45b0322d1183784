//! Requests that carry a signature, and actions with a rate of their own.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};

use super::*;

const OAUTH: &str = "  oauth2: { url: /oauth/token, client_id: client_id, client_secret: client_secret, margin: 30s }";

fn signed(rule: &str) -> String {
    EXAMPLE.replacen(OAUTH, &format!("  hmac: {{ {rule} }}"), 1)
}

fn header(request: &HttpRequest, name: &str) -> String {
    let found = request.named_headers.iter().find(|(given, _)| given == name);
    found.map(|(_, value)| value.expose_secret().to_owned()).unwrap_or_default()
}

const RULE: &str = "key: client_secret, header: X-Signature, prefix: 'v1=', headers: { X-Time: string(request.time) }, \
    sign: \"request.method + ' ' + request.target + ' ' + string(request.time) + ' ' + request.body\"";

#[test]
fn a_request_is_signed_as_it_goes_over_the_wire() {
    let it = adapter(&signed(RULE));
    let (sent, end) = hear(&it, "create_member", &ada(), Mode::Do, &[(201, r#"{"id": "m-1"}"#)]);
    assert_eq!(end, "created");
    let body = String::from_utf8(sent[0].body.clone().unwrap()).unwrap();
    let text = format!("POST /v1/regions/eu/members 1767323050 {body}");
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(b"s-1").unwrap();
    mac.update(text.as_bytes());
    let expected = format!("v1={}", hex::encode(mac.finalize().into_bytes()));
    assert_eq!(header(&sent[0], "x-signature"), expected);
    assert_eq!(header(&sent[0], "x-time"), "1767323050");
    // A look-up has a query, written as the sender writes it.
    let look_up = json!({"external_id": "u 1/&ä", "email": "a@b.example"});
    let (sent, _) = hear(&it, "create_member", &look_up, Mode::LookUp, &[(200, r#"{"items": []}"#)]);
    let text = "GET /v1/regions/eu/members?externalId=u+1%2F%26%C3%A4 1767323050 ";
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(b"s-1").unwrap();
    mac.update(text.as_bytes());
    assert_eq!(header(&sent[0], "x-signature"), format!("v1={}", hex::encode(mac.finalize().into_bytes())));
}

#[test]
fn hash_encoding_and_form_of_the_key_are_as_the_definition_says() {
    let rule = "key: client_secret, key_form: base64, header: X-Sign, hash: sha512, encoding: base64, \
                sign: request.body_sha256";
    let definition = load("test.yaml", &signed(rule)).unwrap();
    let key = b"0123456789abcdef";
    let settings = json!({"base_url": "https://api.example.org/v1", "concurrency": 8, "definition": "test.yaml",
        "values": {"client_id": "c-1"}, "secrets": {"client_secret": STANDARD.encode(key)}});
    let it = Generic::new(Arc::new(definition), serde_json::from_value(settings).unwrap(), &Policy::default());
    let (sent, _) = hear(&it, "get_member", &json!({"member_id": "m-1"}), Mode::Do, &[(404, r#"{"error": {}}"#)]);
    let mut mac = Hmac::<sha2::Sha512>::new_from_slice(key).unwrap();
    // The SHA-256 of nothing.
    mac.update(b"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_eq!(header(&sent[0], "x-sign"), STANDARD.encode(mac.finalize().into_bytes()));
}

#[test]
fn a_mistake_in_what_is_signed_is_told() {
    for (from, to, says) in [
        ("key: client_secret", "key: client_id", "stands for us, and is not secret"),
        ("key: client_secret", "key: client_sceret", "did you mean `client_secret`?"),
        ("request.target", "request.tarket", "did you mean `target`?"),
        ("request.target", "input.email", "there is no `input` here"),
        ("request.target", "settings.client_secret", "is secret"),
        ("header: X-Signature", "header: 'X Signature'", "is not a header's name"),
        ("prefix: 'v1='", "hash: md5", "`hash` cannot be `md5`"),
        ("prefix: 'v1='", "encoding: base32", "`encoding` cannot be `base32`"),
        ("sign: ", "sing: ", "did you mean `sign`?"),
    ] {
        let rendered = load("test.yaml", &signed(&RULE.replacen(from, to, 1))).unwrap_err().rendered;
        assert!(rendered.contains(says), "{to}: {rendered}");
    }
}

#[test]
fn credentials_that_no_request_could_carry_are_told_at_the_start_without_them() {
    let faults = |text: &str, secret: &str| {
        let settings = json!({"base_url": "https://x.example", "concurrency": 8, "definition": "x",
            "values": {"client_id": "c"}, "secrets": {"client_secret": secret}});
        let definition = load("test.yaml", text).unwrap();
        let faults = Generic::faults(&definition, &serde_json::from_value(settings).unwrap(), None, "at");
        assert!(!format!("{faults:?}").contains(secret), "{faults:?}");
        faults.into_iter().map(|fault| fault.key).collect::<Vec<_>>()
    };
    let bearer = EXAMPLE.replacen(OAUTH, "  bearer: client_secret", 1);
    assert_eq!(faults(&bearer, "to ken-hush"), ["at.secrets.client_secret"]);
    assert_eq!(faults(&bearer, "töken-hush"), ["at.secrets.client_secret"]);
    assert_eq!(faults(&bearer, "token-hush"), Vec::<String>::new());
    let base64 = signed(&RULE.replacen("prefix: 'v1='", "key_form: base64", 1));
    assert_eq!(faults(&base64, "hush!hush"), ["at.secrets.client_secret"]);
}

#[test]
fn an_action_with_a_rate_of_its_own_says_so_with_each_of_its_requests_and_with_no_look_up() {
    let from = "    outcomes:                               # the first guard";
    let rate = format!("    rate: {{ requests_per_minute: 30 }}\n{from}");
    let it = adapter(&EXAMPLE.replacen(from, &rate, 1));
    let per = Rate { requests: 30, per: Millis::secs(60) };
    assert_eq!(it.action_rates(), [("create_member".to_owned(), per)]);
    let duplicate = (409, r#"{"error": {"code": "duplicate_external_id"}}"#);
    let (sent, _) = hear(&it, "create_member", &ada(), Mode::Do, &[duplicate, (200, r#"{"items": []}"#)]);
    let rated: Vec<_> = sent.iter().map(|request| request.rated.as_deref()).collect();
    assert_eq!(rated, [Some("create_member"), None]);
    let (sent, _) = hear(&it, "get_member", &json!({"member_id": "m"}), Mode::Do, &[(404, r#"{"error": {}}"#)]);
    assert_eq!(sent[0].rated, None);
    let none = EXAMPLE.replacen(from, &rate.replace("30", "1"), 1);
    assert!(load("test.yaml", &none).unwrap_err().rendered.contains("from 6 to 60000"));
}
