//! Laws: no header makes the check panic, any flipped bit is seen, and a shared secret is whole or wrong.

use gangway_core::time::Timestamp;
use proptest::prelude::*;

use super::{Presented, Profile, Rejected, Verified};
use crate::settings::providers::webhook;

const NOW: i64 = 1_735_787_046;
const PROFILES: [&str; 10] = [
    "verify = 'standard'\nsecrets = ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw']",
    "verify = 'hmac'\nsecrets = ['0f1e2d3c4b5a6978']\nheader = 's'\nfield = 'v1'\nsigned = '{id}.{timestamp}.{body}'\ntimestamp = 'field:t'",
    "verify = 'hmac'\nsecrets = ['0f1e2d3c4b5a6978']\nheader = 's'\nencoding = 'base64url'\ntimestamp = 'body:/t'\ntimestamp_form = 'millis'",
    "verify = 'bearer'\nsecrets = ['0f1e2d3c4b5a6978']",
    "verify = 'basic'\nsecrets = ['user:password-of-it']",
    "secrets = ['0123456789abcdef']",
    "verify = 'standard'\nsecrets = ['whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=']",
    "verify = 'stripe'\nsecrets = ['0f1e2d3c4b5a6978']",
    "verify = 'github'\nsecrets = ['0f1e2d3c4b5a6978']",
    "verify = 'dfns'\nsecrets = ['0f1e2d3c4b5a6978']",
];

fn profile(toml: &str) -> Profile {
    Profile::new(&webhook(toml.parse().unwrap()).read(|_, _| Vec::new()).unwrap(), "at").unwrap()
}

fn checked(
    profile: &Profile,
    headers: &[(&str, &str)],
    secret: Option<&str>,
    body: &[u8],
) -> Result<Verified, Rejected> {
    let headers: Vec<_> = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    profile.check(&Presented { headers: &headers, secret, body }, Timestamp(NOW * 1000))
}

/// What a genuine sender of the second profile would send.
fn sign(id: &str, time: &str, body: &[u8]) -> Vec<u8> {
    use hmac::{Hmac, KeyInit as _, Mac as _};
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(b"0f1e2d3c4b5a6978").unwrap();
    [id.as_bytes(), b".", time.as_bytes(), b".", body].into_iter().for_each(|piece| mac.update(piece));
    mac.finalize().into_bytes().to_vec()
}

proptest! {
    #[test]
    fn no_delivery_makes_the_check_panic(
        value in ".{0,80}", other in "[ -~]{0,80}", body in prop::collection::vec(any::<u8>(), 0..200),
        secret in prop::option::of(".{0,40}"),
    ) {
        for toml in PROFILES {
            let headers = [
                ("webhook-id", value.as_str()), ("webhook-timestamp", &other), ("webhook-signature", &value),
                ("s", &other), ("authorization", &value), ("t", &other), ("stripe-signature", &value),
                ("x-hub-signature-256", &value), ("x-dfns-webhook-signature", &value),
            ];
            let answer = checked(&profile(toml), &headers, secret.as_deref(), &body);
            prop_assert!(answer.is_err());
        }
    }

    #[test]
    fn any_flipped_bit_of_body_id_time_or_signature_is_seen(
        body in prop::collection::vec(any::<u8>(), 1..60), at in any::<prop::sample::Index>(), bit in 0_u8..8,
        part in 0..3_usize,
    ) {
        let profile = profile(PROFILES[1]);
        let time = NOW.to_string();
        let mut parts = [body.clone(), b"msg_1".to_vec(), sign("msg_1", &time, &body)];
        let send = |parts: &[Vec<u8>; 3]| {
            let value = format!("t={time},v1={}", hex::encode(&parts[2]));
            let id = String::from_utf8_lossy(&parts[1]).into_owned();
            checked(&profile, &[("s", &value), ("webhook-id", &id)], None, &parts[0])
        };
        prop_assert_eq!(send(&parts), Ok(Verified { signed: true }));
        let place = at.index(parts[part].len());
        parts[part][place] ^= 1 << bit;
        prop_assert_eq!(send(&parts), Err(Rejected::NoMatch));
    }

    #[test]
    fn a_changed_time_of_signing_is_never_genuine(shift in 1_i64..300) {
        let signature = hex::encode(sign("m", &NOW.to_string(), b"{}"));
        let value = format!("t={},v1={signature}", NOW + shift);
        let answer = checked(&profile(PROFILES[1]), &[("s", &value), ("webhook-id", "m")], None, b"{}");
        prop_assert_eq!(answer, Err(Rejected::NoMatch));
    }

    #[test]
    fn only_the_whole_secret_of_a_path_fits(shown in "[0-9a-f]{0,20}") {
        let answer = checked(&profile(PROFILES[5]), &[], Some(&shown), b"{}");
        prop_assert_eq!(answer.is_ok(), shown == "0123456789abcdef");
    }
}

#[test]
fn shared_secrets_verify_without_claiming_a_signature() {
    let unsigned = Ok(Verified { signed: false });
    assert_eq!(checked(&profile(PROFILES[3]), &[("authorization", "bearer 0f1e2d3c4b5a6978")], None, b""), unsigned);
    assert_eq!(
        checked(&profile(PROFILES[4]), &[("authorization", "Basic dXNlcjpwYXNzd29yZC1vZi1pdA==")], None, b""),
        unsigned
    );
    assert_eq!(checked(&profile(PROFILES[5]), &[], Some("0123456789abcdef"), b""), unsigned);
    assert_eq!(checked(&profile("verify = 'none'"), &[], None, b""), unsigned);
    let own = profile("verify = 'bearer'\nsecrets = ['old-0123456789ab', 'new-0123456789ab']\nheader = 'X-Api-Key'");
    assert_eq!(checked(&own, &[("x-api-key", "old-0123456789ab")], None, b""), unsigned);
    assert_eq!(checked(&own, &[("x-api-key", "new-0123456789ab")], None, b""), unsigned);
    assert_eq!(checked(&own, &[("authorization", "Bearer new-0123456789ab")], None, b""), Err(Rejected::MissingHeader));
    assert_eq!(checked(&profile(PROFILES[5]), &[], None, b""), Err(Rejected::MissingSecret));
    assert_eq!(checked(&profile(PROFILES[3]), &[("authorization", "Bearer l")], None, b""), Err(Rejected::WrongSecret));
    assert_eq!(
        checked(&profile(PROFILES[3]), &[("authorization", "Basic k")], None, b""),
        Err(Rejected::MalformedHeader)
    );
}

#[test]
fn a_profile_never_shows_its_secrets() {
    for toml in PROFILES {
        let shown = format!("{:?}", profile(toml));
        assert!(!shown.contains("MfKQ") && !shown.contains("password") && !shown.contains("012345"), "{shown}");
    }
}
