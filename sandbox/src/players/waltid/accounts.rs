//! `POST /v1/admin/account/register`, its open twin `POST /v1/account/register`, and `GET /v1/admin/accounts`.
//! Source: the given "Create Account"; docs/providers/waltid.md.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Map, Value, json};

use super::store::NotAdded;
use super::wish::{self, Wish};
use super::{Waltid, WaltidDuplicate, auth, error, exception, traps};
use crate::door::pass::pass;
use crate::door::{About, Answer, Body};
use crate::mischief::Mishap;

/// The protected route.
pub(crate) async fn register(waltid: web::Data<Waltid>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let (about, admitted) = (about("register_account", &body), auth::admin(&waltid, &request));
    pass(waltid, about, admitted, move |waltid| make(waltid, &body, true)).await
}

/// The open route: there while the feature is on, and called without a token. A token sent all the same reaches a route
/// that did not ask for it; that is refused here so that it is seen.
pub(crate) async fn register_open(waltid: web::Data<Waltid>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let about = about("register_account_open", &body);
    let admitted = if !waltid.options.open_registration {
        Err(error(StatusCode::NOT_FOUND, "Not found."))
    } else if request.headers().contains_key("authorization") {
        Err(error(StatusCode::BAD_REQUEST, "This route takes no Authorization header."))
    } else {
        Ok(())
    };
    let told = waltid.options.open_answer_has_body;
    pass(waltid, about, admitted, move |waltid| make(waltid, &body, told)).await
}

/// What a registration is about, and the traps that end it.
fn about(action: &'static str, body: &Value) -> About {
    let email = body.pointer("/profile/email").and_then(Value::as_str).map(str::to_owned);
    let name = email.as_deref().unwrap_or_default();
    let traps = [(traps::LOST.word, Mishap::LostDone), (traps::UNDONE.word, Mishap::LostUndone)];
    let trap = traps.iter().find(|(word, _)| name.contains(word)).map(|(_, kind)| (*kind, false));
    About { trap, ..About::new(action).email(email) }
}

fn make(waltid: &Arc<Waltid>, body: &Value, told: bool) -> Answer {
    if let Some(password) = body.pointer("/initialAuth/data/password").and_then(Value::as_str) {
        waltid.stage.secrets.note("waltid_password", password);
    }
    let wish = match wish::read(body) {
        Ok(wish) => wish,
        Err(wrong) => return error(StatusCode::BAD_REQUEST, wrong),
    };
    let email = wish.email.clone();
    if email.contains(traps::FORBIDDEN.word) {
        return error(StatusCode::FORBIDDEN, "The account's roles lack the permission.");
    }
    if email.contains(traps::REFUSED.word) {
        return exception("IllegalArgument", StatusCode::BAD_REQUEST, "The address is not allowed here.");
    }
    let first = waltid.stage.nth(&["waltid", "register", &email]) == 1;
    if email.contains(traps::EXISTS.word) && first {
        // Somebody registered before. Refused only if that is so already.
        let _ = waltid.store.add(before(waltid, &wish));
    }
    match waltid.store.add(wish) {
        Ok(account) => {
            let body = if told { Body::Json(account.shape()) } else { Body::Empty };
            let made = || Answer::made(StatusCode::CREATED, body.clone()).about_user(&account.id);
            if !(email.contains(traps::SLOW.word) && first) {
                return made();
            }
            let (answer, pause) = (made(), waltid.options.slow_reply);
            made().later(async move {
                tokio::time::sleep(pause).await;
                answer
            })
        }
        Err(NotAdded::SameEmail) => duplicate(waltid.options.duplicate),
        Err(NotAdded::Full) => error(StatusCode::SERVICE_UNAVAILABLE, "Service unavailable"),
    }
}

fn before(waltid: &Waltid, wish: &Wish) -> Wish {
    let mut profile = Map::new();
    profile.insert("name".to_owned(), json!("Registered Before"));
    profile.insert("email".to_owned(), json!(wish.email));
    let password = format!("{:016x}", waltid.stage.dice.number(&["waltid", "before", &wish.email]));
    Wish { email: wish.email.clone(), password, profile, preferences: wish.preferences.clone() }
}

fn duplicate(duplicate: WaltidDuplicate) -> Answer {
    match duplicate {
        WaltidDuplicate::Conflict => error(StatusCode::CONFLICT, "An account with this e-mail address is registered."),
        WaltidDuplicate::AlreadyExists => error(StatusCode::BAD_REQUEST, "Account already exists"),
        WaltidDuplicate::DuplicateText => {
            let text = "Duplicate key in collection accounts".to_owned();
            Answer::new(StatusCode::INTERNAL_SERVER_ERROR, Body::Text(text))
        }
    }
}

/// The look-up: every account, which the caller filters.
pub(crate) async fn list(waltid: web::Data<Waltid>, request: HttpRequest) -> HttpResponse {
    let admitted = auth::admin(&waltid, &request);
    pass(waltid, About::new("list_accounts"), admitted, |waltid| Answer::found(Value::Array(waltid.store.list()))).await
}
