//! Which keys of an event name its owner, and what a start event says of its user.

use crate::event::{Event, Identifier};
use crate::flow::expr::ExprError;
use crate::flow::model::Flow;

/// What a start event says of the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The id in the internal systems; never empty.
    pub external_id: String,
    /// E-mail address.
    pub email: Option<String>,
    /// Language.
    pub locale: Option<String>,
}

/// Reads the user out of a start event.
///
/// # Errors
/// When an expression fails, or the id is missing, empty, or neither text nor a whole number.
pub fn claim(_flow: &Flow, _event: &Event) -> Result<Claim, ExprError> {
    todo!()
}

/// The identifiers by which an event's owner is found, most telling first: a report's own, or the subject of a
/// message. Empty for events whose owner is named beside them (outcomes, timers, operators).
#[must_use]
pub fn identifiers(_event: &Event) -> Vec<Identifier> {
    todo!()
}

/// The value that is compared: trimmed, and lower-cased for e-mail addresses.
#[must_use]
pub fn canonical(_identifier: &Identifier) -> String {
    todo!()
}
