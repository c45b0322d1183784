//! Which keys of an event name its owner, and what a start event says of its user.

use std::collections::HashSet;

use serde_json::{Map, Value};
use unicode_normalization::UnicodeNormalization as _;

use crate::address::{self, Address};
use crate::event::{Body, Event, Identifier};
use crate::flow::expr::{Expr, ExprError, Scope};
use crate::flow::model::Flow;
use crate::json;

/// Longest id, e-mail address and language of a user, in bytes: nobody searches for more, and all of them are opened
/// wherever the user is shown.
const LONGEST: usize = 1024;

/// What a start event says of the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignUp {
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
/// When an expression fails; when the id is missing, empty, or neither text nor a whole number; when the id, the e-mail
/// address or the language is too long or has control characters; when no mail can be sent to the address.
pub fn sign_up(flow: &Flow, event: &Event) -> Result<SignUp, ExprError> {
    let nothing = Map::new();
    let data = match &event.body {
        Body::Message { data: Value::Object(data), .. } => data,
        _ => &nothing,
    };
    let scope = Scope { user: None, data, onboarding: None };
    let Some(start) = &flow.start.on else {
        let why = "no event begins this flow: other flows start it".to_owned();
        return Err(ExprError { source_text: "start".to_owned(), why });
    };
    let external_id = match start.external_id.eval(&scope)? {
        Some(Value::String(text)) => text.trim().to_owned(),
        Some(Value::Number(number)) if number.is_i64() || number.is_u64() => number.to_string(),
        Some(_) => return Err(start.external_id.failed("the user's id must be a text or a whole number")),
        None => return Err(start.external_id.failed("the event does not have it, and it is the user's id")),
    };
    if external_id.is_empty() {
        return Err(start.external_id.failed("the user's id is empty"));
    }
    plain(&start.external_id, &external_id)?;
    let email = text(start.email.as_ref(), &scope)?;
    if let (Some(email), Some(expr)) = (&email, &start.email) {
        Address::parse(email).map_err(|why| expr.failed(why))?;
    }
    let locale = text(start.locale.as_ref(), &scope)?;
    Ok(SignUp { external_id, email, locale })
}

/// A text that may be absent; an empty one is absent.
fn text(expr: Option<&Expr>, scope: &Scope<'_>) -> Result<Option<String>, ExprError> {
    let Some(expr) = expr else { return Ok(None) };
    match expr.eval(scope)? {
        None => Ok(None),
        Some(Value::String(text)) => {
            let text = text.trim();
            plain(expr, text)?;
            Ok(Some(text.to_owned()).filter(|text| !text.is_empty()))
        }
        Some(_) => Err(expr.failed("it must be a text")),
    }
}

/// What is on one line and can be looked for.
fn plain(expr: &Expr, text: &str) -> Result<(), ExprError> {
    if text.len() > LONGEST {
        return Err(expr.failed("it is longer than 1024 bytes"));
    }
    if text.chars().any(char::is_control) {
        return Err(expr.failed("it has control characters, such as line breaks"));
    }
    // Two texts that differ only there look the same.
    if text.contains(json::LOST) {
        return Err(expr.failed("it has half of a character (U+FFFD)"));
    }
    Ok(())
}

/// The ways to write a text that look the same: as it is, composed and decomposed.
#[must_use]
pub fn spellings(text: &str) -> Vec<String> {
    let mut found = vec![text.to_owned()];
    for other in [text.nfc().collect::<String>(), text.nfd().collect()] {
        if !found.contains(&other) {
            found.push(other);
        }
    }
    found
}

/// The identifiers by which an event's owner is found, most telling first: a report's own, or the subject of a message.
/// Empty for events that name their owner (outcomes, timers, operators).
#[must_use]
pub fn identifiers(event: &Event) -> Vec<Identifier> {
    match &event.body {
        Body::Report { identifiers, .. } => {
            let mut seen = HashSet::new();
            let named = identifiers.iter().filter(|identifier| !identifier.is_blank());
            named.filter(|identifier| seen.insert(*identifier)).cloned().collect()
        }
        Body::Message { subject, .. } => {
            let subject = subject.as_deref().map(str::trim).filter(|subject| !subject.is_empty());
            subject.map(|subject| Identifier::new(Identifier::EXTERNAL_ID, subject)).into_iter().collect()
        }
        Body::Child { .. }
        | Body::Outcome { .. }
        | Body::Timer { .. }
        | Body::Operator { .. }
        | Body::Adopt { .. }
        | Body::Stranded => Vec::new(),
    }
}

/// The value that is compared: trimmed; of e-mail addresses in lower case, composed, and with the domain as DNS has it.
#[must_use]
pub fn canonical(identifier: &Identifier) -> String {
    let value = identifier.value.trim();
    let kind = identifier.kind.as_str();
    if kind == Identifier::EMAIL || kind.rsplit('.').next() == Some("email") {
        address::canonical(value)
    } else {
        value.to_owned()
    }
}
