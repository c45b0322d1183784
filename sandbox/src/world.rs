//! Everything one sandbox knows, shared by its servers and background work. Locks are short and never held
//! over an await; background work ends when the sandbox does.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::calls::Calls;
use crate::didx::Didx;
use crate::door::Door;
use crate::guardian::Guardian;
use crate::haven::Haven;
use crate::mailbox::Mailbox;
use crate::mischief::Mischief;
use crate::mischief::dice::Dice;
use crate::options::Options;
use crate::original::Original;
use crate::secrets::Secrets;
use crate::waltid::Waltid;
use crate::webhooks::Webhooks;

/// One sandbox's state.
pub(crate) struct World {
    pub(crate) options: Options,
    pub(crate) dice: Dice,
    pub(crate) calls: Calls,
    pub(crate) original: Original,
    pub(crate) didx: Didx,
    pub(crate) guardian: Guardian,
    pub(crate) waltid: Waltid,
    pub(crate) haven: Haven,
    pub(crate) door: Door,
    pub(crate) secrets: Secrets,
    pub(crate) webhooks: Webhooks,
    pub(crate) mailbox: Mailbox,
    mischief: RwLock<Mischief>,
    runtime: Handle,
    stop: watch::Sender<bool>,
    busy: AtomicU64,
}

impl World {
    pub(crate) fn new(options: Options, runtime: Handle) -> std::io::Result<Arc<Self>> {
        Ok(Arc::new(Self {
            dice: Dice::new(options.seed),
            calls: Calls::new(options.limits.listed),
            original: Original::new(&options),
            didx: Didx::new(&options),
            guardian: Guardian::new(&options),
            waltid: Waltid::new(&options),
            haven: Haven::new(&options)?,
            door: Door::default(),
            secrets: Secrets::default(),
            webhooks: Webhooks::new(&options)?,
            mailbox: Mailbox::new(&options.limits),
            mischief: RwLock::new(options.mischief),
            runtime,
            stop: watch::Sender::new(false),
            busy: AtomicU64::new(0),
            options,
        }))
    }

    pub(crate) fn mischief(&self) -> Mischief {
        *self.mischief.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_mischief(&self, mischief: Mischief) {
        *self.mischief.write().unwrap_or_else(PoisonError::into_inner) = mischief;
    }

    /// Runs something beside the calls, on the runtime that started the sandbox, until it ends or the sandbox stops.
    pub(crate) fn background(self: &Arc<Self>, work: impl Future<Output = ()> + Send + 'static) {
        let world = Arc::clone(self);
        self.busy.fetch_add(1, Ordering::Relaxed);
        self.runtime.spawn(async move {
            world.until_stopped(work).await;
            world.busy.fetch_sub(1, Ordering::Relaxed);
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

/// Locks, also after another thread died while holding the lock: what it guards here is valid after every statement.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
