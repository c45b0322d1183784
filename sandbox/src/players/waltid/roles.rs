//! `POST /v1/admin/account/{id}/roles/add/{org}/{roleId}` and `POST /v1/{target}/roles-api/roles/account/assign`.
//! Source: docs/providers/waltid.md. The answers' bodies are not documented; the account is shown, and an empty
//! object where it had the role already.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

use super::store::Account;
use super::{Waltid, auth, error, traps};
use crate::door::pass::pass;
use crate::door::{About, Answer, Body};

/// Assigns by the account's id, on the global host.
pub(crate) async fn add(
    waltid: web::Data<Waltid>,
    request: HttpRequest,
    path: web::Path<(String, String, String)>,
) -> HttpResponse {
    let (id, organisation, role) = path.into_inner();
    let account = waltid.store.by_id(&id);
    let about = about("add_role", account.as_ref(), Some(id));
    let admitted = auth::admin(&waltid, &request);
    pass(waltid, about, admitted, move |waltid| give(waltid, account.as_ref(), &organisation, &role)).await
}

/// Assigns by the account's e-mail address, on the organisation's host; the target is the role, `{org}.{role}`.
pub(crate) async fn assign(
    waltid: web::Data<Waltid>,
    request: HttpRequest,
    target: web::Path<String>,
    body: web::Bytes,
) -> HttpResponse {
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let email = body.get("assigneeEmail").and_then(Value::as_str).unwrap_or_default();
    let account = waltid.store.by_email(email);
    let about = about("assign_role", account.as_ref(), None);
    let admitted = auth::admin(&waltid, &request);
    pass(waltid, about, admitted, move |waltid| {
        let organisation = target.split('.').next().unwrap_or_default();
        give(waltid, account.as_ref(), organisation, &target)
    })
    .await
}

fn about(action: &'static str, account: Option<&Account>, id: Option<String>) -> About {
    let user_uid = account.map(|account| account.id.clone()).or(id);
    About { user_uid, ..About::new(action).email(account.map(|account| account.email.clone())) }
}

fn give(waltid: &Waltid, account: Option<&Account>, organisation: &str, role: &str) -> Answer {
    let Some(account) = account else {
        return error(StatusCode::NOT_FOUND, "Account not found.");
    };
    if organisation != waltid.options.organisation {
        return error(StatusCode::NOT_FOUND, "Organisation not found.");
    }
    if account.email.contains(traps::NO_ROLE.word) {
        return error(StatusCode::NOT_FOUND, "No role with this id exists.");
    }
    let first = || waltid.stage.nth(&["waltid", "has role", &account.id]) == 1;
    if account.email.contains(traps::HAS_ROLE.word) && first() {
        // Somebody gave it before.
        let _ = waltid.store.add_role(&account.id, organisation, role);
        return error(StatusCode::BAD_REQUEST, "The role is already assigned to the account.");
    }
    if account.email.contains(traps::ROLE.word) && waltid.stage.nth(&["waltid", "role", &account.id]) == 1 {
        return error(StatusCode::INTERNAL_SERVER_ERROR, "Internal server error");
    }
    if !waltid.store.add_role(&account.id, organisation, role) {
        return Answer::found(json!({})).about_user(&account.id);
    }
    let shown = waltid.store.by_id(&account.id).map_or(Value::Null, |account| account.shape());
    Answer::made(StatusCode::OK, Body::Json(shown)).about_user(&account.id)
}
