//! A verified delivery -> an arrival at the door. Pure: bytes, JSON and the adapter's reading enter.

use bytes::Bytes;
use gangway_core::event::{Body, Event};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::engine::Arrival;
use crate::inbound::json;
use crate::providers::{Delivery, Reading, Unreadable};

/// Longest key or type that is kept as it came.
const NAME_MOST: usize = 512;
/// Longest value of an identifier.
const IDENTIFIER_MOST: usize = 1024;

/// The arrival that this reading makes of a delivery.
///
/// # Errors
/// [`Unreadable`] when the type that the provider names cannot be kept.
pub(crate) fn arrival(
    provider: &str,
    delivery: &Delivery<'_>,
    reading: Reading,
    raw: Bytes,
) -> Result<Arrival, Unreadable> {
    if !is_plain(&reading.kind) {
        return Err(Unreadable("the event's type is empty, too long or has control characters".into()));
    }
    let content = content(delivery.json, &reading.varies, &raw);
    // What was half of a character tells nothing apart any more: it is neither a key nor names anybody.
    let whole = |text: &str| !text.contains(json::LOST);
    let key = match reading.key.filter(|key| whole(key)) {
        Some(key) if is_plain(&key) => key,
        Some(odd) => digest("key", odd.as_bytes()),
        None => digest("body", &content),
    };
    // An empty value names no one, and would bring strangers together.
    let named = |value: &str| !value.trim().is_empty() && value.len() <= IDENTIFIER_MOST && whole(value);
    let identifiers = reading.identifiers.into_iter().filter(|identifier| named(&identifier.value)).collect();
    let event = Event {
        source: format!("webhook:{provider}"),
        key,
        kind: reading.kind,
        received_at: delivery.received_at,
        occurred_at: reading.occurred_at,
        body: Body::Report { identifiers, facts: reading.facts },
    };
    Ok(Arrival::brought(event, raw, content))
}

/// What a copy must have in common with the first: all but its white space, the order of its fields, and what a
/// redelivery changes by design. Where half a character was replaced, the bytes tell apart what the value cannot.
fn content(value: &Value, varies: &[String], raw: &Bytes) -> Bytes {
    let content = json::canonical(&json::without(value, varies));
    let lost = std::str::from_utf8(&content).is_ok_and(|content| content.contains(json::LOST));
    if lost && varies.is_empty() { raw.clone() } else { content }
}

fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.len() <= NAME_MOST && !name.chars().any(char::is_control)
}

fn digest(of: &str, bytes: &[u8]) -> String {
    format!("{of}:{}", hex::encode(Sha256::digest(bytes)))
}
