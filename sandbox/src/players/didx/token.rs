//! `POST …/openid-connect/token`: client credentials in, an access token out; and whether a token is good.
//! Source: docs/providers/didx.md. The bodies of its errors are the usual ones of OAuth 2.0.

use std::collections::HashMap;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use parking_lot::Mutex;
use serde_json::json;

use super::{Didx, reply};
use crate::clock;
use crate::door::pass::pass;
use crate::door::{About, Answer, Body, bearer};
use crate::refused::Refused;

/// The tokens given out.
#[derive(Default)]
pub(super) struct Tokens {
    kept: Mutex<Kept>,
    refused: Refused,
}

#[derive(Default)]
struct Kept {
    /// Until when each is good, in milliseconds since 1970.
    until: HashMap<String, i64>,
    given: u64,
}

impl Tokens {
    fn is_good(&self, token: &str) -> bool {
        self.kept.lock().until.get(token).is_some_and(|until| clock::now().timestamp_millis() < *until)
    }

    fn give(&self, didx: &Didx) -> String {
        let now = clock::now();
        let options = &didx.options;
        let mut kept = self.kept.lock();
        kept.until.retain(|_, until| now.timestamp_millis() < *until);
        kept.given += 1;
        let encode = |part: serde_json::Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let (from, number) = (now.timestamp(), kept.given.to_string());
        let lifetime = i64::try_from(options.token_lifetime.as_millis()).unwrap_or(i64::MAX);
        let claims = json!({
            "exp": from.saturating_add(lifetime / 1000), "iat": from, "jti": number, "azp": options.client_id,
            "scope": "email profile", "typ": "Bearer",
        });
        // No caller can check the signature without the realm's key, so it only looks like one.
        let signature =
            [1, 2, 3, 4].map(|part| didx.stage.dice.bytes(&["didx token", &number, &part.to_string()])).concat();
        let header = encode(json!({ "alg": "RS256", "typ": "JWT" }));
        let token = format!("{header}.{}.{}", encode(claims), URL_SAFE_NO_PAD.encode(signature));
        kept.until.insert(token.clone(), now.timestamp_millis().saturating_add(lifetime));
        token
    }
}

/// Gives out a token.
pub(super) async fn give(didx: web::Data<Didx>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let kind = request.headers().get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_form = kind.split(';').next().map(str::trim) == Some("application/x-www-form-urlencoded");
    let form = web::Query::<HashMap<String, String>>::from_query(std::str::from_utf8(&body).unwrap_or_default());
    let form = form.map(web::Query::into_inner).unwrap_or_default();
    let about = About::new("token");
    pass(didx, about, Ok(()), move |didx| {
        let options = &didx.options;
        let sent = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        didx.stage.secrets.note("didx_client_secret", sent("client_secret"));
        if !is_form {
            return refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, "invalid_request", "The body is not a form");
        }
        if sent("grant_type") != "client_credentials" {
            return refusal(StatusCode::BAD_REQUEST, "unsupported_grant_type", "Unsupported grant_type");
        }
        if (sent("client_id"), sent("client_secret")) != (options.client_id.as_str(), options.client_secret.as_str()) {
            let text = "Invalid client or Invalid client credentials";
            return refusal(StatusCode::UNAUTHORIZED, "unauthorized_client", text);
        }
        let token = didx.tokens.give(didx);
        didx.stage.secrets.note("didx_access_token", &token);
        Answer::found(json!({
            "access_token": token,
            "expires_in": options.token_lifetime.as_secs(),
            "refresh_expires_in": 0,
            "token_type": "Bearer",
            "scope": "email profile",
        }))
    })
    .await
}

fn refusal(status: StatusCode, error: &str, description: &str) -> Answer {
    Answer::new(status, Body::Json(json!({ "error": error, "error_description": description })))
}

/// Whether a call comes with a good token. `trapped` is the person for whom the first token is refused for this action.
pub(super) fn check(
    didx: &Didx,
    request: &HttpRequest,
    action: &'static str,
    trapped: Option<&str>,
) -> Result<(), Answer> {
    let tokens = &didx.tokens;
    let token = bearer(request).filter(|token| tokens.is_good(token));
    let token = token.filter(|token| trapped.is_none_or(|name| !tokens.refused.refuses(action, name, token)));
    token.map(|_| ()).ok_or_else(|| reply::unauthorized(didx))
}
