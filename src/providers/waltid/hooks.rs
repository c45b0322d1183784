//! Deliveries of an issuer, in both shapes. They are about issuance sessions, which nothing published links to an
//! account: recorded by their content, without facts. Source: docs/providers/waltid.md, "Webhooks".

use gangway_core::time::Timestamp;

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
    let millis = json.get("timestamp").and_then(|time| time.as_i64().or_else(|| time.as_str()?.parse().ok()));
    Ok(Reading {
        kind: kind(&name),
        // `id` is the session's, the same for every event of one offer: only the content tells deliveries apart.
        key: None,
        occurred_at: millis.filter(|millis| *millis >= 0).map(Timestamp),
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
