//! The caller. Two headers enter; whether they are right leaves.
//!
//! `X-API-KEY` and a bearer token that the caller made: HS256 under the API secret, with the claims resource, action
//! and user_id, each `*` (docs/providers/original.md, 5.2). `api_key` and `exp` are checked if they are there.

use actix_web::HttpRequest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

use super::{Original, OriginalOptions, reply};
use crate::clock;
use crate::door::Answer;

/// Whether a call is let in: by its key and token, and then by the rate.
pub(super) fn admitted(original: &Original, request: &HttpRequest) -> Result<(), Answer> {
    original.auth.check(request).map_err(reply::unauthorized)?;
    if original.rate.admit() { Ok(()) } else { Err(reply::throttled().again_after(original.rate.seconds_left())) }
}

/// The key and secret of the one app that there is.
pub(crate) struct Auth {
    api_key: String,
    /// None if the secret is no HMAC key, which cannot be: any length will do.
    mac: Option<Hmac<Sha256>>,
}

impl Auth {
    pub(crate) fn new(options: &OriginalOptions) -> Self {
        let mac = Hmac::new_from_slice(options.api_secret.as_bytes()).ok();
        Self { api_key: options.api_key.clone(), mac }
    }

    /// Nothing, or the sentence that tells what is wrong.
    pub(crate) fn check(&self, request: &HttpRequest) -> Result<(), &'static str> {
        let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
        if header("x-api-key") != Some(&self.api_key) {
            return Err("Invalid API key.");
        }
        let token = header("authorization").and_then(|value| value.strip_prefix("Bearer "));
        self.check_token(token.ok_or("Authentication credentials were not provided.")?)
    }

    fn check_token(&self, token: &str) -> Result<(), &'static str> {
        let (signed, signature) = token.rsplit_once('.').ok_or("Invalid token.")?;
        let (header, claims) = signed.split_once('.').ok_or("Invalid token.")?;
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| "Invalid token.");
        let read = |part: &str| serde_json::from_slice::<Value>(&decode(part)?).map_err(|_| "Invalid token.");
        if read(header)?.get("alg").and_then(Value::as_str) != Some("HS256") {
            return Err("Invalid token algorithm.");
        }
        let mut mac = self.mac.clone().ok_or("Invalid token.")?;
        mac.update(signed.as_bytes());
        mac.verify_slice(&decode(signature)?).map_err(|_| "Invalid token signature.")?;
        let claims = read(claims)?;
        let all = |claim: &str| claims.get(claim).and_then(Value::as_str) == Some("*");
        if !(all("resource") && all("action") && all("user_id")) {
            return Err("Invalid token claims.");
        }
        if claims.get("api_key").is_some_and(|key| key.as_str() != Some(&self.api_key)) {
            return Err("Invalid token claims.");
        }
        match claims.get("exp").map(Value::as_i64) {
            Some(None) => Err("Invalid token claims."),
            Some(Some(end)) if end <= clock::now().timestamp() => Err("Token has expired."),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn auth() -> Auth {
        let options = OriginalOptions {
            api_key: "testApiKey".to_owned(),
            api_secret: "testSecret".to_owned(),
            ..OriginalOptions::default()
        };
        Auth::new(&options)
    }

    fn token(secret: &str, header: &str, claims: &str) -> String {
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
    }

    const HS256: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

    #[test]
    fn the_worked_example_of_the_notes_is_let_in() {
        let example = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJyZXNvdXJjZSI6IioiLCJhY3Rpb24iOiIqIiwidXNlcl9pZCI6IioiLCJhcGlfa2V5IjoidGVzdEFwaUtleSJ9.8ZEspqzfkYzqS7E6uFqGe9qX0fRMbF8q7FzeoWrb2-k";
        assert_eq!(auth().check_token(example), Ok(()));
    }

    #[test]
    fn a_token_is_refused_for_each_thing_that_can_be_wrong_with_it() {
        let claims = r#"{"resource":"*","action":"*","user_id":"*"}"#;
        assert_eq!(auth().check_token(&token("testSecret", HS256, claims)), Ok(()));
        let refused = |token: String| assert!(auth().check_token(&token).is_err(), "{token}");
        refused(token("otherSecret", HS256, claims));
        refused(token("testSecret", r#"{"alg":"none"}"#, claims));
        refused(token("testSecret", HS256, r#"{"resource":"*","action":"*"}"#));
        refused(token("testSecret", HS256, r#"{"resource":"*","action":"*","user_id":"7"}"#));
        refused(token("testSecret", HS256, r#"{"resource":"*","action":"*","user_id":"*","api_key":"other"}"#));
        refused(token("testSecret", HS256, r#"{"resource":"*","action":"*","user_id":"*","exp":1700000000}"#));
        refused("no.token".to_owned());
        refused(String::new());
    }

    #[test]
    fn a_token_that_runs_out_later_is_let_in() {
        let claims = r#"{"resource":"*","action":"*","user_id":"*","exp":99999999999}"#;
        assert_eq!(auth().check_token(&token("testSecret", HS256, claims)), Ok(()));
    }
}
