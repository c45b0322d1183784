//! `POST /accounts/login` and `POST /accounts/access-token`, and the identity of a caller. Source:
//! docs/providers/guardian.md.

use std::collections::HashMap;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::accounts::Account;
use super::{Guardian, reply};
use crate::clock;
use crate::door::pass::pass;
use crate::door::{About, Answer, bearer};
use crate::refused::Refused;

/// Tokens given out.
#[derive(Default)]
pub(super) struct Sessions {
    kept: Mutex<Kept>,
    refused: Refused,
}

#[derive(Default)]
struct Kept {
    given: u64,
    /// The user of each refresh token, of which Guardian knows one for each user: every login makes the one before it
    /// worthless. They outlive any sandbox.
    refresh: HashMap<String, String>,
    /// The user of each access token, and until when it is good, in milliseconds since 1970.
    access: HashMap<String, (String, i64)>,
}

impl Sessions {
    fn refresh_token(&self, guardian: &Guardian, account: &Account) -> String {
        let mut kept = self.kept.lock();
        // A year, as by default; in milliseconds, as all of Guardian's expiries.
        let until = clock::now().timestamp_millis().saturating_add(31_536_000_000);
        let token = token(guardian, &mut kept, account, until);
        kept.refresh.retain(|_, username| *username != account.username);
        kept.refresh.insert(token.clone(), account.username.clone());
        guardian.stage.secrets.note("guardian_refresh_token", &token);
        token
    }

    fn access_token(&self, guardian: &Guardian, account: &Account) -> String {
        let now = clock::now().timestamp_millis();
        let lifetime = i64::try_from(guardian.options.access_token_lifetime.as_millis()).unwrap_or(i64::MAX);
        let until = now.saturating_add(lifetime);
        let mut kept = self.kept.lock();
        kept.access.retain(|_, (_, until)| now < *until);
        let token = token(guardian, &mut kept, account, until);
        kept.access.insert(token.clone(), (account.username.clone(), until));
        guardian.stage.secrets.note("guardian_access_token", &token);
        token
    }
}

/// A text in the shape of a signed token; no caller can check the signature without Guardian's key.
fn token(guardian: &Guardian, kept: &mut Kept, account: &Account, until: i64) -> String {
    kept.given += 1;
    let number = kept.given.to_string();
    let encode = |part: Value| URL_SAFE_NO_PAD.encode(part.to_string());
    let header = encode(json!({ "alg": "RS256", "typ": "JWT" }));
    let claims = json!({
        "id": account.id, "name": account.username, "did": account.did, "role": account.role, "expireAt": until,
    });
    let signature = URL_SAFE_NO_PAD.encode(guardian.stage.dice.bytes(&["guardian token", &number]));
    format!("{header}.{}.{signature}", encode(claims))
}

/// The caller, by a good access token. `trapped` is the person for whom the first token is refused for this action.
pub(super) fn caller(
    guardian: &Guardian,
    request: &HttpRequest,
    action: &'static str,
    trapped: Option<&str>,
) -> Option<Account> {
    let token = bearer(request)?;
    let sessions = &guardian.sessions;
    let now = clock::now().timestamp_millis();
    let good = sessions.kept.lock().access.get(token).filter(|(_, until)| now < *until).cloned();
    let (username, _) = good?;
    if trapped.is_some_and(|name| sessions.refused.refuses(action, name, token)) {
        return None;
    }
    guardian.accounts.get(&username)
}

/// Logs in.
pub(super) async fn login(guardian: web::Data<Guardian>, body: web::Bytes) -> HttpResponse {
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let text = |name: &str| body.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
    let (username, password, otp) = (text("username"), text("password"), text("otp"));
    let mut about = About::new("login");
    about.external_id.clone_from(&username);
    pass(guardian, about, Ok(()), move |guardian| {
        let options = &guardian.options;
        let registry = username.as_deref() == Some(&options.registry_username);
        let kind = if registry { "guardian_registry_password" } else { "guardian_password" };
        guardian.stage.secrets.note(kind, password.as_deref().unwrap_or_default());
        let (Some(username), Some(password)) = (&username, &password) else {
            let missing = [("username", username.is_none()), ("password", password.is_none())];
            let missing = missing.iter().filter(|(_, is_missing)| *is_missing);
            let messages: Vec<_> = missing.map(|(name, _)| format!("{name} should not be empty")).collect();
            return reply::unprocessable(guardian, &messages);
        };
        let account = guardian.accounts.get(username).filter(|account| account.password == *password);
        let Some(account) = account else {
            return reply::error(guardian, StatusCode::UNAUTHORIZED, "Bad credentials");
        };
        if registry && options.registry_otp && otp.is_none() {
            return Answer::found(json!({ "success": false, "otprequired": true }));
        }
        let sessions = &guardian.sessions;
        let mut shape = json!({
            "username": account.username,
            "did": account.did,
            "role": account.role,
            "refreshToken": sessions.refresh_token(guardian, &account),
            "weakPassword": false,
        });
        if options.login_gives_access_token
            && let Value::Object(shape) = &mut shape
        {
            shape.insert("accessToken".to_owned(), json!(sessions.access_token(guardian, &account)));
        }
        Answer::found(shape).about_user(&account.id)
    })
    .await
}

/// Gives an access token for a refresh token; any failure is 401.
pub(super) async fn renew(guardian: web::Data<Guardian>, body: web::Bytes) -> HttpResponse {
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let token = body.get("refreshToken").and_then(Value::as_str).unwrap_or_default();
    let username = guardian.sessions.kept.lock().refresh.get(token).cloned();
    let mut about = About::new("access_token");
    about.external_id.clone_from(&username);
    pass(guardian, about, Ok(()), move |guardian| {
        let account = username.and_then(|username| guardian.accounts.get(&username));
        let Some(account) = account else { return reply::unauthorized(guardian) };
        let token = guardian.sessions.access_token(guardian, &account);
        Answer::found(json!({ "accessToken": token })).about_user(&account.id)
    })
    .await
}
