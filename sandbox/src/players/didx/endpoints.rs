//! `POST /me-creds/api/endpoints` and `GET /me-creds/api/endpoints`: the addresses of webhooks.
//! Source: docs/providers/didx.md. No secret comes back. The URL must be HTTPS; plain HTTP is taken for this
//! machine only, where there is no other way to listen.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use parking_lot::Mutex;
use serde_json::{Map, Value, json};

use super::{Didx, body, reply, token};
use crate::clock;
use crate::door::pass::pass;
use crate::door::{About, Answer, Body};

/// How many may be registered; beyond it the answer is 503.
const MOST: usize = 1000;

/// One address.
#[derive(Clone, Debug)]
pub(super) struct Endpoint {
    id: String,
    pub(super) url: String,
    filter: Vec<String>,
    at: String,
}

impl Endpoint {
    /// Without a filter everything is told.
    pub(super) fn wants(&self, event: &str) -> bool {
        self.filter.is_empty() || self.filter.iter().any(|wanted| wanted == event)
    }

    fn shape(&self) -> Value {
        json!({
            "id": self.id, "url": self.url, "filterTypes": self.filter, "createdAt": self.at, "updatedAt": self.at,
        })
    }
}

/// All addresses, oldest first.
#[derive(Default)]
pub(super) struct Endpoints {
    kept: Mutex<Vec<Endpoint>>,
}

impl Endpoints {
    pub(super) fn all(&self) -> Vec<Endpoint> {
        self.kept.lock().clone()
    }
}

/// Registers an address. Registering an address again makes another registration, and webhooks then go to it twice.
pub(super) async fn register(didx: web::Data<Didx>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let object = body::object(&body);
    let about = About::new("register_endpoint");
    let admitted = token::check(&didx, &request, "register_endpoint", None);
    pass(didx, about, admitted, move |didx| make(didx, object.as_ref())).await
}

fn make(didx: &Didx, object: Option<&Map<String, Value>>) -> Answer {
    let Some(object) = object else { return reply::invalid(didx, &[("body", "must be a JSON object")]) };
    let Some(url) = body::text(object, "url").filter(|url| is_allowed(url)) else {
        return reply::invalid(didx, &[("url", "must be an https URL")]);
    };
    let texts = |list: &Vec<Value>| list.iter().map(|one| one.as_str().map(str::to_owned)).collect();
    let filter: Option<Vec<String>> = match object.get("filterTypes") {
        None | Some(Value::Null) => Some(Vec::new()),
        Some(Value::Array(list)) => texts(list),
        Some(_) => None,
    };
    let Some(filter) = filter else {
        return reply::invalid(didx, &[("filterTypes", "must be a list of strings")]);
    };
    let mut kept = didx.endpoints.kept.lock();
    if kept.len() >= MOST {
        return reply::error(didx, StatusCode::SERVICE_UNAVAILABLE, "The sandbox is full.");
    }
    let number = kept.len().to_string();
    let own = || format!("ep_{:016x}", didx.stage.dice.number(&["didx endpoint", &number]));
    let id = body::text(object, "id").map_or_else(own, str::to_owned);
    if kept.iter().any(|endpoint| endpoint.id == id) {
        return reply::error(didx, StatusCode::CONFLICT, "An endpoint with this id exists.");
    }
    let endpoint = Endpoint { id, url: url.to_owned(), filter, at: clock::print(clock::now()) };
    let answer = Answer::made(StatusCode::CREATED, Body::Json(json!({ "data": endpoint.shape() })));
    kept.push(endpoint);
    answer
}

fn is_allowed(url: &str) -> bool {
    let here = ["http://127.0.0.1", "http://localhost", "http://[::1]"];
    let rest = |start: &str| url.strip_prefix(start).map(|rest| rest.chars().next());
    let is_here = here.iter().filter_map(|start| rest(start)).any(|next| matches!(next, None | Some(':' | '/')));
    is_here || url.strip_prefix("https://").is_some_and(|host| !host.is_empty())
}

/// Lists the addresses.
pub(super) async fn list(didx: web::Data<Didx>, request: HttpRequest) -> HttpResponse {
    let about = About::new("list_endpoints");
    let admitted = token::check(&didx, &request, "list_endpoints", None);
    pass(didx, about, admitted, |didx| {
        let shapes: Vec<Value> = didx.endpoints.all().iter().map(Endpoint::shape).collect();
        Answer::found(json!({ "data": shapes }))
    })
    .await
}
