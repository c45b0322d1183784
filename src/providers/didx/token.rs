//! The partner's token: client credentials at the provider's Keycloak. Settings enter, a token leaves. There is no
//! refresh token: a new one is asked for. Source: docs/providers/didx.md, "Token".

use gangway_core::time::Millis;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::form_urlencoded::Serializer;

use super::calls::Desk;
use crate::providers::parts::joined;
use crate::providers::stop::of_status;
use crate::providers::{Far, HttpRequest, Stop, Token};

/// Name of the only token.
pub const SERVICE: &str = "service";

/// What to check when it cannot be had.
const KEYS: &str = "providers.didx.client_id, client_secret and token";

/// Asks for it. `expires_in` is believed, not the usual 300 s.
pub async fn get(desk: &Desk, far: &dyn Far) -> Result<Token, Stop> {
    let reply = far.send(request(desk)).await?;
    if let Some(stop) = of_status(&reply, KEYS, "providers.didx.token.url") {
        return Err(stop);
    }
    let json = gangway_core::json::read(&reply.body).ok();
    let token = json.as_ref().and_then(|json| json.get("access_token")).and_then(Value::as_str);
    match (reply.status, token.filter(|token| !token.is_empty())) {
        (200..=299, Some(token)) => {
            let told = json.as_ref().and_then(|json| json.get("expires_in")).and_then(Value::as_u64);
            let lifetime = told.map_or(desk.settings.token.lifetime, Millis::secs);
            Ok(Token { value: SecretString::from(token), good_for: Some(desk.good_for(lifetime)) })
        }
        // Keycloak tells a wrong client, secret or realm with 400, 401 or 404 and an `error`.
        (400..=499, _) if json.is_some() => {
            Err(Stop::Barred(format!("the provider gives us no token ({}); check {KEYS}", reply.status)))
        }
        (status, _) => Err(Stop::Away(format!("{status} without a token"), None)),
    }
}

fn request(desk: &Desk) -> HttpRequest {
    let settings = &desk.settings;
    let path = ["iam", "realms", &settings.token.realm, "protocol", "openid-connect", "token"];
    let url = settings.token.url.clone().unwrap_or_else(|| joined(&settings.common.base_url, &path));
    let form = Serializer::new(String::new())
        .append_pair("grant_type", "client_credentials")
        .append_pair("client_id", &settings.client_id)
        .append_pair("client_secret", settings.client_secret.expose_secret())
        .finish();
    let headers = vec![
        ("accept", "application/json".to_owned()),
        ("content-type", "application/x-www-form-urlencoded".to_owned()),
    ];
    HttpRequest { method: "POST", url, headers, body: Some(form.into_bytes()), ..HttpRequest::default() }
}

impl Desk {
    /// A token is renewed the margin before it expires; one that lives hardly longer than that, at half its time.
    fn good_for(&self, lifetime: Millis) -> Millis {
        let margin = self.settings.token.margin.0;
        Millis(lifetime.0.saturating_sub(margin).max(lifetime.0 / 2))
    }
}
