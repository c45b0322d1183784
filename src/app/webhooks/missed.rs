//! Deliveries that did not arrive: asks providers that keep them now and then, and takes each as if it had come by
//! itself. A step can be called singly; this process hands in each delivery once, and another process's copy counts as
//! a copy.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use actix_web::web::Data;
use gangway_core::outcome::AttemptResult;
use gangway_core::time::Millis;
use parking_lot::Mutex;
use serde_json::{Map, Value, json};

use super::ask;
use crate::app::parts::std_time;
use crate::clock::{Chance, Clock};
use crate::inbound::webhook::Webhooks;
use crate::outbound::Transport;
use crate::outbound::attempt::call::Way;
use crate::outbound::http::Tokens;
use crate::providers::Adapter;
use crate::providers::directory::Directory;
use crate::store::Store;

/// What reads back.
#[derive(Clone, Debug)]
pub(in crate::app) struct ReadBack {
    pub directory: Arc<Directory>,
    pub hooks: Data<Webhooks>,
    pub store: Store,
    pub transport: Arc<dyn Transport>,
    pub tokens: Arc<Tokens>,
    pub clock: Arc<dyn Clock>,
    pub chance: Arc<dyn Chance>,
    /// Longest conversation.
    pub limit: Millis,
    /// Records that were handed in, by webhook; only those that the provider still lists.
    pub handed: Arc<Mutex<BTreeMap<String, BTreeSet<String>>>>,
}

impl ReadBack {
    /// Reads missed deliveries back for ever, every so often; the first time at once, for what was missed while nothing
    /// ran.
    pub async fn run(self, every: Millis) {
        loop {
            let taken = self.step().await;
            if taken > 0 {
                tracing::info!(taken, "deliveries that did not arrive were read back");
            }
            tokio::time::sleep(std_time(every)).await;
        }
    }

    /// One step: asks every provider that keeps deliveries. Answers how many were handed in.
    pub async fn step(&self) -> usize {
        let mut taken = 0;
        for adapter in self.directory.all() {
            let Some(mut webhooks) = adapter.reads_back() else { continue };
            match self.store.webhooks().await {
                Ok(registered) => {
                    let own = registered.into_iter().filter(|webhook| webhook.provider == adapter.name());
                    webhooks.extend(own.map(|webhook| webhook.webhook_id));
                }
                Err(error) => tracing::warn!(%error, "which webhooks were registered cannot be read"),
            }
            for webhook in webhooks.into_iter().collect::<BTreeSet<_>>() {
                taken += self.of_webhook(&*adapter, &webhook).await;
            }
        }
        taken
    }

    async fn of_webhook(&self, adapter: &dyn Adapter, webhook: &str) -> usize {
        let way = Way { adapter, transport: &*self.transport, tokens: &self.tokens };
        let input = Map::from_iter([("webhook_id".to_owned(), json!(webhook))]);
        let listed = match ask(way, (&*self.clock, &*self.chance), "missed_deliveries", input, self.limit).await {
            AttemptResult::Done(answer) => answer.fields.get("deliveries").and_then(Value::as_array).cloned(),
            AttemptResult::Again { cause, .. } | AttemptResult::Unknown { cause } | AttemptResult::Broken { cause } => {
                tracing::warn!(provider = adapter.name(), webhook, cause, "missed deliveries cannot be read");
                return 0;
            }
            AttemptResult::NotDone => None,
        };
        let place = format!("{}/{webhook}", adapter.name());
        let known = self.handed.lock().remove(&place).unwrap_or_default();
        let (mut now_known, mut taken) = (BTreeSet::new(), 0);
        for record in listed.unwrap_or_default() {
            let id = record.get("id").and_then(Value::as_str).map_or_else(|| record.to_string(), str::to_owned);
            if known.contains(&id) {
                now_known.insert(id);
                continue;
            }
            match self.hooks.take_back(adapter, &record).await {
                Ok(_) => {
                    now_known.insert(id);
                    taken += 1;
                }
                Err(why) => {
                    tracing::warn!(provider = adapter.name(), why, "a missed delivery cannot be taken now");
                }
            }
        }
        self.handed.lock().insert(place, now_known);
        taken
    }
}
