//! One user in one flow: the state machine's whole state. It is the fold of its journal: replaying the normalised
//! events gives the same value. The cost of a step does not grow with history.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::effect::Mode;
use crate::event::{FactReport, Identifier, OF_FLOWS, OnboardingId, Trust, UserId};
use crate::objection::Objection;
use crate::time::Timestamp;

/// The person. Personal data: never in logs, metrics, errors or journal details.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// gangway's own id.
    pub id: UserId,
    /// The id in the internal systems.
    pub external_id: String,
    /// E-mail address, as given.
    pub email: Option<String>,
    /// Preferred language, such as `de`.
    pub locale: Option<String>,
    /// When gangway first heard of the person.
    pub created_at: Timestamp,
}

/// One user in one flow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Onboarding {
    /// Its id.
    pub id: OnboardingId,
    /// Its user.
    pub user: User,
    /// Its flow; pinned for life.
    pub flow: FlowRef,
    /// Name of the state it is in.
    pub state: String,
    /// What that means to an onlooker.
    pub status: Status,
    /// When it entered the state.
    pub since: Timestamp,
    /// When it must be woken although nothing came.
    pub wake_at: Option<Timestamp>,
    /// Counts its changes, from 1.
    pub revision: u64,
    /// When it began.
    pub created_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// What it knows; sealed at rest with the user's key.
    pub memory: Memory,
}

impl Onboarding {
    /// When it must be woken, by what it knows: the earliest of deadline and next poll. While a read is pending, its
    /// answer sets the next poll. Call states have none: their effect is itself due at a time.
    #[must_use]
    pub fn wakes_at(&self) -> Option<Timestamp> {
        if self.status != Status::Waiting {
            return None;
        }
        let poll = if self.memory.pending.is_some() { None } else { self.memory.next_poll };
        [self.memory.deadline, poll].into_iter().flatten().min()
    }

    /// By which reviews are grouped: why a person is asked, about what, and how the provider answered, in words without
    /// personal data. `None` when no person is asked.
    #[must_use]
    pub fn cause(&self) -> Option<String> {
        let review = self.memory.review.as_ref().filter(|_| self.status == Status::Review)?;
        let objection = self.memory.objections.last();
        let about = match (&self.memory.pending, objection) {
            (Some(pending), _) => pending.target.clone(),
            (None, Some(objection)) => format!("{} {}", objection.target, objection.outcome),
            (None, None) => self.state.clone(),
        };
        // A code is the provider's word: what does not look like one is left out.
        let is_plain = |code: &&String| {
            let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
            code.len() <= 40 && code.chars().all(plain)
        };
        let code = objection.and_then(|objection| objection.code.as_ref()).filter(is_plain);
        Some(
            std::iter::once(review.cause.word())
                .chain([about.as_str()])
                .chain(code.map(String::as_str))
                .collect::<Vec<_>>()
                .join(" "),
        )
    }

    /// The fact by which parents are told how it ended; `None` while it has not.
    #[must_use]
    pub fn end(&self) -> Option<FactReport> {
        let time = self.ended_at.filter(|_| self.status.ended())?;
        let mut fields = self.memory.tells.clone();
        fields.insert("onboarding_id".to_owned(), Value::String(self.id.to_string()));
        Some(FactReport {
            name: format!("{OF_FLOWS}{}.{}", self.flow.name, self.status.word()),
            resource: self.id.to_string(),
            fields,
            time: Some(time),
            rank: 0,
            trust: Trust::Fact,
        })
    }
}

/// A flow and its version.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FlowRef {
    /// Name of the flow.
    pub name: String,
    /// Its version.
    pub version: u32,
}

/// What an onboarding's position means to an onlooker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// An effect is being performed.
    Active,
    /// A fact, an event or a time is awaited.
    Waiting,
    /// A person must decide.
    Review,
    /// Ended well.
    Completed,
    /// Ended badly.
    Failed,
    /// Ended by an operator.
    Cancelled,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 6] =
        [Self::Active, Self::Waiting, Self::Review, Self::Completed, Self::Failed, Self::Cancelled];

    /// Whether nothing will ever move it again.
    #[must_use]
    pub const fn ended(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }

    /// The word that the API and the database use.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Waiting => "waiting",
            Self::Review => "review",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The status of this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.word() == word)
    }
}

