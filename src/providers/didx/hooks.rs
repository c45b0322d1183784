//! Deliveries into readings. They carry an event's name and an id, nothing else, so all they say is a hint; the read
//! at the provider is the fact. Source: docs/providers/didx.md, "Webhooks".

use gangway_core::event::{FactReport, Trust};
use serde_json::{Value, json};

use super::calls::get_issuance::{COMPLETED, EXPIRED, FAILED, PARTIALLY_ISSUED};
use super::calls::{bare, both_forms};
use crate::providers::didx::settings::EventNames;
use crate::providers::parts::{object, text};
use crate::providers::{Delivery, Reading, Unreadable, wait};

/// Event type of an offer: remembered, no fact, because the answer to the issuance said it already.
const OFFERED: &str = "didx.issuance_offered";

/// What a delivery says. An event of another family (presentations, verifications) is a reading without facts.
///
/// # Errors
/// When there is no `eventType`.
pub fn read(names: &EventNames, delivery: &Delivery<'_>) -> Result<Reading, Unreadable> {
    let event = delivery.json.get("eventType").and_then(Value::as_str).map(str::trim).filter(|name| !name.is_empty());
    let event = event.ok_or_else(|| Unreadable("no `eventType` in the body".to_owned()))?;
    let known = [
        (COMPLETED, &names.issuance_completed),
        (PARTIALLY_ISSUED, &names.issuance_partially_issued),
        (FAILED, &names.issuance_failed),
        (EXPIRED, &names.issuance_expired),
        (OFFERED, &names.issuance_offered),
    ];
    let kind = known.iter().find(|(_, accepted)| accepted.iter().any(|name| name.eq_ignore_ascii_case(event)));
    let id = delivery.json.get("payload").and_then(|payload| text(payload, "openId4VcIssuanceId"));
    let name = kind.map(|(name, _)| *name).filter(|name| *name != OFFERED);
    // Whatever became of an issuance, one read tells, so a wait for its completion asks for it, too. Nothing of that
    // end stays known there: a fact that it failed would speak for the next issuance as well.
    let hints = name.into_iter().chain((name.is_some() && name != Some(COMPLETED)).then_some(COMPLETED));
    let facts = id.as_deref().map(|id| hints.map(|name| hint(name, id)).collect());
    Ok(Reading {
        kind: kind.map_or_else(|| plain(event), |(name, _)| (*name).to_owned()),
        key: wait::header(delivery.headers, "webhook-id").filter(|key| !key.is_empty()).map(str::to_owned),
        occurred_at: None,
        identifiers: id.as_deref().map(both_forms).into_iter().flatten().collect(),
        facts: facts.unwrap_or_default(),
        varies: Vec::new(),
    })
}

fn hint(name: &str, id: &str) -> FactReport {
    FactReport {
        name: name.to_owned(),
        resource: bare(id).to_owned(),
        fields: object(json!({"issuance_id": id})),
        time: None,
        rank: 0,
        trust: Trust::Hint,
    }
}

/// `openid4vc.verification.verified` -> `didx.openid4vc_verification_verified`.
fn plain(event: &str) -> String {
    const LONGEST: usize = 100;
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    format!("didx.{}", event.chars().take(LONGEST).map(plain).collect::<String>())
}
