//! Access tokens: the registry's own, got once for everyone, and a new user's, got for one conversation. A login gives
//! a refresh token, which is exchanged at once and never kept. Source: docs/providers/guardian.md, "Token".

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gangway_core::time::{Millis, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::calls::Desk;
use super::calls::login::{self, Login};
use super::error::{Body, body};
use crate::providers::complaint::Refusal;
use crate::providers::parts::text;
use crate::providers::stop::Stop;
use crate::providers::{Reply, Request, Stage, TokenTurn};
use crate::settings::guardian::TokenSettings;

/// Name of the only token that is kept.
pub const REGISTRY: &str = "registry";

const LOGIN: &str = "login";
const EXCHANGE: &str = "exchange";

/// What to check when the registry cannot log in.
const KEYS: &str = "providers.guardian.username and registry_password";

/// The first request on the way to the registry's token.
#[must_use]
pub fn ask(desk: &Desk) -> TokenTurn {
    let settings = &desk.settings;
    let (Some(username), Some(password)) = (&settings.username, &settings.registry_password) else {
        return TokenTurn::Barred(format!("there is no Standard Registry to log in as; set {KEYS}"));
    };
    let stage = Stage { at: LOGIN, memo: Value::Null };
    TokenTurn::Send(login::request(desk, username, password.expose_secret()), stage)
}

/// What follows from the answer.
#[must_use]
pub fn answered(desk: &Desk, stage: &Stage, reply: &Reply, now: Timestamp) -> TokenTurn {
    if stage.at == EXCHANGE {
        return match exchanged(reply, now) {
            Ok(access) => token(&desk.settings.token, access, now),
            Err(trouble) => trouble.of_a_token_turn(),
        };
    }
    match login::read(reply, now) {
        Ok(Login::In { access: Some(access), .. }) => token(&desk.settings.token, access, now),
        Ok(Login::In { refresh, .. }) => {
            TokenTurn::Send(exchange(desk, &refresh), Stage { at: EXCHANGE, memo: Value::Null })
        }
        Ok(Login::SecondFactor) => TokenTurn::Barred(
            "the registry's login asks for a second factor, which gangway cannot give; switch it off for \
             providers.guardian.username, or use an account without it"
                .to_owned(),
        ),
        Ok(Login::Refused) => TokenTurn::Barred(format!("Guardian refuses the registry's login (401); check {KEYS}")),
        Err(trouble) => trouble.of_a_token_turn(),
    }
}

/// `POST /accounts/access-token`.
#[must_use]
pub fn exchange(desk: &Desk, refresh: &SecretString) -> Request {
    let refresh = json!({"refreshToken": refresh.expose_secret()});
    Request { effectful: false, ..desk.post(&["accounts", "access-token"], &refresh) }
}

/// The access token of the answer. Any failure of the exchange is 401, and the refresh token is seconds old: it passes.
///
/// # Errors
/// [`Stop`] of the kind that the status and the body say.
pub fn exchanged(reply: &Reply, now: Timestamp) -> Result<SecretString, Stop> {
    if reply.status == 401 {
        return Err(Stop::Away("a new refresh token was not exchanged (401)".to_owned(), None));
    }
    match body(reply, now) {
        Ok(Body::Object(body)) if text(&body, "accessToken").is_some() => {
            Ok(SecretString::from(text(&body, "accessToken").unwrap_or_default()))
        }
        Ok(_) => Err(Stop::Unclear("an exchange without `accessToken`".to_owned())),
        Err(Refusal::Complaint(status, _)) => {
            Err(Stop::Away(format!("a new refresh token was not exchanged ({status})"), None))
        }
        Err(Refusal::Stop(trouble)) => Err(trouble),
    }
}

fn token(settings: &TokenSettings, value: SecretString, now: Timestamp) -> TokenTurn {
    let lifetime = told(value.expose_secret(), now).unwrap_or(settings.lifetime);
    // One that lives hardly longer than the margin is renewed at half its time.
    let good_for = Millis(lifetime.0.saturating_sub(settings.margin.0).max(lifetime.0 / 2));
    TokenTurn::Token { value, good_for: Some(good_for) }
}

/// How long the token says that it lives: its claim `expireAt`, in milliseconds. One that is over already tells that
/// the clocks differ, and nothing else.
fn told(token: &str, now: Timestamp) -> Option<Millis> {
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?.trim_end_matches('=')).ok()?;
    let claims: Value = serde_json::from_slice(&claims).ok()?;
    let at = claims.get("expireAt")?;
    let at = at.as_i64().or_else(|| at.as_str()?.parse().ok())?;
    Some(Timestamp(at).since(now)).filter(|left| left.0 > 0)
}
