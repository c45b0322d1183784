//! The caller, and whether the service account signed for the call. Headers enter; nothing, or the refusal, leaves.
//! Source: docs/providers/haven.md, user action signing and errors.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use serde_json::Value;

use super::{Haven, error};
use crate::door::{About, Answer, bearer};

/// The header of a user action.
pub(crate) const ACTION: &str = "x-dfns-useraction";

/// 401 unless the service account's token was sent.
pub(crate) fn service(haven: &Haven, request: &HttpRequest) -> Result<(), Answer> {
    let token = bearer(request);
    if token != Some(&haven.options.service_token) {
        return Err(error(StatusCode::UNAUTHORIZED, "Unauthorized"));
    }
    haven.stage.secrets.note("haven_service_token", token.unwrap_or_default());
    Ok(())
}

/// What a changing call must match: the method, the path below the base URL, and the body byte for byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Signed {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) payload: String,
}

/// A call that needs the service account's signature, and the user action that carries it.
pub(crate) struct Claim {
    call: Signed,
    action: Option<String>,
}

impl Claim {
    pub(crate) fn of(request: &HttpRequest, body: &[u8]) -> Self {
        let action = request.headers().get(ACTION).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let call = Signed {
            method: request.method().as_str().to_owned(),
            path: below_base(request.path()).to_owned(),
            payload: String::from_utf8_lossy(body).into_owned(),
        };
        Self { call, action }
    }

    /// Takes the user action, which is then used; or says why not.
    pub(crate) fn check(&self, haven: &Haven) -> Result<(), Answer> {
        let Some(action) = &self.action else {
            return Err(error(StatusCode::FORBIDDEN, "User action signature is required."));
        };
        haven.actions.spend(action, &self.call)
    }
}

/// The prefix is the sandbox's own, so a path is signed rightly with and without it.
pub(crate) fn below_base(path: &str) -> &str {
    path.strip_prefix("/haven").unwrap_or(path)
}

/// What a call is about, by the names in a body: `externalId`, `email`, `username`, or those known from before.
pub(crate) fn about(haven: &Haven, action: &'static str, body: &Value) -> About {
    let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
    let email = text("email").or_else(|| text("username"));
    let known = email.as_deref().and_then(|email| haven.store.by_username(email));
    let external_id = text("externalId").or_else(|| known.as_ref().and_then(|user| user.external_id.clone()));
    let user_uid = known.map(|user| user.id);
    About { external_id, user_uid, ..About::new(action) }.email(email)
}

/// What a call is about, for a user that is known by now.
pub(crate) fn about_user(action: &'static str, user: Option<&super::store::User>) -> About {
    let about = About::new(action);
    let Some(user) = user else { return about };
    About { external_id: user.external_id.clone(), user_uid: Some(user.id.clone()), ..about }
        .email(Some(user.username.clone()))
}
