//! The token `admin`: an API key as it is, or the token of a login by e-mail and password. Source:
//! docs/providers/waltid.md, "Token".

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::calls::Desk;
use crate::providers::{Far, HttpRequest, Stop, Token};

/// Its name.
pub const ADMIN: &str = "admin";

/// A login, of ours or of a user.
pub fn login(desk: &Desk, email: &str, password: &str) -> HttpRequest {
    let body = json!({"email": email, "password": password});
    HttpRequest {
        method: "POST",
        url: desk.base(&desk.settings.login_path),
        headers: desk.json_headers(),
        body: Some(body.to_string().into_bytes()),
        loggable: &["status"],
        ..HttpRequest::default()
    }
}

/// The token in the answer to a login, which has it in one of three places.
pub fn token_of(said: &Value) -> Option<&str> {
    let places = ["/token", "/accessToken", "/data/token"];
    places.iter().find_map(|place| said.pointer(place).and_then(Value::as_str).filter(|token| !token.is_empty()))
}

/// The key, or what a login gives.
pub async fn get(desk: &Desk, far: &dyn Far) -> Result<Token, Stop> {
    let settings = &desk.settings;
    if let Some(key) = settings.api_key.as_ref().filter(|key| !key.expose_secret().is_empty()) {
        return Ok(Token { value: key.clone(), good_for: None });
    }
    let (Some(email), Some(password)) = (&settings.email, &settings.password) else {
        let cause = "neither an API key nor a login is set up; give providers.waltid.api_key, or email and password";
        return Err(barred(cause));
    };
    let reply = far.send(login(desk, email, password.expose_secret())).await?;
    let away = |cause: String| Stop::Away(cause, reply.asked());
    let json = gangway_core::json::read(&reply.body).ok();
    let field = |name| json.as_ref().and_then(|json| json.get(name)).and_then(Value::as_str).filter(|t| !t.is_empty());
    Err(match reply.status {
        200..=299 => match (json.as_ref().and_then(token_of), field("status")) {
            (Some(token), _) => {
                let good_for = Some(settings.token_lifetime);
                return Ok(Token { value: SecretString::from(token), good_for });
            }
            (None, Some(status)) if status.starts_with("CONTINUE") => {
                let next =
                    field("next_method").filter(|next| next.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'));
                barred(&format!(
                    "the login of providers.waltid.email wants a further step ({}), which a machine cannot take; give an \
                     account that logs in with its password alone, or an API key",
                    next.unwrap_or("of a flow with several")
                ))
            }
            (None, _) if json.is_some() => {
                barred("the login answers without a token; check providers.waltid.login_path")
            }
            _ => away(format!("the login answers {} and something that is not JSON", reply.status)),
        },
        300..=399 => barred("the login answers with a redirect; check providers.waltid.base_url"),
        400 | 401 | 403 | 422 => barred("the login is refused; check providers.waltid.email and password"),
        404 => barred("there is no login at this address; check providers.waltid.base_url and login_path"),
        status => away(format!("the login answers {status}")),
    })
}

fn barred(cause: &str) -> Stop {
    Stop::Barred(cause.to_owned())
}
