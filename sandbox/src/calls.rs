//! What the far side received, for counting. Every call to a provider enters, even one with a lost reply;
//! lists leave. A call is never left out, and never counted before it is known how it ended or was cut.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::clock;

/// What a call did to the far side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Effect {
    /// Something was made, and the caller was told.
    Done,
    /// Something was looked up.
    Read,
    /// Nothing was made, because the call was wrong or what it asks for exists.
    Refused,
    /// The key or the token was wrong.
    Unauthorized,
    /// Answered 5xx; nothing was made.
    Failed,
    /// Answered 5xx; it was made all the same.
    FailedDone,
    /// Answered 429; nothing was made.
    Throttled,
    /// Made, and the reply lost.
    LostDone,
    /// Lost before anything was made.
    LostUndone,
    /// Would have been refused, or only read; the reply lost.
    LostReply,
    /// Cut off, and not landed yet.
    SlowPending,
    /// Cut off, made afterwards.
    SlowDone,
    /// Cut off, refused or read afterwards.
    SlowReply,
}

/// One call, as listed.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Call {
    pub(crate) id: u64,
    pub(crate) at: String,
    pub(crate) provider: &'static str,
    pub(crate) action: &'static str,
    pub(crate) external_id: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) user_uid: Option<String>,
    pub(crate) asset_external_id: Option<String>,
    pub(crate) asset_uid: Option<String>,
    pub(crate) effect: Effect,
    /// What the caller was told; null if the connection was cut.
    pub(crate) status: Option<u16>,
}

/// The calls, oldest first.
pub(crate) struct Calls {
    kept: Mutex<Kept>,
    cap: usize,
}

#[derive(Default)]
struct Kept {
    calls: VecDeque<Arc<Call>>,
    received: u64,
}

impl Calls {
    pub(crate) fn new(cap: usize) -> Self {
        Self { kept: Mutex::default(), cap }
    }

    /// Notes a call; its id and time are given here.
    pub(crate) fn note(&self, mut call: Call) -> u64 {
        call.at = clock::print(clock::now());
        let mut kept = self.kept.lock();
        kept.received += 1;
        call.id = kept.received;
        if kept.calls.len() >= self.cap {
            kept.calls.pop_front();
        }
        let id = call.id;
        kept.calls.push_back(Arc::new(call));
        id
    }

    /// Changes a call that has landed since; one forgotten since stays forgotten.
    pub(crate) fn amend(&self, id: u64, change: impl FnOnce(&mut Call)) {
        let mut kept = self.kept.lock();
        let first = kept.calls.front().map_or(0, |call| call.id);
        let place = id.checked_sub(first).and_then(|place| usize::try_from(place).ok());
        if let Some(call) = place.and_then(|place| kept.calls.get_mut(place)) {
            change(Arc::make_mut(call));
        }
    }

    /// Gives a name to the latest call about something that did not name its user.
    pub(crate) fn adopt(&self, user_uid: &str, name: &str) {
        let mut kept = self.kept.lock();
        let mut latest = kept.calls.iter_mut().rev();
        let nameless = |call: &&mut Arc<Call>| call.external_id.is_none() && call.user_uid.as_deref() == Some(user_uid);
        if let Some(call) = latest.find(nameless) {
            Arc::make_mut(call).external_id = Some(name.to_owned());
        }
    }

    pub(crate) fn list(&self, wanted: &Wanted) -> Vec<Arc<Call>> {
        let same =
            |wanted: &Option<String>, is: Option<&str>| wanted.as_deref().is_none_or(|wanted| is == Some(wanted));
        self.kept
            .lock()
            .calls
            .iter()
            .filter(|call| same(&wanted.external_id, call.external_id.as_deref()))
            .filter(|call| same(&wanted.provider, Some(call.provider)))
            .filter(|call| same(&wanted.action, Some(call.action)))
            .filter(|call| same(&wanted.user_uid, call.user_uid.as_deref()))
            .filter(|call| wanted.after.is_none_or(|after| call.id > after))
            .take(wanted.limit.unwrap_or(usize::MAX))
            .cloned()
            .collect()
    }

    pub(crate) fn received(&self) -> u64 {
        self.kept.lock().received
    }
}

/// Which calls are asked for.
#[derive(Deserialize)]
pub(crate) struct Wanted {
    external_id: Option<String>,
    provider: Option<String>,
    action: Option<String>,
    user_uid: Option<String>,
    after: Option<u64>,
    limit: Option<usize>,
}
