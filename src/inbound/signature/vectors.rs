//! Vectors that others published (and two made by applying a published rule): notes on providers, sections 4.6 and 6.

use gangway_core::time::Timestamp;

use super::{Presented, Profile, Rejected, Verified};

const GENUINE: Result<Verified, Rejected> = Ok(Verified { signed: true });

fn check(settings: &str, headers: &[(&str, &str)], body: &str, now_s: i64) -> Result<Verified, Rejected> {
    let settings = toml::from_str(settings).unwrap();
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
    let v1a = "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==";
    let wrong = "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let list = format!("{v1a} v9,x {wrong} v1,%% {} v2,y", A.signature);
    assert_eq!(A.check("webhook", &list, A.at), GENUINE);
    assert_eq!(A.check("webhook", v1a, A.at), Err(Rejected::NoMatch));
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

const STRIPE: &str = "verify = 'hmac'\nsecrets = ['whsec_old_secret', 'whsec_test_secret']\nheader = 'Stripe-Signature'\n\
    field = 'v1'\nsigned = '{timestamp}.{body}'\ntimestamp = 'field:t'";

#[test]
fn stripes_rule_can_be_written_as_settings() {
    let body = r#"{"id":"evt_test","object":"event"}"#;
    let value = "t=1735787046,v0=00,v1=00ff,v1=0b1e39f76a3f0c1c5c52826c8b781cc254da27a6b2fd54cb36596dd8d9a1b1f4";
    assert_eq!(check(STRIPE, &[("stripe-signature", value)], body, 1_735_787_046), GENUINE);
    assert_eq!(check(STRIPE, &[("stripe-signature", value)], body, 1_735_787_347), Err(Rejected::TooOld));
    assert_eq!(check(STRIPE, &[("stripe-signature", &value[13..])], body, 0), Err(Rejected::MissingTimestamp));
    let twice = format!("t=1,{value}");
    assert_eq!(check(STRIPE, &[("stripe-signature", &twice)], body, 0), Err(Rejected::MalformedTimestamp));
}

#[test]
fn githubs_published_vector_can_be_written_as_settings() {
    let settings = "verify = 'hmac'\nsecrets = [\"It's a Secret to Everybody\"]\nheader = 'X-Hub-Signature-256'\nprefix = 'sha256='";
    let value = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    assert_eq!(check(settings, &[("x-hub-signature-256", value)], "Hello, World!", 0), GENUINE);
    assert_eq!(check(settings, &[("x-hub-signature-256", value)], "Hello, World?", 0), Err(Rejected::NoMatch));
    assert_eq!(check(settings, &[("x-hub-signature-256", &value[7..])], "", 0), Err(Rejected::MalformedHeader));
}

#[test]
fn the_rule_of_dfns_can_be_written_as_settings_with_the_time_in_the_body() {
    let settings = "verify = 'hmac'\nsecrets = ['whs-example-secret-0001']\nheader = 'X-DFNS-WEBHOOK-SIGNATURE'\n\
        prefix = 'sha256='\ntimestamp = 'body:/timestampSent'";
    let body = concat!(
        r#"{"id":"whe-1a2b3-4c5d6-exampleexample01","kind":"wallet.created","date":"2025-01-02T03:04:05.678Z","data":"#,
        r#"{"wallet":{"id":"wa-1a2b3-4c5d6-exampleexample01","network":"Ethereum","status":"Active"}},"#,
        r#""timestampSent":1735787046,"deliveryAttempt":1}"#
    );
    let value = "sha256=6e39c58359cc773754d37801e570c488465cea81fc321f34e2b3b84e25ba320b";
    let headers = [("x-dfns-webhook-signature", value)];
    assert_eq!(check(settings, &headers, body, 1_735_787_100), GENUINE);
    assert_eq!(check(settings, &headers, body, 1_735_787_347), Err(Rejected::TooOld));
    assert_eq!(check(settings, &headers, &body.replace("Active", "Failed"), 1_735_787_100), Err(Rejected::NoMatch));
}
