//! Webhooks as they are registered: `POST /webhooks`, `GET /webhooks`, `GET /webhooks/{id}`, `POST …/{id}/ping`.
//! An address enters; a secret leaves, once. Source: docs/providers/haven.md, webhooks; `dfns/dfns-api-docs`,
//! `api-docs/webhooks` for the shapes and for the ping.

use std::collections::VecDeque;
use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use parking_lot::Mutex;
use serde_json::{Map, Value, json};

use super::auth::{self, Claim};
use super::events::Event;
use super::wallets::{Page, page};
use super::{Haven, ROLE, deliver, error, ids};
use crate::clock;
use crate::door::pass::pass;
use crate::door::{About, Answer, Body};
use crate::webhooks::with_path;

/// Webhooks an organisation may have.
const MOST: usize = 5;
/// The longest description.
const DESCRIPTION: usize = 256;
/// Events kept of each webhook; beyond it the oldest are forgotten, as the real ones are after 31 days.
const KEPT: usize = 100_000;
/// What stands for every kind of event.
const ALL: &str = "*";
/// The id of the webhook that is set without a call.
const PRESET: &str = "wh-00000-00000-preset0000000000";

/// A registered webhook and its events, oldest first.
#[derive(Clone, Debug)]
pub(crate) struct Hook {
    pub(crate) id: String,
    pub(crate) url: String,
    pub(crate) secret: String,
    events: Vec<String>,
    enabled: bool,
    description: Option<String>,
    created: String,
    kept: VecDeque<Event>,
}

impl Hook {
    fn shape(&self) -> Map<String, Value> {
        let mut shape = Map::new();
        let mut set = |name: &str, value: Value| shape.insert(name.to_owned(), value);
        set("id", json!(self.id));
        set("url", json!(self.url));
        set("events", json!(self.events));
        if let Some(description) = &self.description {
            set("description", json!(description));
        }
        set("status", json!(if self.enabled { "Enabled" } else { "Disabled" }));
        set("dateCreated", json!(self.created));
        set("dateUpdated", json!(self.created));
        shape
    }
}

/// All webhooks of the one organisation.
#[derive(Default)]
pub(crate) struct Hooks {
    all: Mutex<Vec<Hook>>,
}

impl Hooks {
    /// The webhooks that receive events of this kind.
    pub(crate) fn wanting(&self, kind: &str) -> Vec<String> {
        let wants = |hook: &&Hook| hook.enabled && hook.events.iter().any(|event| event == ALL || event == kind);
        self.all.lock().iter().filter(wants).map(|hook| hook.id.clone()).collect()
    }

    /// Where it posts, and under which secret.
    pub(crate) fn address(&self, id: &str) -> Option<(String, String)> {
        let all = self.all.lock();
        all.iter().find(|hook| hook.id == id).map(|hook| (hook.url.clone(), hook.secret.clone()))
    }

    /// Keeps an event, whether or not it was sent.
    pub(crate) fn keep(&self, id: &str, event: Event) {
        if let Some(hook) = self.all.lock().iter_mut().find(|hook| hook.id == id) {
            if hook.kept.len() >= KEPT {
                hook.kept.pop_front();
            }
            hook.kept.push_back(event);
        }
    }

    /// The events of a webhook, oldest first; none if there is no such webhook.
    pub(crate) fn events(&self, id: &str) -> Option<Vec<Event>> {
        self.all.lock().iter().find(|hook| hook.id == id).map(|hook| hook.kept.iter().cloned().collect())
    }

    /// Sets or takes away the webhook that no call registered. Its events are kept.
    pub(crate) fn set_preset(&self, secret: &str, url: Option<&str>) {
        let url = url.map(|url| with_path(url, ROLE.name));
        let mut all = self.all.lock();
        if let Some(hook) = all.iter_mut().find(|hook| hook.id == PRESET) {
            hook.enabled = url.is_some();
            hook.url = url.unwrap_or_else(|| hook.url.clone());
        } else if let Some(url) = url {
            all.push(hook(PRESET.to_owned(), url, secret.to_owned(), vec![ALL.to_owned()]));
        }
    }
}

fn hook(id: String, url: String, secret: String, events: Vec<String>) -> Hook {
    let created = ids::print(clock::now());
    Hook { id, url, secret, events, enabled: true, description: None, created, kept: VecDeque::new() }
}

