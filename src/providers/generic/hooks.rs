//! Deliveries into readings, by a definition.

use gangway_core::event::Trust;
use gangway_core::flow::expr::Mapping;
use gangway_core::time::Timestamp;
use serde_json::{Map, Value};

use super::exchange::{facts, headers, identifiers, roots, scalar};
use super::model::Hooks;
use crate::providers::{Delivery, Reading, Unreadable};

/// What a delivery says. Only a signature over the body makes it more than a hint.
///
/// # Errors
/// When it names no type.
pub(super) fn read(name: &str, hooks: &Hooks, delivery: &Delivery<'_>) -> Result<Reading, Unreadable> {
    let roots = roots([("body", delivery.json.clone()), ("headers", headers(delivery.headers))]);
    let text = |mapping: &Mapping| mapping.eval_in(&roots).ok().flatten().as_ref().and_then(scalar);
    let kind = text(&hooks.kind).filter(|kind| !kind.trim().is_empty());
    let kind = kind.ok_or_else(|| Unreadable("the definition finds no type of the event in it".to_owned()))?;
    let facts = facts(&hooks.facts, &roots, if delivery.signed { Trust::Fact } else { Trust::Hint });
    Ok(Reading {
        kind: facts.first().map_or_else(|| slug(name, &kind), |fact| fact.name.clone()),
        key: hooks.key.as_ref().and_then(text).filter(|key| !key.is_empty()),
        occurred_at: hooks.time.as_ref().and_then(|time| moment(time, &roots)),
        identifiers: identifiers(&hooks.identifiers, &roots),
        facts,
        varies: hooks.varies.clone(),
    })
}

/// RFC 3339, or seconds or milliseconds since 1970: no event is of before 1973, so the size tells which.
fn moment(mapping: &Mapping, roots: &Map<String, Value>) -> Option<Timestamp> {
    const MILLIS_FROM: i64 = 100_000_000_000;
    match mapping.eval_in(roots).ok().flatten()? {
        Value::String(text) => Timestamp::parse(&text),
        Value::Number(number) => match number.as_i64()? {
            seconds @ 0..MILLIS_FROM => Some(Timestamp(seconds.saturating_mul(1000))),
            millis => Some(Timestamp(millis)).filter(|_| millis > 0),
        },
        _ => None,
    }
}

/// `member.activated` -> `acme.member_activated`.
fn slug(name: &str, kind: &str) -> String {
    const LONGEST: usize = 100;
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    format!("{name}.{}", kind.chars().take(LONGEST).map(plain).collect::<String>())
}
