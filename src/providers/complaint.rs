//! What a provider objects to, the same at several providers: its code and its words enter, the outcome that tells
//! them leaves. Never here: how a provider writes them; each adapter reads its own. No words of a provider in a cause.

use gangway_core::outcome::Answer;
use serde_json::{Map, Value};

use super::Stop;

/// Why an answer carries no data, where there is nothing to tell apart but this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The request is at fault; nothing was done. With the HTTP status.
    Complaint(u16, Complaint),
    /// Anything else.
    Stop(Stop),
}

/// What the provider objects to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Complaint {
    /// Its short name or names for it, such as `VALIDATION_ERROR`; else the status.
    pub code: String,
    /// Its words, for people; may repeat personal data, so only in an answer's fields.
    pub reason: String,
}

impl Complaint {
    /// The outcome of this name, with code and reason for those who may read it.
    #[must_use]
    pub fn outcome(self, name: &str) -> Answer {
        let mut answer = Answer::named(name);
        let fields = [("code", self.code), ("reason", self.reason)];
        answer.fields = Map::from_iter(fields.map(|(field, text)| (field.to_owned(), Value::String(text))));
        answer
    }

    /// The outcome `refused`, with code and reason for those who may read it.
    #[must_use]
    pub fn refused(self) -> Answer {
        self.outcome("refused")
    }
}

/// The outcome `refused` of something that is refused here: nothing was sent.
#[must_use]
pub fn refused(code: &str, reason: &str) -> Answer {
    Complaint { code: code.to_owned(), reason: reason.to_owned() }.refused()
}

impl From<Stop> for Refusal {
    fn from(stop: Stop) -> Self {
        Self::Stop(stop)
    }
}
