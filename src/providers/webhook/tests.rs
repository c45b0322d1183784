use crate::settings::providers::webhook;

use super::{Piece, TimestampPlace, WebhookSettings};

fn read(toml: &str) -> WebhookSettings {
    webhook(toml.parse().unwrap()).read(|_, _| Vec::new()).unwrap()
}

fn keys(settings: &WebhookSettings) -> Vec<String> {
    settings.faults("at").into_iter().map(|fault| fault.key).collect()
}

#[test]
fn a_profile_without_any_key_wants_a_secret_for_its_path() {
    assert_eq!(keys(&read("")), ["at.secrets"]);
}

#[test]
fn all_problems_are_told_at_once() {
    let settings = read("verify = 'hmac'\nsecrets = ['']\nsigned = '{timestamp}'\ntimestamp = 'body:/sent'");
    assert_eq!(keys(&settings), ["at.secrets", "at.header", "at.signed", "at.timestamp"]);
}

#[test]
fn a_secret_of_a_path_has_at_least_16_plain_characters() {
    assert_eq!(keys(&read("secrets = ['0123456789abcde']")), ["at.secrets"]);
    assert_eq!(keys(&read("secrets = ['0123456789abcde/']")), ["at.secrets"]);
    assert!(keys(&read("secrets = ['0123456789abcdef']")).is_empty());
}

#[test]
fn a_problem_never_shows_the_secret() {
    let settings = read("verify = 'standard'\nsecrets = ['whsec_!!hidden!!']");
    let shown = format!("{:?} {settings:?}", settings.faults("at"));
    assert!(!shown.contains("hidden"), "{shown}");
    assert_eq!(keys(&settings), ["at.secrets"]);
}

#[test]
fn unknown_keys_are_refused() {
    assert!(webhook("secret = 'x'".parse().unwrap()).read(WebhookSettings::faults).is_err());
}

#[test]
fn no_verification_and_short_keys_are_allowed_with_a_warning() {
    let open = read("verify = 'none'");
    assert!(open.faults("at").is_empty());
    assert_eq!(open.warnings("at").len(), 1);
    let short = read("verify = 'standard'\nsecrets = ['whsec_plJ3nmyCDGBKInavdOK15jsl']");
    assert!(short.faults("at").is_empty());
    assert_eq!(short.warnings("at").len(), 1);
    let long = read("verify = 'standard'\nsecrets = ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw']");
    assert!(long.warnings("at").is_empty());
    let hmac = "verify = 'hmac'\nsecrets = ['012345678901234567890123']\nheader = 's'\ntimestamp = 'header:t'";
    assert_eq!(read(hmac).warnings("at").len(), 1, "the time is not signed");
    assert!(read(&format!("{hmac}\nsigned = '{{timestamp}}{{body}}'")).warnings("at").is_empty());
}

#[test]
fn templates_and_places_are_read_in_pieces() {
    let settings = read("signed = 'v0:{timestamp}:{body}'\ntimestamp = 'header:X-Time'");
    let text = |text: &str| Piece::Text(text.into());
    assert_eq!(settings.template().unwrap(), [text("v0:"), Piece::Timestamp, text(":"), Piece::Body]);
    assert_eq!(settings.place().unwrap(), Some(TimestampPlace::Header("x-time".into())));
    assert!(read("signed = '{body'").template().is_err());
    assert!(read("signed = '{secret}'").template().is_err());
    assert!(read("timestamp = 'query:t'").place().is_err());
}

#[test]
fn a_named_rule_needs_secrets_only_and_refuses_half_of_another_rule() {
    for name in ["stripe", "github", "dfns"] {
        let settings = format!("verify = '{name}'\nsecrets = ['012345678901234567890123']");
        assert!(keys(&read(&settings)).is_empty(), "{name}");
        assert!(read(&settings).warnings("at").is_empty(), "{name}");
        assert_eq!(keys(&read(&format!("verify = '{name}'"))), ["at.secrets"]);
        assert_eq!(keys(&read(&format!("{settings}\nheader = 'x-other'"))), ["at.header"]);
        assert_eq!(keys(&read(&format!("{settings}\ntimestamp = 'field:t'"))), ["at.timestamp"]);
        let short = read(&format!("verify = '{name}'\nsecrets = ['0123456789abcdef']"));
        assert_eq!((keys(&short).len(), short.warnings("at").len()), (0, 1), "{name}: allowed with a warning");
        assert_eq!(keys(&read(&format!("verify = '{name}'\nsecrets = ['0123456789abcde']"))), ["at.secrets"], "{name}");
    }
}

#[test]
fn a_public_key_is_whole_and_a_private_one_is_refused() {
    let of = |key: &str| read(&format!("verify = 'standard'\nsecrets = ['{key}']"));
    assert!(keys(&of("whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=")).is_empty());
    assert!(of("whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=").warnings("at").is_empty());
    for bad in ["whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqf", "whpk_", "whpk_!!", "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc7"] {
        assert_eq!(keys(&of(bad)), ["at.secrets"], "{bad}");
    }
}

#[test]
fn one_secret_of_standard_webhooks_is_the_same_key_in_every_way_that_it_is_written() {
    let of = |key: &str| {
        let settings = read(&format!("verify = 'standard'\nsecrets = ['{key}']"));
        assert!(keys(&settings).is_empty(), "{key}: {:?}", settings.faults("at"));
        settings.key_bytes(&settings.secrets[0]).unwrap()
    };
    let key = of("whsec_+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/s=");
    for same in [
        "+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/s",
        "whsec_-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_s",
        "v1,whsec_+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/s=",
    ] {
        assert_eq!(of(same), key, "{same}");
    }
    let mixed = read("verify = 'standard'\nsecrets = ['whsec_+/v7-_v7+/v7+/v7+/v7+/v7']");
    assert_eq!(keys(&mixed), ["at.secrets"], "two alphabets are none");
}

#[test]
fn a_secret_that_no_delivery_can_fit_is_refused_with_the_remedy() {
    let rows = [
        ("verify = 'stripe'", "v1,whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "verify = \"standard\""),
        ("verify = 'bearer'", "Bearer 0123456789abcdef", "leave that out"),
        ("verify = 'bearer'\nheader = 'x-key'\nprefix = 'Token '", "Token 0123456789abcdef", "leave it out"),
        ("verify = 'bearer'", "0123456789abcde", "choose a longer one"),
        ("verify = 'basic'", "user:password", "choose a longer one"),
        ("verify = 'hmac'\nheader = 's'\nkey = 'hex'", "00112233445566778899aabbccddee", "see `key`"),
    ];
    for (rule, secret, remedy) in rows {
        let faults = read(&format!("{rule}\nsecrets = ['{secret}']")).faults("at");
        assert_eq!(faults.len(), 1, "{rule}: {faults:?}");
        assert!(faults[0].hint.contains(remedy) && !format!("{faults:?}").contains(secret), "{faults:?}");
    }
}
