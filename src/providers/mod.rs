//! Adapters: translation only. Given an action and its input, an adapter has one conversation with a far end: what to
//! ask for next, what the answer means. It reads verified webhooks into facts. It never sends: `outbound` does.

pub mod body;
pub mod common;
pub mod complaint;
pub mod didx;
pub mod directory;
pub mod generic;
pub mod guardian;
pub mod haven;
pub mod original;
pub mod parts;
pub mod password;
pub mod registry;
pub mod said;
pub mod script;
pub mod spoken;
pub mod stop;
#[cfg(test)]
pub(crate) mod talk;
pub mod wait;
pub mod waltid;
#[cfg(test)]
pub(crate) mod ways_test;
pub mod webhook;

use std::fmt;

use async_trait::async_trait;
use gangway_core::catalogue::Catalogue;
use gangway_core::effect::{EffectId, Mode};
use gangway_core::event::{FactReport, Identifier};
use gangway_core::outcome::Answer;
use gangway_core::time::{Millis, Timestamp};
use secrecy::SecretString;
use serde_json::{Map, Value};

pub use self::stop::Stop;

/// The far end of a conversation, as an adapter sees it: tokens, rates and limits are added on the way, and what was
/// sent is remembered. Only `outbound` implements it with a network behind it; [`script::Script`] answers from a list.
#[async_trait]
pub trait Far: Send + Sync {
    /// The time.
    fn now(&self) -> Timestamp;

    /// Asks, and waits for the whole answer, whatever its status.
    ///
    /// # Errors
    /// There is no answer, and the conversation is over: hand the [`Stop`] on as it is.
    async fn send(&self, request: HttpRequest) -> Result<Reply, Stop>;
}

/// One provider.
#[async_trait]
pub trait Adapter: Send + Sync + fmt::Debug {
    /// Its name, the prefix of its actions and facts.
    fn name(&self) -> &str;

    /// Adds its actions and facts to what flows may name.
    fn describe(&self, catalogue: &mut Catalogue);

    /// Kinds of identifiers that it writes, where they are known only when it is set up.
    fn identifier_kinds(&self) -> Vec<String> {
        Vec::new()
    }

    /// How many requests the provider takes, where that is known beforehand.
    fn rate(&self) -> Option<Rate> {
        None
    }

    /// How many requests some of its actions take, beside what it takes in all.
    fn action_rates(&self) -> Vec<(String, Rate)> {
        Vec::new()
    }

    /// Has the conversation of one attempt.
    ///
    /// # Errors
    /// [`Stop`]: it ended without an answer.
    async fn call(&self, call: &Call<'_>, far: &dyn Far) -> Result<Answer, Stop>;

    /// Gets the token of this name, which a [`HttpRequest::token`] asked for. Only adapters with requests that ask for
    /// one have any.
    ///
    /// # Errors
    /// [`Stop`]: none can be had now.
    async fn token(&self, _name: &str, _far: &dyn Far) -> Result<Token, Stop> {
        Err(Stop::broken("this adapter has no tokens; this is a fault of gangway"))
    }

    /// Where the provider keeps deliveries that did not arrive and the action `missed_deliveries` reads them: ids of
    /// webhooks that the settings name. `None`: it keeps none.
    fn reads_back(&self) -> Option<Vec<String>> {
        None
    }

    /// Reads a delivery that passed verification.
    ///
    /// # Errors
    /// [`Unreadable`] when it is not what this provider sends; it is answered with 400.
    fn read(&self, delivery: &Delivery<'_>) -> Result<Reading, Unreadable>;
}

/// How many requests a provider takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Number of requests, at least one.
    pub requests: u32,
    /// The time for which the number holds.
    pub per: Millis,
}

impl Rate {
    /// How many conversations may be under way so that each gets a tick for its next request within this time; at
    /// least one.
    #[must_use]
    pub fn fitting(self, within: Millis) -> u32 {
        let micros = i64::try_from(within.0.saturating_mul(1000)).unwrap_or(i64::MAX);
        u32::try_from(micros / self.step_micros().max(1)).unwrap_or(u32::MAX).max(1)
    }

    /// The time from one request to the next when they are spread evenly, in microseconds.
    #[must_use]
    pub fn step_micros(self) -> i64 {
        let step = self.per.0.saturating_mul(1000).div_ceil(u64::from(self.requests.max(1)));
        i64::try_from(step).unwrap_or(i64::MAX)
    }
}

/// One attempt of a call.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// The action, without the provider's name.
    pub action: &'a str,
    /// Its input.
    pub input: &'a Map<String, Value>,
    /// The effect's name: the idempotency key of all its attempts.
    pub effect: EffectId,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// Do it, or only find out whether it was done.
    pub mode: Mode,
    /// Since when an earlier attempt may have done the work unseen.
    pub uncertain_since: Option<Timestamp>,
}

/// A token.
#[derive(Clone, Debug)]
pub struct Token {
    /// The token itself, without `Bearer`.
    pub value: SecretString,
    /// How long it may be used, the margin for renewing it early taken off; absent: until it is refused.
    pub good_for: Option<Millis>,
}

/// A request to send.
#[derive(Clone, Debug, Default)]
pub struct HttpRequest {
    /// `GET`, `POST`, ...
    pub method: &'static str,
    /// Whole URL.
    pub url: String,
    /// Query, percent-encoded by the sender.
    pub query: Vec<(String, String)>,
    /// Headers without secrets.
    pub headers: Vec<(&'static str, String)>,
    /// Name of the token that goes into `Authorization: Bearer`: got through [`Adapter::token`] once for all requests
    /// that need it, renewed before it expires, and once more when the answer is 401; then the request is sent again.
    pub token: Option<&'static str>,
    /// Headers with secrets: never logged.
    pub secret_headers: Vec<(&'static str, SecretString)>,
    /// Headers with names that are known only when a definition is loaded; secret or not, they are treated as secret.
    pub named_headers: Vec<(String, SecretString)>,
    /// The exact bytes of the body.
    pub body: Option<Vec<u8>>,
    /// The action, where it has a rate of its own that this request counts for.
    pub rated: Option<String>,
    /// Whether it changes anything at the provider: only such a request can end unknown.
    pub effectful: bool,
    /// Fields of the JSON answer that may be logged; everything else never is.
    pub loggable: &'static [&'static str],
}

/// An answer.
#[derive(Debug)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Body, at most the sender's cap.
    pub body: Vec<u8>,
    /// When the request was sent.
    pub sent_at: Timestamp,
    /// When the whole answer was there.
    pub received_at: Timestamp,
}

/// A webhook delivery.
#[derive(Clone, Copy, Debug)]
pub struct Delivery<'a> {
    /// Headers, names in lower case.
    pub headers: &'a [(String, String)],
    /// The body, parsed.
    pub json: &'a Value,
    /// Whether a signature over the whole body was right (a secret in the path alone is not that).
    pub signed: bool,
    /// When it was received.
    pub received_at: Timestamp,
}

/// What a delivery says.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// Event type in gangway: `PROVIDER.…`.
    pub kind: String,
    /// The provider's key that stays the same over redeliveries; without one, a digest of the body stands in.
    pub key: Option<String>,
    /// When it happened by the provider's clock.
    pub occurred_at: Option<Timestamp>,
    /// Names the user at the provider.
    pub identifiers: Vec<Identifier>,
    /// What is said to be true.
    pub facts: Vec<FactReport>,
    /// JSON pointers of fields that a redelivery changes by design.
    pub varies: Vec<String>,
}

/// Why a delivery cannot be read; no personal data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(pub String);
