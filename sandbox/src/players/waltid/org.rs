//! What the organisation's host offers: tenants, services of tenants, API keys. A target such as `{org}.{tenant}` and a
//! body enter. Source: docs/providers/waltid.md; the body of `init` from
//! `walt-id/waltid-enterprise-quickstart`, `cli/src/commands/setup/tenant.ts`. The answers' bodies are not documented.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

use super::store::Account;
use super::{Waltid, auth, error, exception, traps};
use crate::door::pass::pass;
use crate::door::{About, Answer, Body};

/// `POST /v1/{target}/resource-api/tenants/create`.
pub(crate) async fn create_tenant(
    waltid: web::Data<Waltid>,
    request: HttpRequest,
    target: web::Path<String>,
    body: web::Bytes,
) -> HttpResponse {
    let (about, admitted) = (about(&waltid, "create_tenant", &target, &body), auth::admin(&waltid, &request));
    pass(waltid, about, admitted, move |waltid| match refusal(waltid, &target, &body) {
        Some(refusal) => refusal,
        None if waltid.store.add_tenant(&target) => created(json!({ "_id": *target, "type": "tenant" })),
        None => error(StatusCode::CONFLICT, "DuplicateTarget: the tenant already exists"),
    })
    .await
}

/// `POST /v1/{target}/resource-api/services/init`: makes what is missing. Each service in the body says
/// `createIfNotFound`, and so does each in it (of a wallet: KMS with key, DID store, DID service with a DID, credential
/// store). With it, a repeat changes nothing and is answered alike. Without a service named in the body, the body
/// itself is one, the tenant's wallet.
pub(crate) async fn init(
    waltid: web::Data<Waltid>,
    request: HttpRequest,
    target: web::Path<String>,
    body: web::Bytes,
) -> HttpResponse {
    let (about, admitted) = (about(&waltid, "init_services", &target, &body), auth::admin(&waltid, &request));
    let refused = about.email.as_deref().is_some_and(|email| email.contains(traps::NO_WALLET.word));
    pass(waltid, about, admitted, move |waltid| {
        if let Some(refusal) = refusal(waltid, &target, &body) {
            return refusal;
        }
        if refused {
            return exception("UnsupportedService", StatusCode::BAD_REQUEST, "The tenant takes no more wallets.");
        }
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        let mut wanted = Vec::new();
        named(&body, &target, &mut wanted);
        if wanted.is_empty() {
            wanted.push(Wanted::of("wallet", &body, &target));
        }
        make(waltid, &wanted)
    })
    .await
}

/// One thing that an `init` asks for.
struct Wanted<'a> {
    name: &'a str,
    target: String,
    value: &'a Value,
}

impl<'a> Wanted<'a> {
    fn of(name: &'a str, value: &'a Value, at: &str) -> Self {
        let given = value.get("target").and_then(Value::as_str).map(str::to_owned);
        Self { name, target: given.unwrap_or_else(|| format!("{at}.{name}")), value }
    }

    fn has(&self, path: &str) -> bool {
        self.value.pointer(path).is_some_and(|part| part.get("target").is_some_and(Value::is_string))
    }
}

/// Every object of a body that names something to make, what it is made of after itself. `config` is none of them.
fn named<'a>(body: &'a Value, at: &str, wanted: &mut Vec<Wanted<'a>>) {
    let objects = body.as_object().into_iter().flatten().filter(|(name, value)| value.is_object() && *name != "config");
    for (name, value) in objects {
        let one = Wanted::of(name, value, at);
        let inside = one.target.clone();
        wanted.push(one);
        named(value, &inside, wanted);
    }
}

