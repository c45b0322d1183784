//! CloudEvents 1.0 -> an arrival at the door. JSON enters, structured or already unfolded from binary mode; strict
//! about the attributes that name an event, tolerant about extensions. Reasons never quote what a sender wrote.

mod binary;
#[cfg(test)]
mod tests;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
pub(crate) use binary::{essence, header_decoded, is_core, is_json, unfold};
use bytes::Bytes;
use gangway_core::event::{Body, Event, OF_FLOWS};
use gangway_core::time::Timestamp;
use serde_json::{Map, Value, json};

use super::json as text;
use crate::engine::Arrival;

/// Longest `id`, `source`, `type` and `subject`, in bytes.
const ATTRIBUTE_MOST: usize = 1024;
/// Sources that gangway itself writes under, and beginnings of such.
const RESERVED: [&str; 3] = ["effect", "timer", "engine"];
const RESERVED_BEGINNINGS: [&str; 3] = ["operator:", "webhook:", "unverified:"];

/// Why this is not an event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct NotAnEvent(pub(crate) String);

impl NotAnEvent {
    fn attribute(name: &str, what: &str) -> Self {
        Self(format!("attribute `{name}` {what}"))
    }
}

/// The arrival that one event in structured JSON form makes; `raw` is kept as it came.
///
/// # Errors
/// [`NotAnEvent`]: which attribute is wrong, and how.
pub(crate) fn arrival(event: &Value, raw: Bytes, received_at: Timestamp) -> Result<Arrival, NotAnEvent> {
    let fields = event.as_object().ok_or_else(|| NotAnEvent("an event is a JSON object".into()))?;
    if required(fields, "specversion")? != "1.0" {
        return Err(NotAnEvent::attribute("specversion", "is not \"1.0\""));
    }
    let (key, source, kind) = (required(fields, "id")?, required(fields, "source")?, required(fields, "type")?);
    if is_reserved(source) {
        return Err(NotAnEvent::attribute("source", "is reserved for gangway itself"));
    }
    if kind.trim().to_ascii_lowercase().starts_with(OF_FLOWS) {
        // Onboardings tell each other with these how they ended: no outside system may.
        return Err(NotAnEvent::attribute("type", "begins with `flow.`, which is reserved for gangway itself"));
    }
    let occurred_at = optional(fields, "time")?
        .map(|time| Timestamp::parse(time).ok_or_else(|| NotAnEvent::attribute("time", "is not RFC 3339")))
        .transpose()?;
    let schema = optional(fields, "dataschema")?;
    let data = data(fields)?;
    let subject = match optional(fields, "subject")? {
        Some(subject) => Some(subject.to_owned()),
        None => subject_of(&data)?,
    };
    // Extensions are left out: tracing headers differ from one sending to the next.
    let content = text::canonical(&json!({
        "id": key, "source": source, "type": kind, "subject": subject, "time": occurred_at, "dataschema": schema,
        "data": data,
    }));
    let event = Event {
        source: source.to_owned(),
        key: key.to_owned(),
        kind: kind.to_owned(),
        received_at,
        occurred_at,
        body: Body::Message { subject, data },
    };
    Ok(Arrival::brought(event, raw, content))
}

fn required<'a>(fields: &'a Map<String, Value>, name: &str) -> Result<&'a str, NotAnEvent> {
    optional(fields, name)?.ok_or_else(|| NotAnEvent::attribute(name, "is missing"))
}

/// The attribute, if it is there; `null` is the same as absent.
fn optional<'a>(fields: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, NotAnEvent> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(value)) => checked(name, value).map(Some),
        Some(_) => Err(NotAnEvent::attribute(name, "is not a string")),
    }
}

fn checked<'a>(name: &str, value: &'a str) -> Result<&'a str, NotAnEvent> {
    if value.trim().is_empty() {
        return Err(NotAnEvent::attribute(name, "is empty"));
    }
    if value.len() > ATTRIBUTE_MOST {
        return Err(NotAnEvent::attribute(name, "is longer than 1024 bytes"));
    }
    if value.chars().any(char::is_control) {
        return Err(NotAnEvent::attribute(name, "has control characters"));
    }
    // Two texts that differ only there look the same, and must not become one id.
    if value.contains(text::LOST) {
        return Err(NotAnEvent::attribute(name, "has half of a character (U+FFFD)"));
    }
    Ok(value)
}

fn is_reserved(source: &str) -> bool {
    let source = source.trim().to_ascii_lowercase();
    RESERVED.contains(&source.as_str()) || RESERVED_BEGINNINGS.iter().any(|beginning| source.starts_with(beginning))
}

fn data(fields: &Map<String, Value>) -> Result<Value, NotAnEvent> {
    if optional(fields, "datacontenttype")?.is_some_and(|kind| !is_json(kind)) {
        return Err(NotAnEvent::attribute("datacontenttype", "is not JSON"));
    }
    match (fields.get("data"), fields.get("data_base64")) {
        (Some(_), Some(encoded)) if !encoded.is_null() => {
            Err(NotAnEvent("an event has `data` or `data_base64`, not both".into()))
        }
        (_, Some(Value::String(encoded))) => {
            let bytes = STANDARD.decode(encoded).map_err(|_| NotAnEvent("`data_base64` is not base64".into()))?;
            text::read(&bytes).map_err(|why| NotAnEvent(format!("`data_base64`: {why}")))
        }
        (data, None | Some(Value::Null)) => Ok(data.cloned().unwrap_or_default()),
        (_, Some(_)) => Err(NotAnEvent("`data_base64` is not a string".into())),
    }
}

/// The user's id in the data, for publishers that know no `subject`.
fn subject_of(data: &Value) -> Result<Option<String>, NotAnEvent> {
    match data.get("user_id") {
        Some(Value::String(user_id)) => checked("data.user_id", user_id).map(|user_id| Some(user_id.to_owned())),
        // As flows read a user's id: a whole number is the text of its digits, however many they are.
        Some(Value::Number(number)) if !number.is_f64() => Ok(Some(number.to_string())),
        _ => Ok(None),
    }
}
