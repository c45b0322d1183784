//! Providers' settings that were mended while gangway serves: new credentials, addresses and webhook secrets are taken
//! up without a restart, whole or not at all. A settings file enters; exchanged adapters leave. Never here: other
//! sections (they need a restart, and that is said), providers that were not set up at the start.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use actix_web::web::Data;
use gangway_core::time::Millis;
use parking_lot::RwLock;
use tokio::signal::unix::{SignalKind, signal};

use super::adapters::{self, Adapters};
use super::parts::std_time;
use super::webhooks::Registered;
use crate::clock::Clock;
use crate::inbound::webhook::{Hook, Webhooks};
use crate::outbound::Dispatcher;
use crate::outbound::http::{Limits, Tokens};
use crate::providers::directory::Directory;
use crate::settings::{Fault, Faults, Input, Settings};
use crate::store::Store;

/// What is exchanged.
#[derive(Clone, Debug)]
pub(super) struct Reload {
    pub directory: Arc<Directory>,
    pub hooks: Data<Webhooks>,
    pub tokens: Arc<Tokens>,
    pub limits: Arc<Limits>,
    pub dispatcher: Dispatcher,
    pub clock: Arc<dyn Clock>,
    pub store: Store,
    /// Secrets of webhooks that were registered, as they were last read.
    pub registered: Arc<RwLock<Registered>>,
}

/// What one look at the settings did.
#[derive(Debug, PartialEq, Eq)]
pub enum Reloaded {
    /// These providers go on with the new settings.
    Taken(Vec<String>),
    /// The new settings cannot be used; gangway keeps the old ones.
    Refused(Faults),
}

impl Reload {
    /// One step: applies what these settings say of the providers that are there.
    pub fn take(&self, input: &Input) -> Reloaded {
        let registered = self.registered.read().clone();
        let built = Settings::read(input).and_then(|settings| {
            let built = adapters::build(&settings)?;
            let hooks = built.hooks(&registered)?;
            Ok((built, hooks))
        });
        let (built, hooks) = match built {
            Ok(built) => built,
            Err(faults) => return Reloaded::Refused(faults),
        };
        let gone = self.gone(&built, &hooks);
        if !gone.is_empty() {
            return Reloaded::Refused(Faults(gone));
        }
        let mut taken = Vec::new();
        for (name, adapter) in built.by_name {
            if self.directory.exchange(Arc::clone(&adapter)) {
                self.tokens.clear(&name);
                self.limits.take_up([&*adapter]);
                taken.push(name);
            } else {
                tracing::warn!(provider = name, "a provider that was not set up at the start needs a restart");
            }
        }
        self.hooks.exchange(hooks);
        self.dispatcher.resume(None, self.clock.now());
        Reloaded::Taken(taken)
    }

    /// What was there and is no more. A file cut short looks like that, and senders of webhooks would be told that they
    /// have the wrong address.
    fn gone(&self, built: &Adapters, hooks: &HashMap<String, Hook>) -> Vec<Fault> {
        let hint = "put it back; to do without it, take its flows out too and restart";
        let lost = |at: String| Fault::new(at, "was there at the start and is gone", hint);
        let known = self.directory.all();
        let names = known.iter().map(|adapter| adapter.name());
        let (there, gone): (Vec<&str>, Vec<&str>) = names.partition(|name| built.by_name.contains_key(*name));
        let gone = gone.into_iter().map(|name| lost(format!("providers.{name}")));
        let deaf = there.into_iter().filter(|name| self.hooks.hook(name).is_some() && !hooks.contains_key(*name));
        gone.chain(deaf.map(|name| lost(format!("providers.{name}.webhook")))).collect()
    }

    /// Whether a webhook was registered since the last look, by whichever process.
    pub async fn registered_anew(&self) -> bool {
        let Ok(webhooks) = self.store.webhooks().await else { return false };
        let found = Registered::from(webhooks);
        let mut known = self.registered.write();
        let differs = known.differs(&found);
        *known = found;
        differs
    }

    /// Checks the settings file and newly registered webhooks for ever: every so often, and at once on SIGHUP.
    pub async fn run(self, config: Option<PathBuf>, every: Millis) {
        let mut known = Input::gather(config.as_deref()).ok();
        let Ok(mut hangup) = signal(SignalKind::hangup()) else { return };
        loop {
            let asked = tokio::select! { _ = hangup.recv() => true, () = tokio::time::sleep(std_time(every)) => false };
            let input = match Input::gather(config.as_deref()) {
                Ok(input) => input,
                Err(faults) if asked => {
                    tracing::error!(%faults, "the settings cannot be read; gangway keeps the old ones");
                    continue;
                }
                // Most likely it is being written at this moment.
                Err(_) => continue,
            };
            let registered = self.registered_anew().await;
            if !asked && !registered && known.as_ref().is_some_and(|known| known.file == input.file) {
                continue;
            }
            match self.take(&input) {
                Reloaded::Taken(providers) => {
                    tracing::info!(?providers, "settings taken up; sections other than providers need a restart");
                }
                Reloaded::Refused(faults) => {
                    tracing::error!(%faults, "the new settings cannot be used; gangway keeps the old ones");
                }
            }
            known = Some(input);
        }
    }
}