fn make(waltid: &Waltid, wanted: &[Wanted<'_>]) -> Answer {
    let store = &waltid.store;
    let made_too = |target: &str| wanted.iter().any(|one| one.target == target);
    for one in wanted {
        let make = one.value.get("createIfNotFound") == Some(&Value::Bool(true));
        if !make && !store.has_service(&one.target) {
            return error(StatusCode::NOT_FOUND, "The service is not there, and createIfNotFound is not set.");
        }
        let needs = one.value.get("dependencies").and_then(Value::as_array).into_iter().flatten();
        if needs.filter_map(Value::as_str).any(|target| !made_too(target) && !store.has_service(target)) {
            return error(StatusCode::BAD_REQUEST, "A dependency is not there.");
        }
    }
    let mut made = false;
    for one in wanted.iter().filter(|one| !matches!(one.name, "key" | "did")) {
        made |= store.add_service(&one.target);
        let parts = ["/kms/key", "/didStore", "/didService/did", "/credentialStore"];
        if one.name == "wallet" && parts.iter().all(|part| one.has(part)) {
            store.complete(&one.target);
        }
    }
    let shown: Vec<Value> = wanted.iter().map(|one| json!({ "_id": one.target })).collect();
    let shown = Body::Json(json!({ "services": shown }));
    if made { Answer::made(StatusCode::OK, shown) } else { Answer::new(StatusCode::OK, shown) }
}

/// `POST /v1/{target}/resource-api/services/create`: refused for one that is there.
pub(crate) async fn create_service(
    waltid: web::Data<Waltid>,
    request: HttpRequest,
    target: web::Path<String>,
    body: web::Bytes,
) -> HttpResponse {
    let (about, admitted) = (about(&waltid, "create_service", &target, &body), auth::admin(&waltid, &request));
    pass(waltid, about, admitted, move |waltid| {
        if let Some(refusal) = refusal(waltid, &target, &body) {
            return refusal;
        }
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        let Some(kind) = body.get("type").and_then(Value::as_str) else {
            return error(StatusCode::BAD_REQUEST, "type is required");
        };
        if !waltid.store.add_service(&target) {
            return error(StatusCode::CONFLICT, "DuplicateTarget: the service already exists");
        }
        created(json!({ "_id": *target, "type": kind }))
    })
    .await
}

/// `POST /v1/{target}/apikeys-api/api-keys/create`: the token is shown once.
pub(crate) async fn create_key(
    waltid: web::Data<Waltid>,
    request: HttpRequest,
    target: web::Path<String>,
    body: web::Bytes,
) -> HttpResponse {
    let (about, admitted) = (about(&waltid, "create_api_key", &target, &body), auth::admin(&waltid, &request));
    pass(waltid, about, admitted, move |waltid| {
        if let Some(refusal) = refusal(waltid, &target, &body) {
            return refusal;
        }
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        let Some(name) = body.get("name").and_then(Value::as_str) else {
            return error(StatusCode::BAD_REQUEST, "name is required");
        };
        let number = waltid.stage.nth(&["waltid", "key", &target]).to_string();
        let token = hex::encode(waltid.stage.dice.bytes(&["waltid", "key", &target, &number]));
        waltid.tokens.add_key(&token);
        waltid.stage.secrets.note("waltid_api_key", &token);
        created(json!({ "_id": format!("{target}.{name}"), "name": name, "token": token }))
    })
    .await
}

fn created(body: Value) -> Answer {
    Answer::made(StatusCode::CREATED, Body::Json(body))
}

/// A target outside the one organisation, or a body that is not an object.
fn refusal(waltid: &Waltid, target: &str, body: &[u8]) -> Option<Answer> {
    if target.split('.').next() != Some(&waltid.options.organisation) {
        return Some(error(StatusCode::NOT_FOUND, "Organisation not found."));
    }
    let object = serde_json::from_slice::<Value>(body).is_ok_and(|body| body.is_object());
    (!object).then(|| error(StatusCode::BAD_REQUEST, "The body must be an object."))
}

/// The target is what a call is about; it is also about a person if the target or a text of the body holds the id or
/// the e-mail address of an account, which is how a service of one person's is named.
fn about(waltid: &Waltid, action: &'static str, target: &str, body: &[u8]) -> About {
    let body = serde_json::from_slice(body).unwrap_or_default();
    let mut texts = Vec::new();
    collect(&body, &mut texts);
    let store = &waltid.store;
    let named = texts.into_iter().chain(target.split('.'));
    let person: Option<Account> = named.flat_map(|text| [store.by_id(text), store.by_email(text)]).flatten().next();
    let about = About::new(action).email(person.map(|account| account.email));
    About { user_uid: Some(target.to_owned()), ..about }
}

/// Characters of an account's id.
const ID: usize = 36;

/// Every text in a value, each part of one between dots, and an account's id at the end of one.
fn collect<'a>(value: &'a Value, texts: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => {
            texts.push(text);
            texts.extend(text.split('.'));
            // As in `org.tenant.wallet-ID`.
            texts.extend(text.len().checked_sub(ID).and_then(|at| text.get(at..)));
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, texts)),
        Value::Object(fields) => fields.values().for_each(|value| collect(value, texts)),
        _ => {}
    }
}
