//! The caller. A login or an `Authorization` header enters; a token, or whether the caller may, leaves.
//! Source: docs/providers/waltid.md. A token is known by being in the list; nothing is read out of it.

use std::collections::HashMap;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::{Waltid, WaltidLogin, WaltidOptions, error};
use crate::clock;
use crate::door::pass::pass;
use crate::door::{About, Answer, bearer};

/// The owner of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Admin,
    /// Somebody who registered: no role, so no permission here.
    Account,
}

/// The tokens given out and not run out.
pub(crate) struct Tokens {
    known: Mutex<HashMap<String, (Who, i64)>>,
    cap: usize,
}

impl Tokens {
    pub(crate) fn new(options: &WaltidOptions, listed: usize) -> Self {
        let forever = (Who::Admin, i64::MAX);
        let known = HashMap::from([(options.api_key.clone(), forever)]);
        Self { known: Mutex::new(known), cap: listed.max(16) }
    }

    fn add(&self, token: &str, who: Who, end: i64) {
        let mut known = self.known.lock();
        if known.len() >= self.cap {
            known.retain(|_, (_, end)| *end == i64::MAX);
        }
        known.insert(token.to_owned(), (who, end));
    }

    /// An API key made by a call: good until it is thrown away, which nothing here does.
    pub(crate) fn add_key(&self, token: &str) {
        self.add(token, Who::Admin, i64::MAX);
    }
}

/// 401 without a good token, 403 for somebody who is not an administrator.
pub(crate) fn admin(waltid: &Waltid, request: &HttpRequest) -> Result<(), Answer> {
    let token = bearer(request).ok_or_else(|| error(StatusCode::UNAUTHORIZED, "No token was sent."))?;
    let known = waltid.tokens.known.lock().get(token).copied();
    match known {
        Some((Who::Admin, end)) if end > clock::now().timestamp() => {
            waltid.stage.secrets.note("waltid_token", token);
            Ok(())
        }
        Some((Who::Account, end)) if end > clock::now().timestamp() => {
            Err(error(StatusCode::FORBIDDEN, "The account's roles lack the permission."))
        }
        _ => Err(error(StatusCode::UNAUTHORIZED, "The token is not valid.")),
    }
}

/// `POST /auth/account/emailpass`.
pub(crate) async fn login(waltid: web::Data<Waltid>, body: web::Bytes) -> HttpResponse {
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
    let (email, password) = (text("email"), text("password"));
    let about = About::new("login").email(email.clone());
    pass(waltid, about, Ok(()), move |waltid| {
        let (Some(email), Some(password)) = (email, password) else {
            return error(StatusCode::BAD_REQUEST, "E-mail address and password are required.");
        };
        waltid.stage.secrets.note("waltid_password", &password);
        let options = &waltid.options;
        let who = if email == options.admin_email && password == options.admin_password {
            Who::Admin
        } else if waltid.store.knows(&email, &password) {
            Who::Account
        } else {
            return error(StatusCode::UNAUTHORIZED, "Invalid credentials.");
        };
        logged_in(waltid, &email, who)
    })
    .await
}

fn logged_in(waltid: &Waltid, email: &str, who: Who) -> Answer {
    let number = waltid.stage.nth(&["waltid", "session", email]).to_string();
    let session = super::store::uuid(waltid.stage.dice, &["waltid", "session", email, &number]);
    let status = match waltid.options.login {
        WaltidLogin::Token | WaltidLogin::AccessToken | WaltidLogin::DataToken => "OK",
        WaltidLogin::NextStep => "CONTINUE_NEXT_STEP",
        WaltidLogin::NextFlow => "CONTINUE_NEXT_FLOW",
    };
    if status != "OK" {
        return Answer::found(json!({ "session_id": session, "status": status, "next_method": "totp" }));
    }
    let lifetime = i64::try_from(waltid.options.token_lifetime.as_secs()).unwrap_or(i64::MAX);
    let token = token(waltid, &session);
    waltid.tokens.add(&token, who, clock::now().timestamp().saturating_add(lifetime));
    waltid.stage.secrets.note("waltid_token", &token);
    Answer::found(match waltid.options.login {
        WaltidLogin::AccessToken => json!({ "session_id": session, "status": status, "accessToken": token }),
        WaltidLogin::DataToken => json!({ "status": status, "data": { "session_id": session, "token": token } }),
        _ => json!({ "session_id": session, "status": status, "token": token }),
    })
}

/// The shape of a signed token (EdDSA); only walt.id can check it, so the signature is just bytes.
fn token(waltid: &Waltid, session: &str) -> String {
    let encode = |text: String| URL_SAFE_NO_PAD.encode(text);
    let head = encode(json!({ "alg": "EdDSA", "typ": "JWT" }).to_string());
    let claims = encode(json!({ "session": session }).to_string());
    let half = |which: &str| waltid.stage.dice.bytes(&["waltid", "token", which, session]);
    format!("{head}.{claims}.{}", URL_SAFE_NO_PAD.encode([half("one"), half("two")].concat()))
}
