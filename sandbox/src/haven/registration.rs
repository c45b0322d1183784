//! How a registration starts: `POST /auth/registration/delegated` (and `…/restart`) by the service account, or
//! `POST /auth/registration/init` with a registration code by anybody. A name enters; a challenge for the user's device
//! and the one-time token of the registration leave. Source: docs/providers/haven.md, two parties.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

use super::auth::{self, Claim};
use super::store::{Refusal, User};
use super::{error, ids};
use crate::clock;
use crate::door::pass::pass;
use crate::door::{Answer, Body, nth};
use crate::traps;
use crate::world::World;

const EXISTS: &str = "User already exists.";

/// By the service account. Of one who has not finished, the registration begins anew.
pub(crate) async fn delegated(world: web::Data<World>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    by_service(world, request, body, "start_registration").await
}

/// The same for one who has not finished, and for nobody else.
pub(crate) async fn restart(world: web::Data<World>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    by_service(world, request, body, "restart_registration").await
}

async fn by_service(
    world: web::Data<World>,
    request: HttpRequest,
    body: web::Bytes,
    action: &'static str,
) -> HttpResponse {
    let claim = Claim::of(&request, &body);
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let about = auth::about(&world, action, &body);
    let admitted = auth::service(&world, &request);
    pass(world, about, admitted, move |world| {
        if let Err(refusal) = claim.check(world) {
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
        if action == "restart_registration" && world.haven.store.by_username(email).is_none() {
            return error(StatusCode::UNAUTHORIZED, "User not found.");
        }
        start(world, email, text("externalId").map(str::to_owned))
    })
    .await
}

/// With a code that the person has by other ways; no token at all.
pub(crate) async fn by_code(world: web::Data<World>, body: web::Bytes) -> HttpResponse {
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let about = auth::about(&world, "start_registration_by_code", &body);
    pass(world, about, Ok(()), move |world| {
        let options = &world.options.haven;
        let text = |name: &str| body.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let (Some(organisation), Some(username), Some(code)) =
            (text("orgId"), text("username"), text("registrationCode"))
        else {
            return error(StatusCode::BAD_REQUEST, "orgId, username and registrationCode are required.");
        };
        world.secrets.note("haven_registration_code", code);
        if code == options.expired_code {
            return error(StatusCode::BAD_REQUEST, "Registration code has expired.");
        }
        if organisation != options.org_id || code != options.registration_code {
            return error(StatusCode::UNAUTHORIZED, "Unauthorized");
        }
        start(world, username, None)
    })
    .await
}

fn start(world: &World, username: &str, external_id: Option<String>) -> Answer {
    let (token, challenge) =
        (ids::token(world, "registration", username), ids::token(world, "challenge_of_user", username));
    let named = [Some(username), external_id.as_deref()];
    let trapped = named.into_iter().flatten().any(|name| name.contains(traps::H_EXPIRED));
    let lifetime = i64::try_from(world.options.haven.registration_lifetime.as_secs()).unwrap_or(i64::MAX);
    let lifetime = if trapped && nth(world, &["haven", "start", username]) == 1 { 0 } else { lifetime };
    let end = clock::now().timestamp().saturating_add(lifetime);
    match world.haven.store.start(username, external_id, (&token, &challenge, end)) {
        Ok(user) => {
            world.secrets.note("haven_temporary_token", &token);
            Answer::made(StatusCode::OK, Body::Json(shape(world, &user, &token, &challenge))).about_user(&user.id)
        }
        Err(Refusal::Full) => error(StatusCode::SERVICE_UNAVAILABLE, "Service unavailable"),
        Err(_) => error(StatusCode::UNAUTHORIZED, EXISTS),
    }
}

fn shape(world: &World, user: &User, token: &str, challenge: &str) -> Value {
    json!({
        "user": { "id": user.id, "displayName": user.username, "name": user.username },
        "temporaryAuthenticationToken": token,
        "challenge": challenge,
        "rp": { "id": world.options.haven.rp_id, "name": "Sandbox" },
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
    })
}
