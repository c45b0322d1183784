//! The registry's token: got by a login, and from then on for the refresh token that it gave.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::{ACCESS, EMPTY, HTML, INVALID, LOGGED_IN, LOGGED_IN_NEWER, REFUSED, SECOND_FACTOR, adapter, adapter_with};
use crate::providers::talk::{NOW, Told, body, line, token};
use crate::providers::{Stop, Token};

/// In one word how the way to the registry's token ends.
fn token_word(told: &[Told<'_>]) -> String {
    match token(&adapter(), "registry", told).1 {
        Ok(Token { value, good_for }) => format!("{} {}", value.expose_secret(), good_for.unwrap().0),
        Err(Stop::Barred(cause)) => format!("barred: {cause}"),
        Err(Stop::Away(..)) => "away".to_owned(),
        Err(other) => panic!("{other:?}"),
    }
}

#[test]
fn the_registrys_token_comes_from_a_login_and_an_exchange() {
    let (requests, _) = token(&adapter(), "registry", &[LOGGED_IN, ACCESS]);
    let base = "https://guardian.example.org/api/v1/accounts";
    let lines: Vec<String> = requests.iter().map(line).collect();
    assert_eq!(lines, [format!("POST {base}/login"), format!("POST {base}/access-token")]);
    assert_eq!(body(&requests[0]), json!({"username": "example_registry", "password": "r3gistry"}));
    assert!(requests.iter().all(|request| !request.effectful && request.token.is_none()));
    let opaque = "access-1 50000";
    assert_eq!(token_word(&[LOGGED_IN, ACCESS]), opaque, "the settings' lifetime less the margin");
    assert_eq!(token_word(&[LOGGED_IN_NEWER]), "access-2 50000", "a newer Guardian gives it at once");
    let (requests, ended) = token(&adapter_with("demo = true"), "registry", &[]);
    assert!(requests.is_empty() && matches!(ended, Err(Stop::Barred(_))), "{ended:?}");
}

#[test]
fn the_registrys_refresh_token_is_kept_and_exchanged_and_a_login_follows_only_a_401() {
    let registry = adapter();
    let again = |told: &[Told<'_>]| {
        let (requests, ended) = token(&registry, "registry", told);
        let ways: Vec<String> = requests.iter().map(|one| one.url.rsplit('/').next().unwrap().to_owned()).collect();
        (ways, ended.map(|token| token.value.expose_secret().to_owned()).map_err(|stop| stop.cause().to_owned()))
    };
    assert_eq!(again(&[LOGGED_IN, ACCESS]).0, ["login", "access-token"]);
    let renewed: Told<'_> = (200, &[], "{\"accessToken\": \"access-3\"}");
    assert_eq!(again(&[renewed]), (vec!["access-token".to_owned()], Ok("access-3".to_owned())));
    // What passes is no reason to log in, and so to end another session of that account.
    let (ways, ended) = again(&[(500, &[], "")]);
    assert!(ways == ["access-token"] && ended.is_err());
    assert_eq!(again(&[renewed]).0, ["access-token"]);
    assert_eq!(again(&[REFUSED, LOGGED_IN, ACCESS]).0, ["access-token", "login", "access-token"]);
    assert_eq!(again(&[renewed]).0, ["access-token"]);
    let newer = adapter();
    for _ in 0..2 {
        let only_access: Told<'_> = (200, &[], "{\"accessToken\": \"access-4\"}");
        assert_eq!(token(&newer, "registry", &[only_access]).0.len(), 1, "nothing to exchange: a login each time");
    }
}

#[test]
fn a_token_that_says_when_it_expires_is_believed() {
    let access = |claims: Value| {
        let claims = URL_SAFE_NO_PAD.encode(claims.to_string());
        format!("{{\"accessToken\": \"h.{claims}.s\"}}")
    };
    let good_for = |claims: Value| {
        let text = access(claims);
        token_word(&[LOGGED_IN, (200, &[], &text)]).rsplit(' ').next().unwrap().to_owned()
    };
    assert_eq!(good_for(json!({"expireAt": NOW.0 + 40_000})), "30000");
    assert_eq!(good_for(json!({"expireAt": (NOW.0 + 40_000).to_string()})), "30000");
    assert_eq!(good_for(json!({"expireAt": NOW.0 + 8_000})), "4000", "half, where the margin would leave less");
    assert_eq!(good_for(json!({"expireAt": NOW.0 - 1})), "50000", "the clocks differ");
    assert_eq!(good_for(json!({"exp": 1})), "50000");
}

#[test]
fn whatever_keeps_the_registry_out_is_told_apart_from_what_passes() {
    let barred = |told: Told<'_>| token_word(&[told]);
    assert!(barred(SECOND_FACTOR).starts_with("barred: the registry's login asks for a second factor"));
    assert!(barred(REFUSED).starts_with("barred: Guardian refuses the registry's login"));
    assert!(barred(INVALID).starts_with("barred"));
    assert!(barred((302, &[], "")).starts_with("barred"));
    let passing: &[&[Told<'_>]] = &[
        &[(500, &[], "")],
        &[(429, &[], "")],
        &[(200, &[], HTML)],
        &[EMPTY],
        &[LOGGED_IN, REFUSED],
        &[LOGGED_IN, INVALID],
        &[LOGGED_IN, EMPTY],
        &[LOGGED_IN, (502, &[], HTML)],
    ];
    for told in passing {
        assert_eq!(token_word(told), "away", "{told:?}");
    }
}
