//! How an attempt of an effect ended. `outbound` and the adapters produce it; `step` decides what follows.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::event::{FactReport, Identifier};
use crate::secret::Secrets;
use crate::time::Millis;

/// How one attempt ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "ended", rename_all = "snake_case")]
pub enum AttemptResult {
    /// The far end answered and the answer is one of the action's outcomes. Also the answer of a look-up that found
    /// the work done.
    Done(Answer),
    /// A look-up found that the work was not done.
    NotDone,
    /// Not done for certain, and passing: may be tried again.
    Again {
        /// What happened, without personal data or secrets.
        cause: String,
        /// The far end asked to wait this long.
        #[serde(default)]
        retry_after: Option<Millis>,
        /// Whether this counts against the attempts (a refused credential or a throttled request does not).
        spent: bool,
    },
    /// Whether it was done cannot be known: a time-out, a cut connection, a lease that ran out.
    Unknown {
        /// What happened, without personal data or secrets.
        cause: String,
    },
    /// Permanent, and not one of the action's outcomes: a person must look.
    Broken {
        /// What happened and how to mend it, without personal data or secrets.
        cause: String,
    },
}

/// An answer of the far end, translated.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// One of the action's outcomes.
    pub outcome: String,
    /// Fields that this outcome writes, as the catalogue lists them.
    #[serde(default)]
    pub fields: Map<String, Value>,
    /// Identifiers that now belong to the onboarding.
    #[serde(default)]
    pub identifiers: Vec<Identifier>,
    /// Facts that the answer carries.
    #[serde(default)]
    pub facts: Vec<FactReport>,
    /// Secret fields that this outcome hands over, as the catalogue lists them; never part of the journal.
    #[serde(skip)]
    pub secrets: Secrets,
}

impl Answer {
    /// An answer that is only its outcome.
    #[must_use]
    pub fn named(outcome: impl Into<String>) -> Self {
        Self { outcome: outcome.into(), ..Self::default() }
    }
}
