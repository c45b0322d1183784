//! What the far side received, for counting. Every call to a provider enters, also one whose reply was lost;
//! lists and sums leave. A call is never left out, and never counted before it is known how it ended or was cut.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};

use crate::clock;
use crate::didx::DidxCount;
use crate::guardian::GuardianCount;
use crate::haven::HavenCount;
use crate::waltid::WaltidCount;
use crate::world::{World, lock};

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
        let mut kept = lock(&self.kept);
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
        let mut kept = lock(&self.kept);
        let first = kept.calls.front().map_or(0, |call| call.id);
        let place = id.checked_sub(first).and_then(|place| usize::try_from(place).ok());
        if let Some(call) = place.and_then(|place| kept.calls.get_mut(place)) {
            change(Arc::make_mut(call));
        }
    }

    /// Gives a name to the latest call that was about something and did not tell whose it was.
    pub(crate) fn adopt(&self, user_uid: &str, name: &str) {
        let mut kept = lock(&self.kept);
        let mut latest = kept.calls.iter_mut().rev();
        let nameless = |call: &&mut Arc<Call>| call.external_id.is_none() && call.user_uid.as_deref() == Some(user_uid);
        if let Some(call) = latest.find(nameless) {
            Arc::make_mut(call).external_id = Some(name.to_owned());
        }
    }

    fn list(&self, wanted: &Wanted) -> Vec<Arc<Call>> {
        let same =
            |wanted: &Option<String>, is: Option<&str>| wanted.as_deref().is_none_or(|wanted| is == Some(wanted));
        lock(&self.kept)
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

    fn received(&self) -> u64 {
        lock(&self.kept).received
    }
}

/// What the far side has, counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Calls received since the start, also those no longer listed.
    pub calls: u64,
    /// Users at Original.
    pub users: u64,
    /// Users at Original that have a wallet.
    pub wallets: u64,
    /// Assets at Original.
    pub assets: u64,
    /// Assets at Original that are minted.
    pub minted: u64,
    /// External ids for which more than one user was made.
    pub duplicate_users: u64,
    /// Pairs of user and asset external id for which more than one asset was made.
    pub duplicate_assets: u64,
    /// What there is at DIDx.
    pub didx: DidxCount,
    /// What there is at Guardian.
    pub guardian: GuardianCount,
    /// What there is at walt.id.
    pub waltid: WaltidCount,
    /// What there is at Haven.
    pub haven: HavenCount,
    /// Webhooks that were to be sent, forged copies not counted.
    pub webhooks: u64,
    /// Those that were accepted with a 2xx at least once.
    pub webhooks_accepted: u64,
    /// Messages accepted by the mailbox since the start.
    pub messages: u64,
    /// Wallets to come, webhooks to send and work to land.
    pub pending: u64,
}

/// Counts, at one moment for each part.
pub(crate) fn summary(world: &World) -> Summary {
    let original = world.original.count();
    let (webhooks, webhooks_accepted) = world.webhooks.count();
    Summary {
        calls: world.calls.received(),
        users: original.users,
        wallets: original.wallets,
        assets: original.assets,
        minted: original.minted,
        duplicate_users: original.duplicate_users,
        duplicate_assets: original.duplicate_assets,
        didx: world.didx.count(),
        guardian: world.guardian.count(),
        waltid: world.waltid.count(),
        haven: world.haven.count(),
        webhooks,
        webhooks_accepted,
        messages: world.mailbox.received(),
        pending: world.busy(),
    }
}

#[derive(Deserialize)]
struct Wanted {
    external_id: Option<String>,
    provider: Option<String>,
    action: Option<String>,
    user_uid: Option<String>,
    after: Option<u64>,
    limit: Option<usize>,
}

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config
        .route(
            "/_calls",
            web::get().to(async |world: web::Data<World>, wanted: web::Query<Wanted>| {
                let calls = world.calls.list(&wanted);
                HttpResponse::Ok().json(calls.iter().map(AsRef::as_ref).collect::<Vec<&Call>>())
            }),
        )
        .route(
            "/_calls/summary",
            web::get().to(async |world: web::Data<World>| HttpResponse::Ok().json(summary(&world))),
        );
}
