//! Vectors that others published (and two made by applying a published rule): notes on providers, sections 4.6 and 6.

use gangway_core::time::Timestamp;

use super::{Presented, Profile, Rejected, Verified};
use crate::providers::webhook::WebhookSettings;
use crate::settings::providers::webhook;

const GENUINE: Result<Verified, Rejected> = Ok(Verified { signed: true });

fn check(settings: &str, headers: &[(&str, &str)], body: &str, now_s: i64) -> Result<Verified, Rejected> {
    let settings = webhook(settings.parse().unwrap()).read(|_, _| Vec::new()).unwrap();
    let headers: Vec<_> = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let presented = Presented { headers: &headers, secret: None, body: body.as_bytes() };
    Profile::new(&settings, "at").unwrap().check(&presented, Timestamp(now_s * 1000))
}

struct Vector {
    secret: &'static str,
    id: &'static str,
    at: i64,
    body: &'static str,
    signature: &'static str,
}

const A: Vector = Vector {
    secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
    at: 1_614_265_330,
    body: r#"{"test": 2432232314}"#,
    signature: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
};
const B: Vector = Vector {
    secret: "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
    id: "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
    at: 1_649_367_553,
    body: r#"{"email":"test@example.com","username":"test_user"}"#,
    signature: "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=",
};
const C: Vector = Vector {
    secret: "whsec_plJ3nmyCDGBKInavdOK15jsl",
    id: "msg_loFOjxBNrRLzqYUf",
    at: 1_731_705_121,
    body: r#"{"event_type":"ping","data":{"success":true}}"#,
    signature: "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=",
};

impl Vector {
    fn check(&self, family: &str, signature: &str, now_s: i64) -> Result<Verified, Rejected> {
        let names = ["id", "timestamp", "signature"].map(|name| format!("{family}-{name}"));
        let at = self.at.to_string();
        let headers = [(names[0].as_str(), self.id), (names[1].as_str(), &at), (names[2].as_str(), signature)];
        check(&format!("verify = 'standard'\nsecrets = ['{}']", self.secret), &headers, self.body, now_s)
    }
}

#[test]
fn the_published_vectors_of_standard_webhooks_are_genuine_under_both_families_of_header_names() {
    for vector in [A, B, C] {
        for family in ["webhook", "svix"] {
            assert_eq!(vector.check(family, vector.signature, vector.at), GENUINE, "{}", vector.id);
        }
    }
}

