//! `POST /user`, `GET /user/{uid}`, `GET /user?user_external_id=` and `GET /user?email=`.
//! Source: the given "Create user"; docs/providers/original.md, 5.3 and 5.4.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::fields::{self, Check, Wrong};
use super::store::{NotAdded, User};
use super::{Original, auth, reply, traps};
use crate::clock;
use crate::door::pass::pass;
use crate::door::{About, Answer};
use crate::mischief::Mishap;

const NOT_FOUND: &str = "User not found.";
const EXISTS: &str = "User already exists.";

/// Creates a user; the wallet does not come from this.
pub(crate) async fn create(original: web::Data<Original>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let body = fields::object(&body);
    let peek = |name: &str| body.as_ref().ok().and_then(|object| fields::peek(object, name));
    let (external_id, email) = (peek("user_external_id"), peek("email"));
    let trap = trap(external_id.as_deref().or(email.as_deref()).unwrap_or_default());
    let about = About { external_id, email, trap, ..About::new("create_user") };
    let admitted = auth::admitted(&original, &request);
    pass(original, about, admitted, move |original| make(original, body)).await
}

/// What a trap does to this call, and whether it does so each time.
fn trap(name: &str) -> Option<(Mishap, bool)> {
    let traps = [
        (traps::DOWN.word, Mishap::Fail, true),
        (traps::LOST.word, Mishap::LostDone, false),
        (traps::UNDONE.word, Mishap::LostUndone, false),
        (traps::SLOW.word, Mishap::SlowDone, false),
    ];
    traps.iter().find(|(word, _, _)| name.contains(word)).map(|(_, kind, always)| (*kind, *always))
}

fn make(original: &Arc<Original>, body: Result<Map<String, Value>, Wrong>) -> Answer {
    let object = match body {
        Ok(object) => object,
        Err(wrong) => return reply::invalid(&[wrong]),
    };
    let mut check = Check::new(&object, "");
    let (external_id, email) = (check.optional("user_external_id"), check.email("email"));
    let name = external_id.as_deref().or(email.as_deref()).unwrap_or_default();
    if name.contains(traps::REFUSED.word) {
        check.wrong.push(("user_external_id".to_owned(), "Enter a valid value."));
    }
    if !check.wrong.is_empty() {
        return reply::invalid(&check.wrong);
    }
    if name.contains(traps::FORBIDDEN.word) {
        return reply::error(actix_web::http::StatusCode::FORBIDDEN, "This user must not be made.");
    }
    let store = &original.store;
    if name.contains(traps::EXISTS.word) {
        // Somebody was here before, under the same name and with another address. Refused once that is so.
        let before = format!("before-{:016x}@example.org", original.stage.dice.number(&["before", name]));
        let _ = match &external_id {
            Some(id) => store.add_user(Some(id.clone()), Some(before)),
            None => store.add_user(Some(before), email.clone()),
        };
    }
    match store.add_user(external_id, email) {
        Ok(uid) => reply::created(&uid).about_user(&uid),
        Err(NotAdded::SameEmail) => reply::client_error_listed(EXISTS),
        Err(NotAdded::SameExternalId | NotAdded::NoUser) => reply::client_error(EXISTS),
        Err(NotAdded::Full) => reply::server_error(actix_web::http::StatusCode::SERVICE_UNAVAILABLE),
    }
}

/// Reads a user by its uid.
pub(crate) async fn get(original: web::Data<Original>, request: HttpRequest, uid: web::Path<String>) -> HttpResponse {
    let uid = uid.into_inner();
    let about = about(&original, "get_user", &uid);
    let admitted = auth::admitted(&original, &request);
    pass(original, about, admitted, move |original| match original.store.user(&uid) {
        Some(user) => reply::found(shape(original, &user)).about_user(&uid),
        None => reply::not_found(NOT_FOUND),
    })
    .await
}

/// What a call that names a user by uid is about.
pub(crate) fn about(original: &Original, action: &'static str, user_uid: &str) -> About {
    let user = original.store.user(user_uid);
    let (external_id, email) = user.map_or((None, None), |user| (user.external_id, user.email));
    About { external_id, email, user_uid: Some(user_uid.to_owned()), ..About::new(action) }
}

/// The names a user is found by; the first that is given counts.
#[derive(Clone, Deserialize)]
pub(crate) struct Names {
    user_external_id: Option<String>,
    email: Option<String>,
}

/// Finds a user by a name of the caller's.
pub(crate) async fn find(
    original: web::Data<Original>,
    request: HttpRequest,
    names: web::Query<Names>,
) -> HttpResponse {
    let Names { user_external_id: external_id, email } = names.into_inner();
    let about = About::new("find_user");
    let about = About { external_id: external_id.clone(), email: email.clone(), ..about };
    let admitted = auth::admitted(&original, &request);
    pass(original, about, admitted, move |original| {
        let store = &original.store;
        let user = match (&external_id, &email) {
            (Some(id), _) => store.user_by_external_id(id),
            (None, Some(email)) => store.user_by_email(email),
            // Not documented: without a name there is no user to look for.
            (None, None) => return reply::client_error("Either user_external_id or email is required."),
        };
        user.map_or_else(reply::nobody, |user| reply::found(shape(original, &user)).about_user(&user.uid))
    })
    .await
}

/// A user as the reads show it: absent names are left out, a wallet is one entry (docs/providers/original.md, 5.3).
/// The older shape is that of the README of `getoriginal/original-js`.
fn shape(original: &Original, user: &User) -> Value {
    let mut shape = Map::new();
    shape.insert("uid".to_owned(), json!(user.uid));
    if let Some(id) = &user.external_id {
        shape.insert("user_external_id".to_owned(), json!(id));
    }
    shape.insert("created_at".to_owned(), json!(clock::print(user.created_at)));
    if let Some(email) = &user.email {
        shape.insert("email".to_owned(), json!(email));
    }
    if original.options.older_user_shape {
        shape.insert("wallet_address".to_owned(), json!(user.wallet));
        return Value::Object(shape);
    }
    let wallet = |address: &String| {
        json!({
            "address": address,
            "explorer_url": format!("{}/address/{address}", super::chain::EXPLORER),
            "network": super::chain::NETWORK,
            "chain_id": super::chain::CHAIN_ID,
        })
    };
    let wallets: Vec<Value> = user.wallet.iter().map(wallet).collect();
    shape.insert("wallets".to_owned(), Value::Array(wallets));
    Value::Object(shape)
}
