//! `POST /auth/login/delegated`: a session for a registered user, by the service account. Source:
//! docs/providers/haven.md, idempotency and recovery; that logging in an employee wants a permission of its own, the
//! vendor's table of permissions.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

use super::auth::{self, Claim};
use super::{Haven, error, ids, traps};
use crate::door::pass::pass;
use crate::door::{Answer, Body};

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
        if user.as_ref().is_some_and(|user| user.trapped(traps::EMPLOYEE.word)) {
            return error(StatusCode::FORBIDDEN, "Permission Auth:Types:Employee is required.");
        }
        let Some(user) = user else {
            return error(StatusCode::UNAUTHORIZED, "User not found.");
        };
        let session = ids::token(haven, "session", &user.username);
        haven.stage.secrets.note("haven_session_token", &session);
        Answer::made(StatusCode::OK, Body::Json(json!({ "token": session }))).about_user(&user.id)
    })
    .await
}
