//! Events as they were sent, for reading back: `GET /webhooks/{id}/events?deliveryFailed=&kind=` and one by its id.
//! Source: docs/providers/haven.md, webhooks; `dfns/dfns-api-docs`, `api-docs/webhooks/list-webhook-events.md`.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::wallets::{Page, page};
use super::{Haven, auth, error, hooks};
use crate::door::Answer;
use crate::door::pass::pass;

/// One delivery: each try is an event of its own.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) date: String,
    pub(crate) data: Value,
    /// Unix seconds.
    pub(crate) sent: i64,
    pub(crate) attempt: u32,
    pub(crate) retry_of: Option<String>,
    pub(crate) failed: bool,
    pub(crate) status: Option<String>,
    pub(crate) error: Option<String>,
    pub(crate) next: Option<String>,
}

impl Event {
    /// What is posted.
    pub(crate) fn payload(&self) -> Map<String, Value> {
        let mut shape = Map::new();
        let mut set = |name: &str, value: Value| shape.insert(name.to_owned(), value);
        set("id", json!(self.id));
        set("kind", json!(self.kind));
        set("date", json!(self.date));
        set("data", self.data.clone());
        set("timestampSent", json!(self.sent));
        set("deliveryAttempt", json!(self.attempt));
        if let Some(before) = &self.retry_of {
            set("retryOf", json!(before));
        }
        shape
    }

    /// What is read back: the event, and how its delivery ended.
    fn shape(&self) -> Value {
        let mut shape = self.payload();
        shape.insert("deliveryFailed".to_owned(), json!(self.failed));
        for (name, value) in [("status", &self.status), ("error", &self.error), ("nextAttemptDate", &self.next)] {
            if let Some(value) = value {
                shape.insert(name.to_owned(), json!(value));
            }
        }
        Value::Object(shape)
    }
}

/// Which events.
#[derive(Deserialize)]
pub(crate) struct Wanted {
    #[serde(rename = "deliveryFailed")]
    failed: Option<bool>,
    kind: Option<String>,
}

/// The events of a webhook, oldest first.
pub(crate) async fn list(
    haven: web::Data<Haven>,
    request: HttpRequest,
    id: web::Path<String>,
    wanted: web::Query<Wanted>,
    part: web::Query<Page>,
) -> HttpResponse {
    let admitted = auth::service(&haven, &request);
    pass(haven, hooks::about("list_events", &id), admitted, move |haven| {
        let Some(events) = haven.hooks.events(&id) else { return hooks::missing() };
        let fits = |event: &&Event| {
            wanted.failed.is_none_or(|failed| event.failed == failed)
                && wanted.kind.as_ref().is_none_or(|kind| event.kind == *kind)
        };
        Answer::found(page(events.iter().filter(fits).map(Event::shape).collect(), &part))
    })
    .await
}

/// One event.
pub(crate) async fn get(
    haven: web::Data<Haven>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
) -> HttpResponse {
    let (id, event) = path.into_inner();
    let admitted = auth::service(&haven, &request);
    pass(haven, hooks::about("get_event", &id), admitted, move |haven| {
        let events = haven.hooks.events(&id).unwrap_or_default();
        match events.iter().find(|one| one.id == event) {
            Some(event) => Answer::found(event.shape()),
            None => error(StatusCode::NOT_FOUND, "Event not found."),
        }
    })
    .await
}
