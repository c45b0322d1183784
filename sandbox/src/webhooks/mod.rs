//! Sends Original's webhooks, and lists everybody's. An event enters; posts leave, again and again until one is accepted.
//!
//! Headers: docs/providers/original.md, 5.7. The correlation id is the same over all tries and copies of one event;
//! the attempt counts up. Sent for success only, as documented. Never waits in the way of a call.

pub(crate) mod deliver;
pub(crate) mod post;
pub(crate) mod record;
mod sign;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::{Semaphore, oneshot};

use crate::options::Options;
use crate::world::World;

/// Posts under way at once.
const AT_ONCE: usize = 64;

/// One event to tell of.
#[derive(Clone, Debug)]
pub(crate) struct Webhook {
    pub(crate) provider: &'static str,
    pub(crate) event: String,
    pub(crate) user_uid: String,
    pub(crate) external_id: Option<String>,
    pub(crate) asset_uid: Option<String>,
    pub(crate) body: Value,
    /// Told to nobody, because the user walked into that trap.
    pub(crate) silent: bool,
}

/// The sender's state.
pub(crate) struct Webhooks {
    url: RwLock<Option<String>>,
    client: reqwest::Client,
    slots: Semaphore,
    pub(crate) records: record::Records,
    /// Webhooks held back, by user; whoever sends the user's next one lets them go.
    held: Mutex<HashMap<String, oneshot::Sender<()>>>,
    tries: u32,
    backoff: Duration,
}

impl Webhooks {
    pub(crate) fn new(options: &Options) -> std::io::Result<Self> {
        Ok(Self {
            url: RwLock::new(options.webhook_url.as_deref().map(whole)),
            client: post::client()?,
            slots: Semaphore::new(AT_ONCE),
            records: record::Records::new(options.limits.listed),
            held: Mutex::default(),
            tries: options.limits.webhook_tries.max(1),
            backoff: options.limits.webhook_backoff,
        })
    }

    pub(crate) fn set_url(&self, url: Option<&str>) {
        *self.url.write().unwrap_or_else(PoisonError::into_inner) = url.map(whole);
    }

    fn url(&self) -> Option<String> {
        self.url.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many were to be sent, and how many of them were accepted.
    pub(crate) fn count(&self) -> (u64, u64) {
        self.records.count()
    }
}

/// A URL without a path gets the path where gangway takes Original's webhooks.
fn whole(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    match rest.split_once('/') {
        None => format!("{url}/webhooks/original"),
        Some((_, "")) => format!("{url}webhooks/original"),
        Some(_) => url.to_owned(),
    }
}

/// Tells of an event, beside everything else.
pub(crate) fn send(world: &Arc<World>, webhook: Webhook) {
    let later = Arc::clone(world);
    world.background(async move { deliver::deliver(&later, webhook).await });
}

#[derive(Deserialize)]
struct Wanted {
    external_id: Option<String>,
    user_uid: Option<String>,
}

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config.route(
        "/_webhooks",
        web::get().to(async |world: web::Data<World>, wanted: web::Query<Wanted>| {
            let records = &world.webhooks.records;
            HttpResponse::Ok().json(records.list(wanted.external_id.as_deref(), wanted.user_uid.as_deref()))
        }),
    );
}

#[cfg(test)]
mod tests {
    use super::whole;

    #[test]
    fn only_a_url_without_a_path_gets_one() {
        assert_eq!(whole("http://127.0.0.1:8080"), "http://127.0.0.1:8080/webhooks/original");
        assert_eq!(whole("http://127.0.0.1:8080/"), "http://127.0.0.1:8080/webhooks/original");
        assert_eq!(whole("http://h/webhooks/original/SECRET"), "http://h/webhooks/original/SECRET");
    }
}
