//! A token got with OAuth2 client credentials (RFC 6749, 4.4).

use gangway_core::time::{Millis, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::Generic;
use super::model::Auth;
use crate::providers::parts::joined;
use crate::providers::{Reply, Request, Stage, TokenTurn, wait};

/// Asks for one.
pub(super) fn begin(it: &Generic) -> TokenTurn {
    let Auth::OAuth2 { url, client_id, client_secret, scope, .. } = &it.definition.auth else {
        return TokenTurn::Barred("the definition has no token; this is a fault of gangway".to_owned());
    };
    let (id, secret) = (it.setting(client_id), it.setting(client_secret));
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", "client_credentials");
    form.append_pair("client_id", id.expose_secret()).append_pair("client_secret", secret.expose_secret());
    if let Some(scope) = scope {
        form.append_pair("scope", scope);
    }
    let path: Vec<&str> = url.split('/').filter(|part| !part.is_empty()).collect();
    let url = if url.starts_with('/') { joined(&it.settings.common.base_url, &path) } else { url.clone() };
    let request = Request {
        method: "POST",
        url,
        headers: vec![
            ("accept", "application/json".to_owned()),
            ("content-type", "application/x-www-form-urlencoded".to_owned()),
        ],
        body: Some(form.finish().into_bytes()),
        loggable: &["token_type", "expires_in", "error"],
        ..Request::default()
    };
    TokenTurn::Send(request, Stage { at: "token", memo: Value::Null })
}

/// What follows from the answer.
pub(super) fn reply(it: &Generic, reply: &Reply, now: Timestamp) -> TokenTurn {
    let name = &it.definition.name;
    let Auth::OAuth2 { margin, .. } = &it.definition.auth else { return begin(it) };
    let json = serde_json::from_slice::<Value>(&reply.body).unwrap_or(Value::Null);
    let token = json.get("access_token").and_then(Value::as_str).filter(|token| !token.is_empty());
    match (reply.status, token) {
        (200..=299, Some(token)) => {
            let life = json.get("expires_in").and_then(Value::as_u64).map(|seconds| seconds.saturating_mul(1000));
            // A token that lives shorter than the margin is used for half its life.
            let good_for = life.map(|life| Millis(life.saturating_sub(margin.0).max(life / 2)));
            TokenTurn::Token { value: SecretString::from(token), good_for }
        }
        (300..=399, _) => TokenTurn::Barred(format!("{name}: the token's address answers with a redirect")),
        (400..=407 | 409..=424 | 426..=428, _) => TokenTurn::Barred(format!(
            "{name}: no token ({}); check the client's id and secret in providers.{name}",
            reply.status
        )),
        (status, _) => TokenTurn::Away {
            cause: format!("{name}: {status} without a token"),
            retry_after: wait::asked(&reply.headers, true, now),
        },
    }
}
