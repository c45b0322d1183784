//! Signatures by public keys, made for these tests with OpenSSL (`dgst -sha256 -sign`) over `17.{"id":"e-1"}`.

use gangway_core::time::Timestamp;

use super::{Presented, Profile, Rejected, Verified};
use crate::providers::webhook::WebhookSettings;
use crate::settings::providers::webhook;

const GENUINE: Result<Verified, Rejected> = Ok(Verified { signed: true });
const BODY: &str = r#"{"id":"e-1"}"#;
const EC_KEY: &str = "-----BEGIN PUBLIC KEY-----\n\
    MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEkWTNIL5VINI/8yD6CxnpN986IOEz\n\
    XS60L9POqdGrF+ArRxk96rk0JBfAhEyxhPi9cPZ42t9bZ09ehS0ddC27SQ==\n\
    -----END PUBLIC KEY-----";
const RSA_KEY: &str = "-----BEGIN PUBLIC KEY-----\n\
    MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAnB/UQd+55SFxOWgXJK5G\n\
    F3qRFUm94VEQxMyCpIUkGFUKrplafd077Mc3GNmnyEfPUyQZDORwRhja3ZsqoJrc\n\
    uNP4VcR4ps3rhh+pZZdT42YtobjUaZyr0XX50sDCvz0LmXKcnQIug/BBIn1PlbO8\n\
    osv0uxYnzogmgGmgyVKZMwJyktFKbqaTMI/FHW6guhMVISSz6ccgYA9uFDoXz/8j\n\
    AEVQ1okf/kVxXj3xUFsDcLs8K5G1f11jJ8BivQ5rNmvZWpQuTcyO6x0kU8bW+KuW\n\
    xfn+8PxHQnIpcMD1OdjrPQ6maazZQEboQ8SP+CBOnZwLHMf+dfMe7kqfPS6rG+ux\n\
    wQIDAQAB\n\
    -----END PUBLIC KEY-----";
const RSA_BARE: &str = "-----BEGIN RSA PUBLIC KEY-----\n\
    MIIBCgKCAQEAnB/UQd+55SFxOWgXJK5GF3qRFUm94VEQxMyCpIUkGFUKrplafd07\n\
    7Mc3GNmnyEfPUyQZDORwRhja3ZsqoJrcuNP4VcR4ps3rhh+pZZdT42YtobjUaZyr\n\
    0XX50sDCvz0LmXKcnQIug/BBIn1PlbO8osv0uxYnzogmgGmgyVKZMwJyktFKbqaT\n\
    MI/FHW6guhMVISSz6ccgYA9uFDoXz/8jAEVQ1okf/kVxXj3xUFsDcLs8K5G1f11j\n\
    J8BivQ5rNmvZWpQuTcyO6x0kU8bW+KuWxfn+8PxHQnIpcMD1OdjrPQ6maazZQEbo\n\
    Q8SP+CBOnZwLHMf+dfMe7kqfPS6rG+uxwQIDAQAB\n\
    -----END RSA PUBLIC KEY-----";
/// 1024 bits.
const RSA_SMALL: &str = "-----BEGIN PUBLIC KEY-----\n\
    MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDc0IrgqyAGSHeQ23/ximn+kMsw\n\
    1KhFhykpbDUbyrz8F4wxBYEAioZ1+dSC638Genve2UYApl76B9f5nFxe84iAhwFj\n\
    AeydZDTrhOOdoQVY0HjTJc3w80YGVLEHz9pqBX9TIMyzAu1bYujPyaOiGawLv7ga\n\
    /RPYUCDGqtcY7lzwDQIDAQAB\n\
    -----END PUBLIC KEY-----";
/// Wrapped in ASN.1, and both numbers beside each other.
const EC_ASN1: &str =
    "MEUCIQDo8/vSnhhvAtU+JH5DzI089xXCkYFPlG6Vmprqdll7jwIgQyohmuNiOgKoG8DLMcMzyMNOkFYTL5lZNWaH1CIyGvg=";
const EC_BESIDE: &str = "6PP70p4YbwLVPiR+Q8yNPPcVwpGBT5RulZqa6nZZe49DKiGa42I6AqgbwMsxwzPIw06QVhMvmVk1ZofUIjIa+A==";
const RSA_PKCS1: &str = "BbRbAKFEMheKMddpuMxbhbGgc+2NLIW0KjFzQ9nmHLjGksY7vH4ZH1SRuef9AnTjA9hDYet1D1lKKPqxgdSM68jT1yMq26IFfhNO\
    QNb4f8roGN7k8pIBL34cq8JxsGKuZycKys+gBbYHlkcyLuOBpsDGcbuKpq6Tw6LnC8PC6N0KZzFnuq7O7ciP0bg56AMypM/9eCRe\
    zMjM+Dr7gf1diZo24x1PAaJjIiR7HnCx1jIzyHFsaO3kZ5BXewU+7nwEXsXAXSkupgit/duFdVuumXnyfpzWZlq0BYhKSBmoCUrh\
    9/0qR/suovOsxBV3UhvLYHaZkUJMprXHxngnMZBmug==";
