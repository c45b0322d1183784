//! A token got with OAuth2 client credentials (RFC 6749, 4.4).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gangway_core::time::Millis;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use super::Generic;
use super::model::{Auth, TokenField};
use crate::providers::parts::joined;
use crate::providers::{Far, HttpRequest, Reply, Stop, Token};

/// Asks for a token.
pub(super) async fn get(it: &Generic, far: &dyn Far) -> Result<Token, Stop> {
    let Auth::OAuth2 { url, client_id, client_secret, fields, basic, json, margin } = &it.definition.auth else {
        return Err(Stop::broken("the definition has no token; this is a fault of gangway"));
    };
    let (id, secret) = (it.setting(client_id), it.setting(client_secret));
    let mut said = vec![("grant_type", SecretString::from("client_credentials"))];
    if !basic {
        said.extend([("client_id", id.clone()), ("client_secret", secret.clone())]);
    }
    said.extend(fields.iter().filter_map(|(name, field)| {
        let value = match field {
            TokenField::Text(text) => SecretString::from(text.as_str()),
            TokenField::Setting(setting) => it.setting(setting),
        };
        (!value.expose_secret().is_empty()).then_some((name.as_str(), value))
    }));
    let (kind, body) = body(&said, *json);
    let path: Vec<&str> = url.split('/').filter(|part| !part.is_empty()).collect();
    let url = if url.starts_with('/') { joined(&it.settings.common.base_url, &path) } else { url.clone() };
    let request = HttpRequest {
        method: "POST",
        url,
        headers: vec![("accept", "application/json".to_owned()), ("content-type", kind.to_owned())],
        secret_headers: if *basic { vec![("authorization", credentials(&id, &secret))] } else { Vec::new() },
        body: Some(body.into_bytes()),
        loggable: &["token_type", "expires_in", "error"],
        ..HttpRequest::default()
    };
    token(&it.definition.name, *margin, &far.send(request).await?)
}

/// The body of a request for a token, and its kind.
fn body(said: &[(&str, SecretString)], json: bool) -> (&'static str, String) {
    let text = |value: &SecretString| value.expose_secret().to_owned();
    if json {
        let fields: Map<String, Value> =
            said.iter().map(|(name, value)| ((*name).to_owned(), Value::String(text(value)))).collect();
        return ("application/json", Value::Object(fields).to_string());
    }
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(said.iter().map(|(name, value)| (name, text(value))));
    ("application/x-www-form-urlencoded", form.finish())
}

/// The client's id and secret, each written as in a form before they are joined (RFC 6749, 2.3.1).
fn credentials(id: &SecretString, secret: &SecretString) -> SecretString {
    let written =
        |text: &SecretString| url::form_urlencoded::byte_serialize(text.expose_secret().as_bytes()).collect::<String>();
    SecretString::from(format!("Basic {}", STANDARD.encode(format!("{}:{}", written(id), written(secret)))))
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
