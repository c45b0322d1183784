//! What can happen. Everything that moves an onboarding is one of these, and every one of them is journaled.
//! Values only: reading bytes into an event is done by `inbound`, giving it an owner by `engine`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::outcome::AttemptResult;
use crate::time::Timestamp;

/// Something that happened; never changed once recorded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Its origin: a CloudEvents source, `webhook:original`, `effect`, `timer`, `operator:NAME`, `engine`.
    pub source: String,
    /// Dedupe key, unique within `source`.
    pub key: String,
    /// Type, such as `user.signed_up`, `original.wallet_created`, `effect.outcome`.
    #[serde(rename = "type")]
    pub kind: String,
    /// When gangway received it.
    pub received_at: Timestamp,
    /// When it happened by its sender's clock, where the sender says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occurred_at: Option<Timestamp>,
    /// What it says.
    pub body: Body,
}

/// What an event says; the variant tells where it comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Body {
    /// An internal system speaks (HTTP CloudEvent or AMQP). Starts a flow, or is awaited by its type.
    Message {
        /// The user's id in the internal systems (CloudEvents `subject`).
        subject: Option<String>,
        /// CloudEvents `data`.
        data: Value,
    },
    /// A provider speaks (verified webhook). Owner: the one of its identifiers.
    Report {
        /// What names the user at the provider; the first one with an owner decides.
        identifiers: Vec<Identifier>,
        /// What is said to be true; may be empty (unknown event type: remembered, nothing else).
        facts: Vec<FactReport>,
    },
    /// An onboarding begins another flow for its user, or joins the onboarding of it that runs.
    Child {
        /// The onboarding that asks, and is told how the child ends.
        parent: OnboardingId,
        /// Name of the flow.
        flow: String,
        /// The user of both.
        user: UserId,
        /// The child's data.
        data: Map<String, Value>,
    },
    /// An attempt of an effect ended, or its lease ran out.
    Outcome {
        /// The effect's number within its onboarding.
        effect: i64,
        /// Which attempt, from 1.
        attempt: u32,
        /// When the attempt's request was sent (ranks what it read against later reports).
        sent_at: Timestamp,
        /// How it ended.
        result: AttemptResult,
        /// The answer gives an identifier that another user has: said by the engine, which alone knows owners.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        taken: Option<Taken>,
        /// It counts against no attempts: its process died, or the far end failed for every onboarding at that time.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        unspent: bool,
    },
    /// The time came that the onboarding asked to be woken at.
    Timer {
        /// The revision that asked for it; the step looks at what is due now, not at this.
        revision: u64,
    },
    /// A person of support or operations acts.
    Operator {
        /// Name of the access token that was used.
        actor: String,
        /// Why, in the person's words. May hold personal data: sealed like every body.
        reason: String,
        /// What is asked.
        act: OperatorAct,
        /// The revision that the person saw; the act is refused when the onboarding has another one now.
        #[serde(default)]
        revision: Option<u64>,
    },
    /// The engine continues adopting held events after a full batch of them.
    Adopt {
        /// Blind value of the identifier that the adopted events are held on, hexadecimal.
        blind: String,
    },
    /// The sweep found neither an unsettled effect, nor a timer, nor a review for it in the database.
    Stranded,
}

/// What an operator can do to an onboarding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum OperatorAct {
    /// Try again what the state asked for, or answer an `ask` state's `retry`.
    Retry,
    /// Put the onboarding into this state of its flow.
    Move {
        /// Name of the state.
        state: String,
    },
    /// Take over a held event that belongs to this onboarding.
    Adopt {
        /// The held event's number in the journal.
        event: i64,
    },
    /// End it as cancelled.
    Cancel,
    /// Write the reason into the journal; nothing moves.
    Note,
}

/// An identifier of an answer that another user has already.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    /// Its kind.
    pub kind: String,
    /// The onboarding that it belongs to.
    pub by: OnboardingId,
}

/// Kind and value that name a user at a provider, such as `original.user_uid` and `144323473583`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Identifier {
    /// Kind: `PROVIDER.NAME`, or `user.external_id`, `user.email`.
    pub kind: String,
    /// Value, as the provider writes it.
    pub value: String,
}

impl Identifier {
    /// Kind of the identifier by which internal systems name a user.
    pub const EXTERNAL_ID: &'static str = "user.external_id";
    /// Kind of the identifier that is the user's e-mail address.
    pub const EMAIL: &'static str = "user.email";

    /// An identifier of this kind and value.
    #[must_use]
    pub fn new(kind: impl Into<String>, value: impl Into<String>) -> Self {
        Self { kind: kind.into(), value: value.into() }
    }

    /// Whether it names no one: a provider that has no value yet may write an empty one, for many people at once.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.value.trim().is_empty()
    }
}

/// One thing that a provider says is true of one of its resources.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FactReport {
    /// Name of the fact, `PROVIDER.WHAT_HAPPENED`, as in the catalogue.
    pub name: String,
    /// The resource it is about (a wallet's address, an issuance's id); empty when there is only one.
    #[serde(default)]
    pub resource: String,
    /// What is known of it.
    #[serde(default)]
    pub fields: Map<String, Value>,
    /// When it became true by the provider's clock, where the provider says so; for a read, when it was sent.
    #[serde(default)]
    pub time: Option<Timestamp>,
    /// The profile's rank of states, for providers that send no time.
    #[serde(default)]
    pub rank: u32,
    /// Whether it may move anything by itself.
    pub trust: Trust,
}

/// Beginning of the names of the facts by which onboardings tell each other how they ended: `flow.NAME.completed`,
/// `flow.NAME.failed`, `flow.NAME.cancelled`. No outside system may send one.
pub const OF_FLOWS: &str = "flow.";

/// The flow of which this fact tells the end; `None` for any other name.
#[must_use]
pub fn flow_of(name: &str) -> Option<&str> {
    name.strip_prefix(OF_FLOWS)?.rsplit_once('.').map(|(flow, _)| flow)
}

/// Whether a fact may move an onboarding by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trust {
    /// Read at the provider, or delivered with a verified signature over complete content.
    Fact,
    /// Thin or not verifiable: asks for a read at the provider, and that answer is the fact.
    Hint,
}

/// Names one onboarding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OnboardingId(pub Uuid);

/// Names one user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UserId(pub Uuid);

impl std::fmt::Display for OnboardingId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::fmt::Display for UserId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}