const RSA_PSS: &str = "MsjbHPFe2W8Gb9bG6uODg+5hxBLsdtWI4eTdyb+bMj8Ddiq1k+rQh6qhat/+W1zCmtjJY6FhWkUogqTo5I+mWQR4OngeGRIIpJX9\
    wip0Dq/H5+xKitAWtK9zUZ2lVFfAN2+qhwURxsVKJRMinSJNemLwLOjhA1go5OKnJs3X1+hjdPKrI3LudfCJ0ykjiQeOju+KqWHh\
    ASS3KSf5cWVmoOX1kEqh0Kiw5TreXrldhDezrFJbko5po+kIy7uhmxwSAGzO9ggPTLmCdYbS+aUkDVXH7I9wln3HIVQF+naioV6m\
    wKmWrRFcgMXzQX4vprrLJzmmI8JqlB41a+QUZqIkyQ==";

fn settings(verify: &str, keys: &[&str]) -> WebhookSettings {
    let toml = format!(
        "verify = '{verify}'\nheader = 'X-Signature'\nencoding = 'base64'\nsigned = '{{timestamp}}.{{body}}'\n\
         timestamp = 'header:x-time'\nsecrets = {keys:?}"
    );
    webhook(toml.parse().unwrap()).read(|_, _| Vec::new()).unwrap()
}

fn check(verify: &str, keys: &[&str], signature: &str, body: &str, time: &str) -> Result<Verified, Rejected> {
    let profile = Profile::new(&settings(verify, keys), "at").unwrap();
    let headers = [("x-signature".to_owned(), signature.to_owned()), ("x-time".to_owned(), time.to_owned())];
    profile.check(&Presented { headers: &headers, secret: None, body: body.as_bytes() }, Timestamp(17_000))
}

#[test]
fn a_signature_by_a_public_key_is_genuine_over_these_bytes_alone() {
    for (verify, key, signature) in [
        ("ecdsa", EC_KEY, EC_ASN1),
        ("ecdsa", EC_KEY, EC_BESIDE),
        ("rsa", RSA_KEY, RSA_PKCS1),
        ("rsa", RSA_BARE, RSA_PKCS1),
        ("rsa_pss", RSA_KEY, RSA_PSS),
    ] {
        assert_eq!(check(verify, &[key], signature, BODY, "17"), GENUINE, "{verify}");
        assert_eq!(check(verify, &[key], signature, "{}", "17"), Err(Rejected::NoMatch), "{verify}");
        assert_eq!(check(verify, &[key], signature, BODY, "18"), Err(Rejected::NoMatch), "{verify}");
        assert_eq!(check(verify, &[key], "", BODY, "17"), Err(Rejected::NoMatch), "{verify}");
        assert_eq!(check(verify, &[key], "!!", BODY, "17"), Err(Rejected::MalformedHeader), "{verify}");
    }
    assert_eq!(check("rsa", &[RSA_KEY], RSA_PSS, BODY, "17"), Err(Rejected::NoMatch));
    assert_eq!(check("rsa_pss", &[RSA_KEY], RSA_PKCS1, BODY, "17"), Err(Rejected::NoMatch));
}

#[test]
fn a_public_key_is_read_in_every_way_that_it_is_handed_on_and_two_may_be_live() {
    let inner = |pem: &str| pem.lines().filter(|line| !line.starts_with('-')).collect::<String>();
    for written in [
        EC_KEY.replace('\n', "\\n"),
        EC_KEY.replace('\n', " "),
        format!("  {}\r\n", EC_KEY.replace('\n', "\r\n  ")),
        inner(EC_KEY),
        inner(EC_KEY).replace('+', "-").replace('/', "_").replace('=', ""),
    ] {
        assert_eq!(check("ecdsa", &[&written], EC_ASN1, BODY, "17"), GENUINE, "{written}");
    }
    let other = EC_KEY.replace("kWTN", "kWTO");
    assert_eq!(check("ecdsa", &[&other, EC_KEY], EC_ASN1, BODY, "17"), GENUINE);
}

#[test]
fn what_is_no_public_key_of_this_kind_is_refused_and_not_shown() {
    let private = "-----BEGIN PRIVATE KEY-----\nMC4CAQAw\n-----END PRIVATE KEY-----";
    for (verify, key, says) in [
        ("ecdsa", RSA_KEY, "not one of ECDSA P-256"),
        ("rsa", EC_KEY, "not one of RSA"),
        ("rsa", RSA_SMALL, "shorter than 2048 bits"),
        ("ecdsa", private, "is private"),
        ("ecdsa", "-----BEGIN CERTIFICATE-----\nMC4CAQAw\n-----END CERTIFICATE-----", "is no key"),
        ("rsa", "-----BEGIN PUBLIC KEY-----\nMC4CAQAw", "not whole"),
        ("rsa", "MC4CAQAw", "not one of RSA"),
        ("rsa", "MC4C!", "not a PEM"),
    ] {
        let told = settings(verify, &[key]).faults("at");
        assert_eq!(told.len(), 1, "{verify} {key}: {told:?}");
        assert!(told[0].what.contains(says), "{key}: {told:?}");
        assert!(!format!("{told:?}").contains("MC4C") && !told[0].hint.is_empty(), "{told:?}");
    }
}
