//! An event that the database refuses, as it is kept apart: everything that the door was given, so that it can be
//! handed in again. An arrival enters, bytes leave, and back. The bytes hold personal data and secrets: they are only
//! ever sealed.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gangway_core::event::{Body, Event, OnboardingId};
use gangway_core::outcome::AttemptResult;
use gangway_core::secret::Secrets;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::door::Arrival;

#[derive(Serialize, Deserialize)]
struct Kept {
    event: Event,
    owner: Option<OnboardingId>,
    raw: String,
    content: String,
    /// Secrets that were cut out of the event's data.
    secrets: BTreeMap<String, Value>,
    /// Secrets of an outcome's answer, which an event never says when it is written.
    answer: BTreeMap<String, Value>,
}

/// Whether an event comes again by itself for as long as nothing is done about it, and says nothing that only it knows.
#[must_use]
pub const fn comes_again(body: &Body) -> bool {
    match body {
        Body::Timer { .. } | Body::Stranded | Body::Adopt { .. } => true,
        // An attempt with an unknown end: its lease runs out, again and again.
        Body::Outcome { result, .. } => !matches!(result, AttemptResult::Done(_)),
        _ => false,
    }
}

/// As bytes.
#[must_use]
pub fn written(arrival: &Arrival) -> Vec<u8> {
    let answer = match &arrival.event.body {
        Body::Outcome { result: AttemptResult::Done(answer), .. } => answer.secrets.0.clone(),
        _ => BTreeMap::new(),
    };
    let kept = Kept {
        event: arrival.event.clone(),
        owner: arrival.owner,
        raw: STANDARD.encode(&arrival.raw),
        content: STANDARD.encode(&arrival.content),
        secrets: arrival.secrets.0.clone(),
        answer,
    };
    serde_json::to_vec(&kept).unwrap_or_default()
}

/// The arrival again; `None` when these are not such bytes.
#[must_use]
pub fn read(bytes: &[u8]) -> Option<Arrival> {
    let mut kept: Kept = serde_json::from_slice(bytes).ok()?;
    if let Body::Outcome { result: AttemptResult::Done(answer), .. } = &mut kept.event.body {
        answer.secrets = Secrets(kept.answer);
    }
    Some(Arrival {
        event: kept.event,
        owner: kept.owner,
        raw: STANDARD.decode(kept.raw).ok()?.into(),
        content: STANDARD.decode(kept.content).ok()?.into(),
        secrets: Secrets(kept.secrets),
    })
}
