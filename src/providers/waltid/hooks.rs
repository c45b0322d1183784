//! Deliveries of an issuer, in both shapes. They are about issuance sessions, which nothing published links to an
//! account: recorded by their key, without facts. Source: docs/providers/waltid.md, "Webhooks".

use gangway_core::time::Timestamp;
use serde_json::Value;

use crate::providers::parts::text;
use crate::providers::{Delivery, Reading, Unreadable};

/// What a delivery says: `{id, type, timestamp, data}`, or `{target, event, session}` of the open-source issuer.
///
/// # Errors
/// When it names neither a type nor an event.
pub fn read(delivery: &Delivery<'_>) -> Result<Reading, Unreadable> {
    let json = delivery.json;
    let name = text(json, "type").or_else(|| text(json, "event"));
    let name = name.ok_or_else(|| Unreadable("neither `type` nor `event` in the body".to_owned()))?;
    let millis = json.get("timestamp").and_then(Value::as_i64).filter(|millis| *millis >= 0);
    Ok(Reading {
        kind: kind(&name),
        key: text(json, "id"),
        occurred_at: millis.map(Timestamp),
        identifiers: Vec::new(),
        facts: Vec::new(),
        varies: Vec::new(),
    })
}

/// `resolved_credential_offer` -> `waltid.resolved_credential_offer`.
fn kind(name: &str) -> String {
    const LONGEST: usize = 100;
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    format!("waltid.{}", name.chars().take(LONGEST).map(plain).collect::<String>())
}
