//! `POST /auth/users` and `GET /auth/users`: end users made before their registration, and all users with whether they
//! finished it. Source: Dfns OpenAPI 1.578.2; docs/providers/haven.md, idempotency and recovery.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

use super::auth::{self, Claim};
use super::store::{Refusal, User};
use super::wallets::{Page, page};
use super::{Haven, error, traps};
use crate::door::pass::pass;
use crate::door::{About, Answer, Body};

/// A user whose registration somebody else carries out, or who gets a code.
pub(crate) async fn create(haven: web::Data<Haven>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let claim = Claim::of(&request, &body);
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let about = auth::about(&haven, "create_user", &body);
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
        if body.get("registration").is_some() && text("registration") != Some("Delegated") {
            return error(StatusCode::BAD_REQUEST, "registration must be Delegated.");
        }
        match haven.store.make(email, text("externalId").map(str::to_owned)) {
            Ok(user) => {
                let shown = shape(haven, &user);
                Answer::made(StatusCode::OK, Body::Json(shown)).about_user(&user.id)
            }
            Err(Refusal::Full) => error(StatusCode::SERVICE_UNAVAILABLE, "Service unavailable"),
            Err(_) => error(StatusCode::UNAUTHORIZED, "User already exists."),
        }
    })
    .await
}

/// All users of the organisation, oldest first.
pub(crate) async fn list(haven: web::Data<Haven>, request: HttpRequest, wanted: web::Query<Page>) -> HttpResponse {
    let admitted = auth::service(&haven, &request);
    pass(haven, About::new("list_users"), admitted, move |haven| {
        let users = haven.store.users();
        Answer::found(page(users.iter().map(|user| shape(haven, user)).collect(), &wanted))
    })
    .await
}

fn shape(haven: &Haven, user: &User) -> Value {
    let employee = user.trapped(traps::EMPLOYEE.word);
    json!({
        "userId": user.id,
        "username": user.username,
        "externalId": user.external_id,
        "kind": if employee { "CustomerEmployee" } else { "EndUser" },
        "orgId": haven.options.org_id,
        "credentialUuid": user.credential,
        "isActive": true,
        "isServiceAccount": false,
        "isRegistered": user.credential.is_some(),
    })
}
