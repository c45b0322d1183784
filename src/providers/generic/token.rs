//! A token got with OAuth2 client credentials (RFC 6749, 4.4).

use gangway_core::time::Millis;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::Generic;
use super::model::Auth;
use crate::providers::parts::joined;
use crate::providers::{Far, HttpRequest, Reply, Stop, Token};

/// Asks for a token.
pub(super) async fn get(it: &Generic, far: &dyn Far) -> Result<Token, Stop> {
    let Auth::OAuth2 { url, client_id, client_secret, scope, margin } = &it.definition.auth else {
        return Err(Stop::broken("the definition has no token; this is a fault of gangway"));
    };
    let form = form(&it.setting(client_id), &it.setting(client_secret), scope.as_deref());
    let path: Vec<&str> = url.split('/').filter(|part| !part.is_empty()).collect();
    let url = if url.starts_with('/') { joined(&it.settings.common.base_url, &path) } else { url.clone() };
    let request = HttpRequest {
        method: "POST",
        url,
        headers: vec![
            ("accept", "application/json".to_owned()),
            ("content-type", "application/x-www-form-urlencoded".to_owned()),
        ],
        body: Some(form.into_bytes()),
        loggable: &["token_type", "expires_in", "error"],
        ..HttpRequest::default()
    };
    token(&it.definition.name, *margin, &far.send(request).await?)
}

fn form(id: &SecretString, secret: &SecretString, scope: Option<&str>) -> String {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", "client_credentials");
    form.append_pair("client_id", id.expose_secret()).append_pair("client_secret", secret.expose_secret());
    if let Some(scope) = scope {
        form.append_pair("scope", scope);
    }
    form.finish()
}

fn token(name: &str, margin: Millis, reply: &Reply) -> Result<Token, Stop> {
    let json = gangway_core::json::read(&reply.body).unwrap_or(Value::Null);
    let token = json.get("access_token").and_then(Value::as_str).filter(|token| !token.is_empty());
    match (reply.status, token) {
        (200..=299, Some(token)) => {
            let life = json.get("expires_in").and_then(Value::as_u64).map(|seconds| seconds.saturating_mul(1000));
            // A token that lives shorter than the margin is used for half its life.
            let good_for = life.map(|life| Millis(life.saturating_sub(margin.0).max(life / 2)));
            Ok(Token { value: SecretString::from(token), good_for })
        }
        (300..=399, _) => Err(Stop::Barred(format!("{name}: the token's address answers with a redirect"))),
        (400..=407 | 409..=424 | 426..=428, _) => Err(Stop::Barred(format!(
            "{name}: no token ({}); check the client's id and secret in providers.{name}",
            reply.status
        ))),
        (status, _) => Err(Stop::Away(format!("{name}: {status} without a token"), reply.asked())),
    }
}