#[test]
fn the_published_negative_vector_is_rejected() {
    assert_eq!(A.check("webhook", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OA=", A.at), Err(Rejected::NoMatch));
}

#[test]
fn one_genuine_signature_in_a_list_is_enough_and_unknown_versions_are_skipped() {
    let wrong = "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let list = format!("{V1A} v9,x {wrong} v1,%% {} v2,y", A.signature);
    assert_eq!(A.check("webhook", &list, A.at), GENUINE);
    assert_eq!(A.check("webhook", V1A, A.at), Err(Rejected::NoMatch));
    assert_eq!(A.check("webhook", "g0hM9SsE", A.at), Err(Rejected::MalformedHeader));
}

#[test]
fn a_time_of_signing_more_than_five_minutes_off_is_rejected_either_way() {
    assert_eq!(A.check("webhook", A.signature, A.at + 300), GENUINE);
    assert_eq!(A.check("webhook", A.signature, A.at + 301), Err(Rejected::TooOld));
    assert_eq!(A.check("webhook", A.signature, A.at - 300), GENUINE);
    assert_eq!(A.check("webhook", A.signature, A.at - 301), Err(Rejected::InFuture));
}

#[test]
fn a_missing_header_and_one_that_is_there_twice_are_rejected() {
    let settings = format!("verify = 'standard'\nsecrets = ['{}']", A.secret);
    let at = A.at.to_string();
    let headers = [("webhook-id", A.id), ("webhook-timestamp", at.as_str()), ("webhook-signature", A.signature)];
    assert_eq!(check(&settings, &headers[1..], A.body, A.at), Err(Rejected::MissingHeader));
    let twice = [headers.as_slice(), &headers[2..]].concat();
    assert_eq!(check(&settings, &twice, A.body, A.at), Err(Rejected::MalformedHeader));
}

/// D of the published vectors: the headers and the body of A, signed with a private key.
const PUBLIC: &str = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=";
const V1A: &str = "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==";

fn with_keys(keys: &str, signature: &str, body: &str, now_s: i64) -> Result<Verified, Rejected> {
    let at = A.at.to_string();
    let headers = [("webhook-id", A.id), ("webhook-timestamp", at.as_str()), ("webhook-signature", signature)];
    check(&format!("verify = 'standard'\nsecrets = [{keys}]"), &headers, body, now_s)
}

#[test]
fn the_published_vector_of_version_1a_is_genuine_under_its_public_key_only() {
    let public = format!("'{PUBLIC}'");
    assert_eq!(with_keys(&public, V1A, A.body, A.at), GENUINE);
    assert_eq!(with_keys(&public, V1A, A.body, A.at + 301), Err(Rejected::TooOld));
    assert_eq!(with_keys(&public, V1A, A.body, A.at - 301), Err(Rejected::InFuture));
    assert_eq!(with_keys(&public, V1A, &A.body.replace('4', "5"), A.at), Err(Rejected::NoMatch));
    assert_eq!(with_keys(&public, &V1A.replace("hnO3", "hnO4"), A.body, A.at), Err(Rejected::NoMatch));
    assert_eq!(with_keys(&public, &V1A.replace("v1a", "v1"), A.body, A.at), Err(Rejected::NoMatch));
    assert_eq!(with_keys(&public, "v1a,AAAA v1a,%%", A.body, A.at), Err(Rejected::NoMatch));
    let other = "'whpk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA='";
    assert_eq!(with_keys(other, V1A, A.body, A.at), Err(Rejected::NoMatch));
}

#[test]
fn keys_of_both_versions_stand_side_by_side_and_either_signature_is_enough() {
    let both = format!("'{}', '{PUBLIC}'", A.secret);
    for signatures in [V1A.to_owned(), A.signature.to_owned(), format!("{} {V1A}", A.signature)] {
        assert_eq!(with_keys(&both, &signatures, A.body, A.at), GENUINE, "{signatures}");
    }
    let secret = format!("'{}'", A.secret);
    assert_eq!(with_keys(&secret, V1A, A.body, A.at), Err(Rejected::NoMatch), "its public key was not given");
    // A public key's bytes are public: they must never become the key of an HMAC.
    let forged = {
        use base64::Engine as _;
        use hmac::{Hmac, KeyInit as _, Mac as _};
        let base64 = &base64::engine::general_purpose::STANDARD;
        let key = base64.decode(PUBLIC.trim_start_matches("whpk_")).unwrap();
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&key).unwrap();
        mac.update(format!("{}.{}.{}", A.id, A.at, A.body).as_bytes());
        format!("v1,{}", base64.encode(mac.finalize().into_bytes()))
    };
    assert_eq!(with_keys(&both, &forged, A.body, A.at), Err(Rejected::NoMatch));
}

#[test]
fn the_private_half_of_the_published_vector_makes_the_published_signature() {
    use base64::Engine as _;
    let base64 = &base64::engine::general_purpose::STANDARD;
    let private = "6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==";
    let bytes = base64.decode(private).unwrap();
    let (seed, public) = bytes.split_at(32);
    let pair = ring::signature::Ed25519KeyPair::from_seed_and_public_key(seed, public).unwrap();
    let signature = pair.sign(format!("{}.{}.{}", A.id, A.at, A.body).as_bytes());
    assert_eq!(format!("v1a,{}", base64.encode(signature)), V1A);
}

/// The rule by its name, and the same rule written out.
const STRIPE: [&str; 2] = [
    "verify = 'stripe'\nsecrets = ['whsec_old_secret', 'whsec_test_secret']",
    "verify = 'hmac'\nsecrets = ['whsec_old_secret', 'whsec_test_secret']\nheader = 'Stripe-Signature'\n\
        field = 'v1'\nsigned = '{timestamp}.{body}'\ntimestamp = 'field:t'",
];

#[test]
fn stripes_rule_takes_the_whole_secret_as_text_and_any_signature_of_version_1() {
    let body = r#"{"id":"evt_test","object":"event"}"#;
    let value = "t=1735787046,v0=00,v1=00ff,v1=0b1e39f76a3f0c1c5c52826c8b781cc254da27a6b2fd54cb36596dd8d9a1b1f4";
    for settings in STRIPE {
        let stripe = |value: &str, now| check(settings, &[("stripe-signature", value)], body, now);
        assert_eq!(stripe(value, 1_735_787_046), GENUINE);
        assert_eq!(stripe(value, 1_735_787_346), GENUINE);
        assert_eq!(stripe(value, 1_735_787_347), Err(Rejected::TooOld));
        assert_eq!(stripe(value, 1_735_786_745), Err(Rejected::InFuture));
        assert_eq!(stripe(&value[13..], 0), Err(Rejected::MissingTimestamp));
        assert_eq!(stripe(&format!("t=1,{value}"), 0), Err(Rejected::MalformedTimestamp));
        assert_eq!(stripe(&value.replace("t=1735787046", "t=1735787047"), 1_735_787_047), Err(Rejected::NoMatch));
        assert_eq!(stripe(&value.replace("v1=0b", "v0=0b"), 1_735_787_046), Err(Rejected::NoMatch));
        assert_eq!(stripe("t=1735787046,v0=0b1e", 1_735_787_046), Err(Rejected::MalformedHeader));
        assert_eq!(check(settings, &[], body, 0), Err(Rejected::MissingHeader));
    }
    let wider = format!("{}\ntolerance = '1h'", STRIPE[0]);
    assert_eq!(check(&wider, &[("stripe-signature", value)], body, 1_735_790_646), GENUINE);
    let decoded = "verify = 'standard'\nsecrets = ['whsec_test_secret']";
    let settings: WebhookSettings = webhook(decoded.parse().unwrap()).read(|_, _| Vec::new()).unwrap();
    assert!(!settings.faults("at").is_empty(), "Stripe's secret is no key of this kind, although it begins the same");
}

#[test]
fn githubs_published_vector_is_genuine_by_name_and_written_out() {
    let secret = "secrets = [\"It's a Secret to Everybody\"]";
    let rules = ["verify = 'github'", "verify = 'hmac'\nheader = 'X-Hub-Signature-256'\nprefix = 'sha256='"];
    let value = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    for rule in rules {
        let github = |headers: &[(&str, &str)], body| check(&format!("{rule}\n{secret}"), headers, body, 0);
        assert_eq!(github(&[("x-hub-signature-256", value)], "Hello, World!"), GENUINE);
        assert_eq!(github(&[("x-hub-signature-256", value)], "Hello, World?"), Err(Rejected::NoMatch));
        assert_eq!(github(&[("x-hub-signature-256", &value[7..])], ""), Err(Rejected::MalformedHeader));
        assert_eq!(github(&[("x-hub-signature", value)], "Hello, World!"), Err(Rejected::MissingHeader));
    }
}

#[test]
fn the_rule_of_dfns_is_genuine_by_name_and_written_out_with_the_time_in_the_body() {
    let secret = "secrets = ['whs-example-secret-0001']";
    let written =
        "verify = 'hmac'\nheader = 'X-DFNS-WEBHOOK-SIGNATURE'\nprefix = 'sha256='\ntimestamp = 'body:/timestampSent'";
    let body = concat!(
        r#"{"id":"whe-1a2b3-4c5d6-exampleexample01","kind":"wallet.created","date":"2025-01-02T03:04:05.678Z","data":"#,
        r#"{"wallet":{"id":"wa-1a2b3-4c5d6-exampleexample01","network":"Ethereum","status":"Active"}},"#,
        r#""timestampSent":1735787046,"deliveryAttempt":1}"#
    );
    let value = "sha256=6e39c58359cc773754d37801e570c488465cea81fc321f34e2b3b84e25ba320b";
    for rule in ["verify = 'dfns'", written] {
        let settings = format!("{rule}\n{secret}");
        let dfns = |body: &str, now| check(&settings, &[("x-dfns-webhook-signature", value)], body, now);
        assert_eq!(dfns(body, 1_735_787_046), GENUINE);
        assert_eq!(dfns(body, 1_735_787_347), Err(Rejected::TooOld));
        assert_eq!(dfns(body, 1_735_786_745), Err(Rejected::InFuture));
        assert_eq!(dfns(&body.replace("Active", "Failed"), 1_735_787_100), Err(Rejected::NoMatch));
        assert_eq!(dfns(&body.replace(",\"", ", \""), 1_735_787_100), Err(Rejected::NoMatch), "the bytes are signed");
        assert_eq!(check(&settings, &[], body, 1_735_787_046), Err(Rejected::MissingHeader));
    }
}

#[test]
fn a_body_without_a_time_or_with_another_unit_is_not_believed_under_the_rule_of_dfns() {
    use hmac::{Hmac, KeyInit as _, Mac as _};
    let sign = |body: &str| {
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(b"whs-example-secret-0001").unwrap();
        mac.update(body.as_bytes());
        format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
    };
    let rows = [
        (r#"{"kind":"wallet.created"}"#, Rejected::MissingTimestamp),
        (r#"{"timestampSent":1735787046000}"#, Rejected::InFuture),
        (r#"{"timestampSent":-5}"#, Rejected::MalformedTimestamp),
        (r#"{"timestampSent":true}"#, Rejected::MalformedTimestamp),
        ("not json", Rejected::MissingTimestamp),
    ];
    let settings = "verify = 'dfns'\nsecrets = ['whs-example-secret-0001']";
    for (body, rejected) in rows {
        let signature = sign(body);
        let answer = check(settings, &[("x-dfns-webhook-signature", &signature)], body, 1_735_787_046);
        assert_eq!(answer, Err(rejected), "{body}");
    }
}
