//! `POST /auth/login/delegated` and `GET /auth/users`: how to find out, after a lost reply, whether a user is there.
//! Source: docs/providers/haven.md, idempotency and recovery.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

use super::auth::{self, Claim};
use super::wallets::{Page, page};
use super::{Haven, error, ids};
use crate::door::pass::pass;
use crate::door::{About, Answer, Body};

/// A session for a registered user, by the service account.
pub(crate) async fn delegated(haven: web::Data<Haven>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let claim = Claim::of(&request, &body);
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let about = auth::about(&haven, "login_delegated", &body);
    let admitted = auth::service(&haven, &request);
    pass(haven, about, admitted, move |haven| {
        if let Err(refusal) = claim.check(haven) {
            return refusal;
        }
        let Some(username) = body.get("username").and_then(Value::as_str) else {
            return error(StatusCode::BAD_REQUEST, "username is required.");
        };
        let user = haven.store.by_username(username).filter(|user| user.credential.is_some());
        let Some(user) = user else {
            return error(StatusCode::UNAUTHORIZED, "User not found.");
        };
        let session = ids::token(haven, "session", &user.username);
        haven.stage.secrets.note("haven_session_token", &session);
        Answer::made(StatusCode::OK, Body::Json(json!({ "token": session }))).about_user(&user.id)
    })
    .await
}

/// All users of the organisation, oldest first.
pub(crate) async fn users(haven: web::Data<Haven>, request: HttpRequest, wanted: web::Query<Page>) -> HttpResponse {
    let admitted = auth::service(&haven, &request);
    pass(haven, About::new("list_users"), admitted, move |haven| {
        let shape = |user: super::store::User| {
            json!({
                "userId": user.id,
                "username": user.username,
                "externalId": user.external_id,
                "kind": "EndUser",
                "orgId": haven.options.org_id,
                "credentialUuid": user.credential,
                "isActive": true,
                "isServiceAccount": false,
                "isRegistered": user.credential.is_some(),
            })
        };
        Answer::found(page(haven.store.users().into_iter().map(shape).collect(), &wanted))
    })
    .await
}