/// Registers a webhook; the only answer that shows its secret.
pub(crate) async fn create(haven: web::Data<Haven>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let claim = Claim::of(&request, &body);
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let admitted = auth::service(&haven, &request);
    pass(haven, About::new("create_webhook"), admitted, move |haven| {
        let wanted =
            claim.check(haven).and_then(|()| read(haven, &body).map_err(|wrong| error(StatusCode::BAD_REQUEST, wrong)));
        let wanted = match wanted {
            Ok(wanted) => wanted,
            Err(refusal) => return refusal,
        };
        let mut all = haven.hooks.all.lock();
        if all.len() >= MOST {
            return error(StatusCode::BAD_REQUEST, "An organisation has at most 5 webhooks.");
        }
        haven.stage.secrets.note("haven_webhook_secret", &wanted.secret);
        let mut shown = wanted.shape();
        shown.insert("secret".to_owned(), json!(wanted.secret));
        let id = wanted.id.clone();
        all.push(wanted);
        Answer::made(StatusCode::OK, Body::Json(Value::Object(shown))).about_user(&id)
    })
    .await
}

fn read(haven: &Haven, body: &Value) -> Result<Hook, &'static str> {
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let url = text("url").filter(|url| url.starts_with("https://") || url.starts_with("http://"));
    let url = url.ok_or("url must be an http or https address.")?;
    let events = body.get("events").and_then(Value::as_array).filter(|events| !events.is_empty());
    let events = events.ok_or("events must name at least one kind.")?;
    let events: Option<Vec<String>> = events.iter().map(|event| event.as_str().map(str::to_owned)).collect();
    let enabled = match body.get("status").map(|status| status.as_str()) {
        None | Some(Some("Enabled")) => true,
        Some(Some("Disabled")) => false,
        Some(_) => return Err("status must be Enabled or Disabled."),
    };
    if text("description").is_some_and(|description| description.chars().count() > DESCRIPTION) {
        return Err("description must have at most 256 characters.");
    }
    let description = text("description").map(str::to_owned);
    let secret = format!("whs-{}", ids::token(haven, "webhook", url));
    let id = ids::id(haven.stage.dice, "wh", &[url, &secret]);
    let events = events.ok_or("events must be texts.")?;
    Ok(Hook { enabled, description, ..hook(id, url.to_owned(), secret, events) })
}

/// All webhooks, without their secrets.
pub(crate) async fn list(haven: web::Data<Haven>, request: HttpRequest, wanted: web::Query<Page>) -> HttpResponse {
    let admitted = auth::service(&haven, &request);
    pass(haven, About::new("list_webhooks"), admitted, move |haven| {
        let all = haven.hooks.all.lock().iter().map(|hook| Value::Object(hook.shape())).collect();
        Answer::found(page(all, &wanted))
    })
    .await
}

/// One webhook, without its secret.
pub(crate) async fn get(haven: web::Data<Haven>, request: HttpRequest, id: web::Path<String>) -> HttpResponse {
    let admitted = auth::service(&haven, &request);
    pass(haven, about("get_webhook", &id), admitted, move |haven| {
        let all = haven.hooks.all.lock();
        match all.iter().find(|hook| hook.id == *id) {
            Some(hook) => Answer::found(Value::Object(hook.shape())),
            None => missing(),
        }
    })
    .await
}

/// Sends a test event without keeping it, and tells how it was answered.
pub(crate) async fn ping(
    haven: web::Data<Haven>,
    request: HttpRequest,
    id: web::Path<String>,
    body: web::Bytes,
) -> HttpResponse {
    let claim = Claim::of(&request, &body);
    let admitted = auth::service(&haven, &request);
    pass(haven, about("ping_webhook", &id), admitted, move |haven| {
        if let Err(refusal) = claim.check(haven) {
            return refusal;
        }
        let Some((url, secret)) = haven.hooks.address(&id) else { return missing() };
        let later = Arc::clone(haven);
        Answer::found(Value::Null).later(async move {
            let (status, failure) = match deliver::ping(&later, &url, &secret).await {
                Ok(200) => return Answer::found(json!({ "status": "200" })),
                Ok(status) => (status.to_string(), "Not answered with 200".to_owned()),
                Err(failure) => ("ERR".to_owned(), failure),
            };
            Answer::found(json!({ "status": status, "error": failure }))
        })
    })
    .await
}

/// A call about a webhook.
pub(crate) fn about(action: &'static str, id: &str) -> About {
    About { user_uid: Some(id.to_owned()), ..About::new(action) }
}

pub(crate) fn missing() -> Answer {
    error(StatusCode::NOT_FOUND, "Webhook not found.")
}
