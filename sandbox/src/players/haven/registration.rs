//! How a registration starts: `POST /auth/registration/delegated` (and `…/restart`) by the service account, or `POST
//! /auth/registration/init` with a registration code by anyone. A name enters; a challenge for the user's device and
//! the one-time token of the registration leave. Source: docs/providers/haven.md, two parties.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

use super::auth::{self, Claim};
use super::store::{Refusal, User};
use super::{Haven, error, ids, traps};
use crate::clock;
use crate::door::pass::pass;
use crate::door::{Answer, Body};

const EXISTS: &str = "User already exists.";

/// By the service account. For a user who has not finished, the registration begins anew.
pub(crate) async fn delegated(haven: web::Data<Haven>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    by_service(haven, request, body, "start_registration").await
}

/// Begins anew for a user who has not finished, and for no other. Older versions only.
pub(crate) async fn restart(haven: web::Data<Haven>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    if !haven.options.restart {
        let about = auth::about(&haven, "restart_registration", &Value::Null);
        let gone = error(StatusCode::NOT_FOUND, "Not found.");
        return pass(haven, about, Ok(()), move |_| gone).await;
    }
    by_service(haven, request, body, "restart_registration").await
}

async fn by_service(
    haven: web::Data<Haven>,
    request: HttpRequest,
    body: web::Bytes,
    action: &'static str,
) -> HttpResponse {
    let claim = Claim::of(&request, &body);
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let about = auth::about(&haven, action, &body);
    let admitted = auth::service(&haven, &request);
    pass(haven, about, admitted, move |haven| {
        if let Err(refusal) = claim.check(haven) {
            return refusal;
        }
        let text = |name: &str| body.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let Some(email) = text("email").filter(|email| email.contains('@')) else {
            return error(StatusCode::BAD_REQUEST, "email is required.");
        };
        if text("kind") != Some("EndUser") {
            return error(StatusCode::BAD_REQUEST, "kind must be EndUser.");
        }
        if body.get("externalId").is_some() && text("externalId").is_none() {
            return error(StatusCode::BAD_REQUEST, "externalId must be a text.");
        }
        if action == "restart_registration" && haven.store.by_username(email).is_none() {
            return error(StatusCode::UNAUTHORIZED, "User not found.");
        }
        if let Some(refusal) = trapped(haven, email, text("externalId")) {
            return refusal;
        }
        start(haven, email, text("externalId").map(str::to_owned))
    })
    .await
}

/// What becomes of a start for a person in a trap.
fn trapped(haven: &Haven, email: &str, external_id: Option<&str>) -> Option<Answer> {
    let named = |word: &str| email.contains(word) || external_id.is_some_and(|id| id.contains(word));
    if named(traps::FORBIDDEN.word) {
        return Some(error(StatusCode::FORBIDDEN, "This person must not be registered here."));
    }
    let (employee, half) = (named(traps::EMPLOYEE.word), named(traps::HALF.word));
    if !employee && !half {
        return None;
    }
    // There before, by other ways than this.
    if let Ok(user) = haven.store.make(email, external_id.map(str::to_owned))
        && employee
    {
        haven.store.employ(&user.id);
    }
    Some(error(StatusCode::UNAUTHORIZED, EXISTS))
}

/// With a code that the person has by other ways; no token at all.
pub(crate) async fn by_code(haven: web::Data<Haven>, body: web::Bytes) -> HttpResponse {
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let about = auth::about(&haven, "start_registration_by_code", &body);
    pass(haven, about, Ok(()), move |haven| {
        let options = &haven.options;
        let text = |name: &str| body.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let (Some(organisation), Some(username), Some(code)) =
            (text("orgId"), text("username"), text("registrationCode"))
        else {
            return error(StatusCode::BAD_REQUEST, "orgId, username and registrationCode are required.");
        };
        haven.stage.secrets.note("haven_registration_code", code);
        if code == options.expired_code {
            return error(StatusCode::BAD_REQUEST, "Registration code has expired.");
        }
        if organisation != options.org_id || code != options.registration_code {
            return error(StatusCode::UNAUTHORIZED, "Unauthorized");
        }
        start(haven, username, None)
    })
    .await
}

fn start(haven: &Haven, username: &str, external_id: Option<String>) -> Answer {
    let (token, challenge) =
        (ids::token(haven, "registration", username), ids::token(haven, "challenge_of_user", username));
    let named = [Some(username), external_id.as_deref()];
    let trapped = named.into_iter().flatten().any(|name| name.contains(traps::EXPIRED.word));
    let lifetime = i64::try_from(haven.options.registration_lifetime.as_secs()).unwrap_or(i64::MAX);
    let lifetime = if trapped && haven.stage.nth(&["haven", "start", username]) == 1 { 0 } else { lifetime };
    let end = clock::now().timestamp().saturating_add(lifetime);
    match haven.store.start(username, external_id, (&token, &challenge, end)) {
        Ok(user) => {
            haven.stage.secrets.note("haven_temporary_token", &token);
            Answer::made(StatusCode::OK, Body::Json(shape(haven, &user, &token, &challenge))).about_user(&user.id)
        }
        Err(Refusal::Full) => error(StatusCode::SERVICE_UNAVAILABLE, "Service unavailable"),
        Err(_) => error(StatusCode::UNAUTHORIZED, EXISTS),
    }
}

fn shape(haven: &Haven, user: &User, token: &str, challenge: &str) -> Value {
    let mut shape = json!({
        "user": { "id": user.id, "displayName": user.username, "name": user.username },
        "temporaryAuthenticationToken": token,
        "challenge": challenge,
        "supportedCredentialKinds": {
            "firstFactor": ["Fido2", "Key", "PasswordProtectedKey"],
            "secondFactor": ["Fido2", "Key", "PasswordProtectedKey"],
        },
        "authenticatorSelection": {
            "residentKey": "required",
            "requireResidentKey": true,
            "userVerification": "required",
        },
        "attestation": "direct",
        "pubKeyCredParams": [{ "type": "public-key", "alg": -7 }, { "type": "public-key", "alg": -257 }],
        "excludeCredentials": [],
        "otpUrl": "",
    });
    if let Some(fields) = shape.as_object_mut().filter(|_| !haven.options.rp_id.is_empty()) {
        fields.insert("rp".to_owned(), json!({ "id": haven.options.rp_id, "name": "Sandbox" }));
    }
    shape
}
