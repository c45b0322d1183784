//! What was sent, for reading: one record a webhook or forged copy, with each try and what it was answered.
//! The URL is not kept: it may hold a secret.

use std::collections::VecDeque;

use parking_lot::Mutex;
use serde::Serialize;

use super::Webhook;
use crate::clock;

/// Where a webhook stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    /// To be sent, or to be tried again.
    Waiting,
    /// Answered with a 2xx.
    Accepted,
    /// A forgery that was not answered with a 2xx, as it should be.
    TurnedAway,
    /// All tries failed.
    GivenUp,
    /// Never sent, on purpose.
    Silenced,
    /// Never sent, because no address was given.
    NoUrl,
}

/// One try.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Try {
    pub(crate) at: String,
    pub(crate) attempt: u32,
    pub(crate) status: Option<u16>,
    pub(crate) error: Option<String>,
}

/// One webhook, or one forged copy of one.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Record {
    pub(crate) id: u64,
    pub(crate) at: String,
    pub(crate) provider: &'static str,
    pub(crate) event: String,
    pub(crate) forged: bool,
    pub(crate) correlation_id: String,
    pub(crate) external_id: Option<String>,
    pub(crate) user_uid: String,
    pub(crate) asset_uid: Option<String>,
    pub(crate) state: State,
    /// What goes wrong with it on purpose.
    pub(crate) mischief: Vec<&'static str>,
    pub(crate) tries: Vec<Try>,
}

/// All of them, oldest first.
pub(crate) struct Records {
    kept: Mutex<Kept>,
    cap: usize,
}

#[derive(Default)]
struct Kept {
    records: VecDeque<Record>,
    noted: u64,
    genuine: u64,
    accepted: u64,
}

impl Records {
    pub(crate) fn new(cap: usize) -> Self {
        Self { kept: Mutex::default(), cap }
    }

    pub(crate) fn note(
        &self,
        webhook: &Webhook,
        correlation_id: &str,
        forged: bool,
        mischief: Vec<&'static str>,
    ) -> u64 {
        let mut kept = self.kept.lock();
        kept.noted += 1;
        kept.genuine += u64::from(!forged);
        let id = kept.noted;
        if kept.records.len() >= self.cap {
            kept.records.pop_front();
        }
        kept.records.push_back(Record {
            id,
            at: clock::print(clock::now()),
            provider: webhook.provider,
            event: webhook.event.clone(),
            forged,
            correlation_id: correlation_id.to_owned(),
            external_id: webhook.external_id.clone(),
            user_uid: webhook.user_uid.clone(),
            asset_uid: webhook.asset_uid.clone(),
            state: State::Waiting,
            mischief,
            tries: Vec::new(),
        });
        id
    }

    pub(crate) fn set_state(&self, id: u64, state: State) {
        let mut kept = self.kept.lock();
        let mut accepted = 0;
        change(&mut kept, id, |record| {
            accepted = u64::from(state == State::Accepted && record.state != state && !record.forged);
            record.state = state;
        });
        kept.accepted += accepted;
    }

    pub(crate) fn note_try(&self, id: u64, attempt: u32, outcome: &Result<u16, String>) {
        let status = outcome.as_ref().ok().copied();
        let error = outcome.as_ref().err().cloned();
        let one = Try { at: clock::print(clock::now()), attempt, status, error };
        change(&mut self.kept.lock(), id, |record| record.tries.push(one));
    }

    pub(crate) fn list(&self, external_id: Option<&str>, user_uid: Option<&str>) -> Vec<Record> {
        self.kept
            .lock()
            .records
            .iter()
            .filter(|record| external_id.is_none() || record.external_id.as_deref() == external_id)
            .filter(|record| user_uid.is_none_or(|uid| record.user_uid == uid))
            .cloned()
            .collect()
    }

    pub(crate) fn count(&self) -> (u64, u64) {
        let kept = self.kept.lock();
        (kept.genuine, kept.accepted)
    }
}

/// Ids count up by one, so the place follows from the first; a record forgotten since stays forgotten.
fn change(kept: &mut Kept, id: u64, change: impl FnOnce(&mut Record)) {
    let first = kept.records.front().map_or(0, |record| record.id);
    let place = id.checked_sub(first).and_then(|place| usize::try_from(place).ok());
    if let Some(record) = place.and_then(|place| kept.records.get_mut(place)) {
        change(record);
    }
}
