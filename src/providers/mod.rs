//! Adapters: translation only. Given an action and its input, an adapter says the next request to send; given the
//! answer, the outcome or the next request. It reads verified webhooks into facts. It never sends: `outbound` does.

pub mod original;
pub mod wait;

use std::fmt;

use gangway_core::catalogue::Catalogue;
use gangway_core::effect::{EffectId, Mode};
use gangway_core::event::{FactReport, Identifier};
use gangway_core::outcome::AttemptResult;
use gangway_core::time::Timestamp;
use secrecy::SecretString;
use serde_json::{Map, Value};

/// Kinds of identifiers that the adapters write: what people may search by, beside a user's own.
pub const IDENTIFIER_KINDS: [&str; 2] = [original::USER_UID, original::ASSET_UID];

/// Adds what every provider offers, also of those that are not set up: for checking flows without keys.
pub fn describe_all(catalogue: &mut Catalogue, general: &gangway_core::retry::Policy) {
    original::describe(catalogue, general);
}

/// One provider.
pub trait Adapter: Send + Sync + fmt::Debug {
    /// Its name, the prefix of its actions and facts.
    fn name(&self) -> &str;

    /// Adds its actions and facts to what flows may name.
    fn describe(&self, catalogue: &mut Catalogue);

    /// The first request of an attempt, or its result when nothing need be sent.
    fn begin(&self, call: &Call<'_>) -> Turn;

    /// What follows from the answer to the request of this stage.
    fn resume(&self, call: &Call<'_>, stage: &Stage, reply: &Reply) -> Turn;

    /// Reads a delivery whose secret or signature was right.
    ///
    /// # Errors
    /// [`Unreadable`] when it is not what this provider sends; it is answered with 400.
    fn read(&self, delivery: &Delivery<'_>) -> Result<Reading, Unreadable>;
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
    /// Do it, or only find out whether it was done.
    pub mode: Mode,
    /// Since when an earlier attempt may have done the work unseen.
    pub uncertain_since: Option<Timestamp>,
    /// Now.
    pub now: Timestamp,
}

/// What follows.
#[derive(Debug)]
pub enum Turn {
    /// Send this, and come back with the answer and this stage.
    Send(Request, Stage),
    /// The attempt ended.
    Ended(AttemptResult),
    /// The provider refuses us as a whole (credentials, a moved address): no attempt is spent, the whole provider
    /// rests and is probed until it is mended. The cause is shown to people: no personal data, no secrets.
    Barred(String),
}

/// Where a conversation stands: the adapter's own word, and what it wants to remember until the answer.
#[derive(Clone, Debug, Default)]
pub struct Stage {
    /// The adapter's word.
    pub at: &'static str,
    /// What it remembers.
    pub memo: Value,
}

/// A request to send.
#[derive(Debug)]
pub struct Request {
    /// `GET`, `POST`, ...
    pub method: &'static str,
    /// Whole URL.
    pub url: String,
    /// Query, percent-encoded by the sender.
    pub query: Vec<(String, String)>,
    /// Headers without secrets.
    pub headers: Vec<(&'static str, String)>,
    /// Headers with secrets: never logged.
    pub secret_headers: Vec<(&'static str, SecretString)>,
    /// The exact bytes of the body.
    pub body: Option<Vec<u8>>,
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
    /// The provider's key that is the same over redeliveries; a digest of the body stands in.
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
