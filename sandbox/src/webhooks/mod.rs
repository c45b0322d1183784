//! Sends the providers' webhooks and lists them. An event and how its provider tells it enter; posts leave, again and
//! again until one is accepted. The id is the same over all tries and copies of one event; the attempt counts up.
//! Where to and with which headers is each provider's own ([`Sender`]); nothing of that is known here.

pub(crate) mod deliver;
pub(crate) mod post;
pub(crate) mod record;
pub(crate) mod sign;

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

/// How a provider tells of its events.
pub(crate) struct Sender {
    /// Where a webhook goes at this moment; None: nowhere.
    pub(crate) url: fn(&World, &Way) -> Option<String>,
    /// The headers of one post, besides the content type.
    pub(crate) headers: fn(&World, &Telling<'_>) -> Vec<(&'static str, String)>,
    /// Whether a forgery shows in its signature; if not, a secret in the path is all there is to check.
    pub(crate) signed: fn(&World) -> bool,
}

/// One post about to be made.
pub(crate) struct Telling<'a> {
    pub(crate) id: &'a str,
    pub(crate) attempt: u32,
    pub(crate) body: &'a str,
    pub(crate) forged: bool,
}

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

/// How one webhook goes.
pub(crate) struct Way {
    pub(crate) sender: &'static Sender,
    /// The address it is meant for, where several are registered.
    pub(crate) endpoint: Option<String>,
    /// Held back for so long, whatever the mischief.
    pub(crate) late: Option<Duration>,
    /// Sent again after it was accepted, whatever the mischief.
    pub(crate) twice: bool,
}

impl Way {
    /// To the sender's own address, with nothing special about it.
    pub(crate) fn plain(sender: &'static Sender) -> Self {
        Self { sender, endpoint: None, late: None, twice: false }
    }
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
            url: RwLock::new(options.webhook_url.as_deref().map(|url| with_path(url, "original"))),
            client: post::client()?,
            slots: Semaphore::new(AT_ONCE),
            records: record::Records::new(options.limits.listed),
            held: Mutex::default(),
            tries: options.limits.webhook_tries.max(1),
            backoff: options.limits.webhook_backoff,
        })
    }

    pub(crate) fn set_url(&self, url: Option<&str>) {
        *self.url.write().unwrap_or_else(PoisonError::into_inner) = url.map(|url| with_path(url, "original"));
    }

    /// Where Original's go.
    pub(crate) fn url(&self) -> Option<String> {
        self.url.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many were to be sent, and how many of them were accepted.
    pub(crate) fn count(&self) -> (u64, u64) {
        self.records.count()
    }
}

/// A URL without a path gets the path where gangway takes a provider's webhooks.
pub(crate) fn with_path(url: &str, provider: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    match rest.split_once('/') {
        None => format!("{url}/webhooks/{provider}"),
        Some((_, "")) => format!("{url}webhooks/{provider}"),
        Some(_) => url.to_owned(),
    }
}

/// Tells of an event, beside everything else.
pub(crate) fn send(world: &Arc<World>, webhook: Webhook, way: Way) {
    let later = Arc::clone(world);
    world.background(async move { deliver::deliver(&later, webhook, way).await });
}

/// The same; the receiver resolves when nothing more is to be sent.
pub(crate) fn send_and_tell(world: &Arc<World>, webhook: Webhook, way: Way) -> oneshot::Receiver<()> {
    let (tell, told) = oneshot::channel();
    let later = Arc::clone(world);
    world.background(async move {
        deliver::deliver(&later, webhook, way).await;
        // Whoever waited may have lost patience.
        let _ = tell.send(());
    });
    told
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
    use super::with_path;

    #[test]
    fn only_a_url_without_a_path_gets_one() {
        assert_eq!(with_path("http://127.0.0.1:8080", "original"), "http://127.0.0.1:8080/webhooks/original");
        assert_eq!(with_path("http://127.0.0.1:8080/", "original"), "http://127.0.0.1:8080/webhooks/original");
        assert_eq!(with_path("http://h/webhooks/original/SECRET", "original"), "http://h/webhooks/original/SECRET");
    }
}
