//! What a call is about, as far as its request tells, and how often such a call came. Names enter; a line for the list
//! of calls and a number leave.

use std::collections::HashMap;
use std::sync::Mutex;

use actix_web::http::StatusCode;

use super::reply::Answer;
use crate::calls::{Call, Effect};
use crate::mischief::Kind;
use crate::world::lock;

/// How many different occasions are counted; beyond it the counts start again, which repeats old decisions.
const OCCASIONS: usize = 4_000_000;

/// How often each action was asked for each key, so that the second try of a call is another occasion.
#[derive(Default)]
pub(crate) struct Occasions {
    counts: Mutex<HashMap<u64, u32>>,
}

impl Occasions {
    /// From 1.
    pub(crate) fn next(&self, occasion: u64) -> u32 {
        let mut counts = lock(&self.counts);
        if counts.len() >= OCCASIONS {
            counts.clear();
        }
        let count = counts.entry(occasion).or_default();
        *count = count.saturating_add(1);
        *count
    }
}

/// What a call is about.
#[derive(Clone, Debug, Default)]
pub(crate) struct About {
    pub(crate) action: &'static str,
    pub(crate) external_id: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) user_uid: Option<String>,
    pub(crate) asset_external_id: Option<String>,
    /// A trap for this call, and whether it strikes each time or only the first.
    pub(crate) trap: Option<(Kind, bool)>,
}

impl About {
    /// What stays the same when the call is repeated.
    pub(crate) fn key(&self) -> String {
        let parts = [&self.external_id, &self.email, &self.user_uid, &self.asset_external_id];
        parts.map(|part| part.as_deref().unwrap_or_default()).join("\n")
    }

    /// The line for the list. `status` is what the caller was told, if it was told anything.
    pub(crate) fn call(&self, effect: Effect, answer: Option<&Answer>, status: Option<StatusCode>) -> Call {
        Call {
            id: 0,
            at: String::new(),
            provider: "original",
            action: self.action,
            external_id: clipped(&self.external_id),
            email: clipped(&self.email),
            user_uid: answer.and_then(|answer| answer.user_uid.clone()).or_else(|| clipped(&self.user_uid)),
            asset_external_id: clipped(&self.asset_external_id),
            asset_uid: answer.and_then(|answer| answer.asset_uid.clone()),
            effect,
            status: status.map(|status| status.as_u16()),
        }
    }
}

/// A name as it is listed: whole, unless somebody sent a book. Bounds what a million listed calls can take.
fn clipped(name: &Option<String>) -> Option<String> {
    name.as_ref().map(|name| name.chars().take(256).collect())
}
