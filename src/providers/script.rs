//! A far end that answers from a list, and sends nothing: the samples of a definition and the adapters' tests play
//! their conversations with it. Replies enter; the requests that were asked for and the end leave.

use std::collections::VecDeque;
use std::future::Future;

use async_trait::async_trait;
use futures_util::FutureExt as _;
use gangway_core::time::Timestamp;
use parking_lot::Mutex;

use super::{Far, HttpRequest, Reply, Stop};

/// A far end with answers fixed beforehand; its time stands still.
#[derive(Debug)]
pub struct Script {
    now: Timestamp,
    rest: Mutex<VecDeque<Reply>>,
    sent: Mutex<Vec<HttpRequest>>,
}

impl Script {
    /// These answers, one after the other, at this time.
    pub fn new(now: Timestamp, replies: impl IntoIterator<Item = Reply>) -> Self {
        Self { now, rest: Mutex::new(replies.into_iter().collect()), sent: Mutex::default() }
    }

    /// Carries a conversation with this far end out to its end; `None` when it asks for more than there are answers.
    pub fn play<T>(&self, talk: impl Future<Output = T>) -> Option<T> {
        talk.now_or_never()
    }

    /// What was asked for so far.
    #[must_use]
    pub fn sent(&self) -> Vec<HttpRequest> {
        self.sent.lock().clone()
    }

    /// How many answers were never asked for.
    #[must_use]
    pub fn left(&self) -> usize {
        self.rest.lock().len()
    }

    /// Whether the last request may have changed something.
    #[must_use]
    pub fn doubt(&self) -> bool {
        self.sent.lock().last().is_some_and(|request| request.effectful)
    }
}

#[async_trait]
impl Far for Script {
    fn now(&self) -> Timestamp {
        self.now
    }

    async fn send(&self, request: HttpRequest) -> Result<Reply, Stop> {
        self.sent.lock().push(request);
        let reply = self.rest.lock().pop_front();
        match reply {
            Some(reply) => Ok(reply),
            None => std::future::pending().await,
        }
    }
}