/// What an onboarding knows. May hold personal data; sealed at rest.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Memory {
    /// What later states read of the start event's data.
    pub data: Map<String, Value>,
    /// What later states read of each state's answer: state, field, value.
    pub states: BTreeMap<String, Map<String, Value>>,
    /// What is known to be true, and hints that were not confirmed yet; at most one for each name and resource.
    pub facts: Vec<Known>,
    /// Identifiers that belong to this onboarding.
    pub identifiers: Vec<Identifier>,
    /// How many effects were asked so far; the next one's number is one more.
    pub asked: i64,
    /// The effect that the state waits for: its own, or a poll's, or a confirming read's.
    pub pending: Option<Pending>,
    /// When the awaiting state is late.
    pub deadline: Option<Timestamp>,
    /// The awaiting state's next poll or confirming read.
    pub next_poll: Option<Timestamp>,
    /// Polls and confirming reads since the state was entered, for the back-off.
    pub polls: u32,
    /// The open question to a person.
    pub review: Option<Review>,
    /// The onboardings that began it or joined it: each is told how it ends.
    pub parents: BTreeSet<OnboardingId>,
    /// By flow, the onboarding that this one began or joined last, and whose end it awaits.
    pub children: BTreeMap<String, OnboardingId>,
    /// What its end tells, beyond the fact that it ended.
    pub tells: Map<String, Value>,
    /// What far ends objected to and was not overcome since, the newest last.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub objections: Vec<Objection>,
    /// How often each state was entered since the last news from outside.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub rounds: BTreeMap<String, u32>,
    /// Mails that were asked since it began, or since a person last tried again or moved it.
    pub mails: u32,
    /// Calls, mails, publications and starts of flows that were asked since then.
    pub effects: u32,
    /// Time of the latest event that changed it: for one onboarding, time never runs backwards.
    pub last_at: Timestamp,
}

/// A fact or an unconfirmed hint, with when gangway came to know it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Known {
    /// What was said.
    pub report: FactReport,
    /// When gangway received it.
    pub received_at: Timestamp,
}

/// An effect that has no final outcome yet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pending {
    /// The effect's number.
    pub n: i64,
    /// What it is for.
    pub purpose: Purpose,
    /// `call`, `mail`, `publish` and what: shown to people (`original.create_user`).
    pub target: String,
    /// Attempts that ended so far and count.
    pub attempts: u32,
    /// Number of the last attempt that ended, counted or not: what comes from it or from an earlier one is late.
    #[serde(default)]
    pub tried: u32,
    /// How many of those were look-ups.
    #[serde(default)]
    pub looked: u32,
    /// How the next attempt is made.
    pub mode: Mode,
    /// When it was asked.
    pub asked_at: Timestamp,
    /// When the next attempt is due.
    pub due_at: Timestamp,
    /// Since when an attempt may have done the work unseen.
    pub uncertain_since: Option<Timestamp>,
    /// Look-ups that answered "not done" since then.
    pub look_ups: u32,
    /// The last attempt's cause, when it did not succeed.
    pub trouble: Option<String>,
}

impl Pending {
    /// Attempts of the work itself that ended, counted or not: without the look-ups.
    #[must_use]
    pub const fn works(&self) -> u32 {
        self.tried.saturating_sub(self.looked)
    }
}

/// What a pending effect is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// The state's own work; its outcome leaves the state.
    Work,
    /// A poll of an awaiting state.
    Poll,
    /// A read that confirms a hint.
    Confirm,
}

/// An open question to a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// Why a person is asked.
    pub cause: ReviewCause,
    /// What happened and what can be done; no personal data.
    pub detail: String,
    /// When the question was asked.
    pub since: Timestamp,
}

/// Why a person is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReviewCause {
    /// The flow asks (`ask`).
    Asked,
    /// All attempts failed.
    Exhausted,
    /// Whether the work was done could not be found out.
    Unknown,
    /// The far end answered what the adapter cannot accept.
    Broken,
    /// An expression or a template failed.
    Expression,
    /// The flow has no such state or outcome any more.
    Flow,
    /// It went round without news, or asked for more than one onboarding may.
    Circle,
}

impl ReviewCause {
    /// The word that the API and the metrics use.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Exhausted => "exhausted",
            Self::Unknown => "unknown",
            Self::Broken => "broken",
            Self::Expression => "expression",
            Self::Flow => "flow",
            Self::Circle => "circle",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Memory;

    #[test]
    fn a_memory_that_was_written_before_there_were_children_is_read() {
        let written = r#"{"data":{"plan":"gold"},"states":{},"facts":[],"identifiers":[],"asked":2,"pending":null,
            "deadline":null,"next_poll":null,"polls":0,"review":null,"last_at":7}"#;
        let memory: Memory = serde_json::from_str(written).unwrap();
        assert_eq!((memory.asked, memory.parents.len(), memory.children.len(), memory.tells.len()), (2, 0, 0, 0));
    }
}
