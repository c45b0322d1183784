//! `POST /auth/registration/enduser`: the registration's one-time token and the credentials of the user's device enter;
//! the user, a session and the wallets leave. Source: the given document; docs/providers/haven.md, step 3 and errors.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

use super::auth::{self, ACTION};
use super::store::{Begin, Refusal, User, Wallet};
use super::wish::{self, Wish};
use super::{Haven, chain, error, ids, traps, wallets};
use crate::door::pass::pass;
use crate::door::{About, Answer, Body, bearer};
use crate::mischief::Mishap;

/// Completes a registration.
pub(crate) async fn complete(haven: web::Data<Haven>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    wish::note(&haven.stage.secrets, &body);
    let token = bearer(&request).unwrap_or_default().to_owned();
    let user = haven.store.by_token(&token);
    let traps = [(traps::LOST.word, Mishap::LostDone), (traps::UNDONE.word, Mishap::LostUndone)];
    let trap = user.as_ref().and_then(|user| traps.iter().find(|(word, _)| user.trapped(word)));
    let about = auth::about_user("complete_enduser", user.as_ref());
    let about = About { trap: trap.map(|(_, kind)| (*kind, false)), ..about };
    let signed = request.headers().contains_key(ACTION);
    let admitted = if user.is_some() { Ok(()) } else { Err(error(StatusCode::UNAUTHORIZED, "Unauthorized")) };
    pass(haven, about, admitted, move |haven| {
        let Some(user) = user else { return error(StatusCode::UNAUTHORIZED, "Unauthorized") };
        if signed {
            // Not documented: the service account has no part in this call, so signing it is a mistake.
            return error(StatusCode::BAD_REQUEST, "This call takes no user action.");
        }
        match wish::read(&body) {
            Ok(wish) => finish(haven, &user, &token, wish),
            Err(wrong) => error(StatusCode::BAD_REQUEST, &wrong),
        }
    })
    .await
}

fn finish(haven: &Arc<Haven>, user: &User, token: &str, wish: Wish) -> Answer {
    let store = &haven.store;
    let first = haven.stage.nth(&["haven", "enduser", &user.id]) == 1;
    if user.trapped(traps::EXISTS.word) && first {
        // Registered before, in another way; the wallets have long been there and are not told of.
        store.register(&user.id, &wish, |_| Begin::Active);
    }
    match store.claim(token, &wish) {
        Ok(()) if user.trapped(traps::APPROVAL.word) => await_approval(haven, user.clone(), wish),
        Ok(()) => register(haven, user, &wish),
        Err(Refusal::Exists) => error(StatusCode::UNAUTHORIZED, "User already exists."),
        Err(Refusal::Challenge) => error(StatusCode::BAD_REQUEST, "Challenge is not the one that was given."),
        Err(_) => error(StatusCode::UNAUTHORIZED, "Registration token has expired or has been used."),
    }
}

/// 202: a policy caught it, somebody approves, and it is done then. The body is not documented.
fn await_approval(haven: &Arc<Haven>, user: User, wish: Wish) -> Answer {
    let approval = ids::id(haven.stage.dice, "ap", &[&user.id]);
    let (later, user_id) = (Arc::clone(haven), user.id.clone());
    haven.stage.background(async move {
        tokio::time::sleep(later.options.approval_delay).await;
        drop(register(&later, &user, &wish));
    });
    let body = json!({ "id": approval, "status": "Pending" });
    Answer::made(StatusCode::ACCEPTED, Body::Json(body)).about_user(&user_id)
}

fn register(haven: &Arc<Haven>, user: &User, wish: &Wish) -> Answer {
    let begin = |network: &str| begin(haven, user, network);
    let Some(made) = haven.store.register(&user.id, wish, begin) else {
        return error(StatusCode::UNAUTHORIZED, "User already exists.");
    };
    let session = ids::token(haven, "session", &user.username);
    haven.stage.secrets.note("haven_session_token", &session);
    let body = shape(haven, user, wish, &session, &made);
    let answer = || Answer::made(StatusCode::OK, Body::Json(body.clone())).about_user(&user.id);
    let told = chain::registered(haven, user, made);
    if !user.trapped(traps::EARLY.word) {
        return answer();
    }
    let late = answer();
    answer().later(async move {
        // Told, or never to be told: the reply goes out after that.
        let _ = told.await;
        late
    })
}

fn begin(haven: &Haven, user: &User, network: &str) -> Begin {
    let bare = haven.options.inactive_networks.iter().any(|inactive| inactive == network);
    if bare || user.trapped(traps::ACTIVATE.word) {
        return Begin::Bare;
    }
    let late = [traps::LATE.word, traps::MISSED.word, traps::NEVER.word].iter().any(|word| user.trapped(word));
    if late { Begin::Inactive } else { Begin::Active }
}

/// The given answer's shape, field by field.
fn shape(haven: &Haven, user: &User, wish: &Wish, session: &str, made: &[Wallet]) -> Value {
    let known = haven.store.by_id(&user.id);
    json!({
        "credential": { "uuid": known.and_then(|user| user.credential), "kind": wish.kind, "name": wish.name },
        "user": { "id": user.id, "username": user.username, "orgId": haven.options.org_id },
        "authentication": { "token": session },
        "wallets": made.iter().map(|wallet| wallets::shape(haven, wallet)).collect::<Vec<_>>(),
    })
}
