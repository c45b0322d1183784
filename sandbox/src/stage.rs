//! What all players of one sandbox stand on: dice, mischief, the lists of what was received and sent, and background
//! work, which ends when the sandbox does. Locks are short and never held over an await. No player is known here.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::calls::Calls;
use crate::mischief::Mischief;
use crate::mischief::dice::Dice;
use crate::occasions::Occasions;
use crate::options::Limits;
use crate::secrets::Secrets;
use crate::webhooks::Webhooks;

/// What the players share.
pub(crate) struct Stage {
    pub(crate) seed: u64,
    pub(crate) dice: Dice,
    pub(crate) limits: Limits,
    pub(crate) calls: Calls,
    pub(crate) secrets: Secrets,
    pub(crate) webhooks: Webhooks,
    occasions: Occasions,
    mischief: Mutex<Mischief>,
    runtime: Handle,
    stop: watch::Sender<bool>,
    busy: AtomicU64,
}

impl Stage {
    pub(crate) fn new(seed: u64, limits: Limits, mischief: Mischief, runtime: Handle) -> std::io::Result<Arc<Self>> {
        Ok(Arc::new(Self {
            seed,
            dice: Dice::new(seed),
            calls: Calls::new(limits.listed),
            secrets: Secrets::default(),
            webhooks: Webhooks::new(&limits)?,
            limits,
            occasions: Occasions::default(),
            mischief: Mutex::new(mischief),
            runtime,
            stop: watch::Sender::new(false),
            busy: AtomicU64::new(0),
        }))
    }

    /// How often this came, this time included.
    pub(crate) fn nth(&self, words: &[&str]) -> u32 {
        self.occasions.next(self.dice.number(words))
    }

    pub(crate) fn mischief(&self) -> Mischief {
        *self.mischief.lock()
    }

    pub(crate) fn set_mischief(&self, mischief: Mischief) {
        *self.mischief.lock() = mischief;
    }

    /// Runs something alongside the calls, on the runtime that started the sandbox, until it ends or the sandbox stops.
    pub(crate) fn background(self: &Arc<Self>, work: impl Future<Output = ()> + Send + 'static) {
        let stage = Arc::clone(self);
        self.busy.fetch_add(1, Ordering::Relaxed);
        self.runtime.spawn(async move {
            stage.until_stopped(work).await;
            stage.busy.fetch_sub(1, Ordering::Relaxed);
        });
    }

    /// Awaits something, but no longer than the sandbox lives.
    pub(crate) async fn until_stopped(&self, work: impl Future<Output = ()>) {
        let mut stop = self.stop.subscribe();
        tokio::select! {
            () = work => {}
            _ = stop.wait_for(|stopped| *stopped) => {}
        }
    }

    /// How much background work has not ended: wallets to come, webhooks to send, work to land.
    pub(crate) fn busy(&self) -> u64 {
        self.busy.load(Ordering::Relaxed)
    }

    pub(crate) fn stop(&self) {
        self.stop.send_replace(true);
    }
}
