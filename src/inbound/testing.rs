//! For tests of the way in: a door with a writer that answers as told, an adapter that reads anything, a place
//! apart that remembers.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use gangway_core::catalogue::Catalogue;
use gangway_core::decision::Verdict;
use gangway_core::event::{FactReport, Identifier, Trust};
use gangway_core::outcome::Answer;
use gangway_core::time::{Millis, Timestamp};
use parking_lot::Mutex;
use serde_json::{Map, json};
use tokio::sync::watch;

use super::aside::{Aside, Failed};
use crate::engine::{Arrival, Door, NotAccepted, Receipt};
use crate::providers::{Adapter, Call, Delivery, Far, Reading, Stop, Unreadable};

/// Longer than anything that a test waits for.
pub(crate) const DEADLINE: Duration = Duration::from_secs(180);

/// What the writer took, in order; copies included.
#[derive(Clone, Debug)]
pub(crate) struct Writer {
    taken: watch::Sender<Vec<Arrival>>,
    refusal: watch::Sender<Option<NotAccepted>>,
    put_off: watch::Sender<HashSet<String>>,
}

impl Writer {
    /// A door, and the writer behind it.
    pub(crate) fn start(queue: usize) -> (Door, Self) {
        let (door, mut waiting) = Door::bounded(queue, usize::MAX);
        let (taken, refusal) = (watch::Sender::new(Vec::new()), watch::Sender::new(None));
        let writer = Self { taken, refusal, put_off: watch::Sender::new(HashSet::new()) };
        let own = writer.clone();
        tokio::spawn(async move {
            let mut known = HashSet::new();
            while let Some(next) = waiting.recv().await {
                if let Some(refusal) = own.refusal.borrow().clone() {
                    let _ = next.answer.send(Err(refusal));
                    continue;
                }
                if own.put_off.borrow().contains(&next.arrival.event.key) {
                    let _ = next.answer.send(Err(NotAccepted::Later(Millis(1))));
                    continue;
                }
                let copy = !known.insert((next.arrival.event.source.clone(), next.arrival.event.key.clone()));
                own.taken.send_modify(|taken| taken.push(next.arrival));
                let seq = own.taken.borrow().len() as i64;
                let detail = "noted by the test".to_owned();
                let receipt = Receipt { seq: Some(seq), verdict: Verdict::Noted, copy, onboarding: None, detail };
                let _ = next.answer.send(Ok(receipt));
            }
        });
        (door, writer)
    }

    /// From now on nothing is accepted, or everything again.
    pub(crate) fn refuse(&self, why: Option<NotAccepted>) {
        self.refusal.send_replace(why);
    }

    /// From now on exactly these events, by key, are put off.
    pub(crate) fn put_off(&self, keys: impl IntoIterator<Item = String>) {
        self.put_off.send_replace(keys.into_iter().collect());
    }

    /// Waits until so many different events were taken.
    pub(crate) async fn until_different(&self, count: usize) {
        let keys = |taken: &Vec<Arrival>| taken.iter().map(|arrival| arrival.event.key.clone()).collect::<HashSet<_>>();
        let mut taken = self.taken.subscribe();
        let waiting = taken.wait_for(|taken| keys(taken).len() >= count);
        let in_time = tokio::time::timeout(DEADLINE, waiting).await.is_ok();
        assert!(in_time, "only {} of {count} events came in time", keys(&self.taken()).len());
    }

    /// What was taken so far.
    pub(crate) fn taken(&self) -> Vec<Arrival> {
        self.taken.borrow().clone()
    }
}

/// Reads any object: `id` is the key, `user` the identifier, `fact` a fact; `sent` varies.
#[derive(Debug)]
pub(crate) struct AnyAdapter;

#[async_trait]
impl Adapter for AnyAdapter {
    fn name(&self) -> &str {
        "any"
    }

    fn describe(&self, _catalogue: &mut Catalogue) {}

    async fn call(&self, _call: &Call<'_>, _far: &dyn Far) -> Result<Answer, Stop> {
        unreachable!("the way in never calls")
    }

    fn read(&self, delivery: &Delivery<'_>) -> Result<Reading, Unreadable> {
        let fields = delivery.json.as_object().ok_or_else(|| Unreadable("an object was expected".into()))?;
        let text = |name: &str| fields.get(name).and_then(|value| value.as_str()).map(str::to_owned);
        let trust = if delivery.signed { Trust::Fact } else { Trust::Hint };
        let fact = |name| FactReport { name, resource: String::new(), fields: Map::new(), time: None, rank: 0, trust };
        Ok(Reading {
            kind: text("kind").unwrap_or_else(|| "any.happened".into()),
            key: text("id"),
            occurred_at: None,
            identifiers: text("user").map(|user| Identifier::new("any.user", user)).into_iter().collect(),
            facts: text("fact").map(fact).into_iter().collect(),
            varies: if fields.contains_key("sent") { vec!["/sent".into()] } else { Vec::new() },
        })
    }
}

/// Source and reason of what was kept apart.
#[derive(Clone, Debug, Default)]
pub(crate) struct Remembered(Arc<Mutex<Vec<(String, String)>>>);

impl Remembered {
    pub(crate) fn all(&self) -> Vec<(String, String)> {
        self.0.lock().clone()
    }
}

#[async_trait]
impl Aside for Remembered {
    async fn keep(&self, source: &str, reason: &str, _failed: &Failed, _at: Timestamp) -> Result<(), String> {
        self.0.lock().push((source.into(), reason.into()));
        Ok(())
    }
}

/// A CloudEvent in structured form.
pub(crate) fn signed_up(id: &str) -> serde_json::Value {
    json!({
        "specversion": "1.0", "id": id, "source": "shop", "type": "user.signed_up", "subject": "u-1",
        "data": { "user_id": "u-1", "email": "ada@example.org" }
    })
}
