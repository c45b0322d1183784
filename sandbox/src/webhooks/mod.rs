//! Sends the providers' webhooks and lists them. An event and its provider's way to tell it enter; posts leave, again
//! and again until one is accepted. The id is the same over all tries and copies of one event; the attempt counts up.
//! Where to and with which headers is each provider's own ([`Sender`]); nothing of that is known here.

pub(crate) mod deliver;
mod post;
pub(crate) mod record;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::Value;
use tokio::sync::{Semaphore, oneshot};

use crate::options::Limits;

/// Posts under way at once.
const AT_ONCE: usize = 64;

/// How a provider sends its events.
pub(crate) trait Sender: Send + Sync {
    /// Where a webhook goes at this moment; None: nowhere.
    fn url(&self, way: &Way) -> Option<String>;

    /// The headers of one post, besides the content type.
    fn headers(&self, telling: &Telling<'_>) -> Vec<(&'static str, String)>;

    /// Whether a forgery shows in its signature; if not, a secret in the path is all there is to check.
    fn signed(&self) -> bool;
}

/// One post about to be made.
pub(crate) struct Telling<'a> {
    pub(crate) id: &'a str,
    pub(crate) attempt: u32,
    pub(crate) body: &'a str,
    pub(crate) forged: bool,
}

/// One event to send.
#[derive(Clone, Debug)]
pub(crate) struct Webhook {
    pub(crate) provider: &'static str,
    pub(crate) event: String,
    pub(crate) user_uid: String,
    pub(crate) external_id: Option<String>,
    pub(crate) asset_uid: Option<String>,
    pub(crate) body: Value,
    /// Never sent, because the user walked into that trap.
    pub(crate) silent: bool,
}

/// How one webhook goes.
pub(crate) struct Way {
    pub(crate) sender: Arc<dyn Sender>,
    /// The address it is meant for, where several are registered.
    pub(crate) endpoint: Option<String>,
    /// Held back for this long, whatever the mischief.
    pub(crate) late: Option<Duration>,
    /// Sent again after it was accepted, whatever the mischief.
    pub(crate) twice: bool,
}

impl Way {
    /// To the sender's own address, with nothing special about it.
    pub(crate) fn plain(sender: Arc<dyn Sender>) -> Self {
        Self { sender, endpoint: None, late: None, twice: false }
    }
}

/// The sender's state.
pub(crate) struct Webhooks {
    client: reqwest::Client,
    slots: Semaphore,
    pub(crate) records: record::Records,
    /// Webhooks held back, by user; sending the user's next one lets them go.
    held: Mutex<HashMap<String, oneshot::Sender<()>>>,
    patience: Duration,
    tries: u32,
    backoff: Duration,
}

impl Webhooks {
    pub(crate) fn new(limits: &Limits) -> std::io::Result<Self> {
        Ok(Self {
            client: post::client()?,
            slots: Semaphore::new(AT_ONCE),
            records: record::Records::new(limits.listed),
            held: Mutex::default(),
            patience: limits.reorder,
            tries: limits.webhook_tries.max(1),
            backoff: limits.webhook_backoff,
        })
    }

    /// Waits for the user's next webhook, but not for ever: there may be none.
    pub(crate) async fn hold(&self, user_uid: &str) {
        let (let_go, held) = oneshot::channel();
        self.held.lock().insert(user_uid.to_owned(), let_go);
        let _ = tokio::time::timeout(self.patience, held).await;
        let mut waiting = self.held.lock();
        // Timed out, or replaced by another: what has no listener any more is taken away.
        if waiting.get(user_uid).is_some_and(oneshot::Sender::is_closed) {
            waiting.remove(user_uid);
        }
    }

    /// Lets go the webhook of the user that is held back, if one is.
    pub(crate) fn release(&self, user_uid: &str) {
        if let Some(held) = self.held.lock().remove(user_uid) {
            // It may have run out of patience just now; then it goes by itself.
            let _ = held.send(());
        }
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
