//! What `step` answers: the onboarding as it is afterwards, and what is asked of the world. Values only; `engine`
//! commits them in one transaction or not at all.

use serde::{Deserialize, Serialize};

use crate::effect::{Effect, Mode};
use crate::event::Identifier;
use crate::onboarding::Onboarding;
use crate::time::Timestamp;

/// The answer to one event.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// What became of the event.
    pub verdict: Verdict,
    /// The onboarding afterwards; equal to the one before (same revision) when nothing changed.
    pub onboarding: Onboarding,
    /// State before.
    pub from: Option<String>,
    /// State after.
    pub to: Option<String>,
    /// New effects.
    pub asks: Vec<Effect>,
    /// Effects that tell parents of the end; they never move the onboarding.
    pub tells: Vec<Effect>,
    /// What becomes of effects that were asked before.
    pub follow_ups: Vec<FollowUp>,
    /// Identifiers that now belong to this onboarding.
    pub identifiers: Vec<Identifier>,
    /// Lifecycle events to publish, in order.
    pub lifecycle: Vec<Lifecycle>,
    /// One line for the journal: what happened and why. No personal data, no secrets.
    pub detail: String,
}

/// What became of an event. Exactly one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It moved the onboarding or what the onboarding asks for.
    Applied,
    /// Remembered; nothing moved.
    Noted,
    /// Older than what is known.
    Superseded,
    /// Has no owner yet.
    Held,
    /// The process that took it cannot step its owner, or the owner has no onboarding yet that awaits it; a process
    /// that can takes it again.
    Kept,
    /// Was held or kept until its time ran out.
    Expired,
    /// Well formed, not allowed.
    Refused,
    /// Same key as an earlier one, other content.
    Duplicate,
}

impl Verdict {
    /// Every verdict, in the order of the documentation.
    pub const ALL: [Self; 8] = [
        Self::Applied,
        Self::Noted,
        Self::Superseded,
        Self::Held,
        Self::Kept,
        Self::Expired,
        Self::Refused,
        Self::Duplicate,
    ];

    /// The word that the API, the database and the metrics use.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Noted => "noted",
            Self::Superseded => "superseded",
            Self::Held => "held",
            Self::Kept => "kept",
            Self::Expired => "expired",
            Self::Refused => "refused",
            Self::Duplicate => "duplicate",
        }
    }

    /// The verdict of this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| verdict.word() == word)
    }
}

/// What becomes of an effect after one of its attempts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FollowUp {
    /// It ended with this outcome; not tried again, unless a later `Due` reopens it (an operator's retry).
    Settled {
        /// The effect's number.
        n: i64,
        /// Its outcome: one of the action's, or `exhausted`, `unknown`, `broken`, `cancelled`.
        outcome: String,
    },
    /// It is due again.
    Due {
        /// The effect's number.
        n: i64,
        /// When it is due.
        at: Timestamp,
        /// Whether to do it or to look it up.
        mode: Mode,
        /// An earlier attempt may have done the work: since when that is so.
        uncertain_since: Option<Timestamp>,
    },
}

/// A lifecycle event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifecycle {
    /// The onboarding began.
    Started,
    /// Its state changed.
    Moved,
    /// A person must decide.
    Review,
    /// It ended well.
    Completed,
    /// It ended badly.
    Failed,
    /// An operator ended it.
    Cancelled,
}

impl Lifecycle {
    /// CloudEvents type and routing key.
    #[must_use]
    pub const fn event_type(self) -> &'static str {
        match self {
            Self::Started => "onboarding.started",
            Self::Moved => "onboarding.moved",
            Self::Review => "onboarding.review",
            Self::Completed => "onboarding.completed",
            Self::Failed => "onboarding.failed",
            Self::Cancelled => "onboarding.cancelled",
        }
    }
}
