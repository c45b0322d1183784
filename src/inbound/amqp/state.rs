//! The state of the way from the broker; for `/readyz`, metrics, and code that waits for a change.

use gangway_core::time::Timestamp;
use tokio::sync::watch;

/// How it stands now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// Whether a broker is configured at all.
    pub configured: bool,
    /// Whether there is a connection.
    pub connected: bool,
    /// Whether deliveries are being taken.
    pub consuming: bool,
    /// Since when the two above are as they are.
    pub since: Timestamp,
    /// When the way through the broker was last proved.
    pub proved_at: Option<Timestamp>,
    /// How many sessions ended by trouble.
    pub troubles: u64,
    /// The last trouble, without credentials; stays after it is over.
    pub last_error: Option<String>,
    /// Where exchanges and queues differ from what gangway would declare.
    pub differences: Vec<String>,
    /// Deliveries that cannot be read and that the dead queue has not taken yet.
    pub unreadable: usize,
    /// Since when there are any.
    pub unreadable_since: Timestamp,
    /// Why the dead queue takes nothing, while it does not.
    pub dead_error: Option<String>,
}

impl Snapshot {
    /// Whether events can come in this way, as far as they should.
    #[must_use]
    pub const fn ready(&self) -> bool {
        !self.configured || self.consuming
    }
}

/// Shared between its clones.
#[derive(Clone, Debug, Default)]
pub struct AmqpState(watch::Sender<Snapshot>);

impl AmqpState {
    /// How it stands now.
    #[must_use]
    pub fn now(&self) -> Snapshot {
        self.0.borrow().clone()
    }

    /// Tells of every change.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<Snapshot> {
        self.0.subscribe()
    }

    pub(super) fn configured(&self, now: Timestamp) {
        self.0.send_modify(|state| *state = Snapshot { configured: true, since: now, ..Snapshot::default() });
    }

    pub(super) fn set(&self, connected: bool, consuming: bool, now: Timestamp) {
        metrics::gauge!("gangway_amqp_connected").set(f64::from(u8::from(connected)));
        metrics::gauge!("gangway_amqp_consuming").set(f64::from(u8::from(consuming)));
        self.0.send_if_modified(|state| {
            let changed = (state.connected, state.consuming) != (connected, consuming);
            if changed {
                (state.connected, state.consuming, state.since) = (connected, consuming, now);
            }
            changed
        });
    }

    pub(super) fn proved(&self, now: Timestamp) {
        self.0.send_modify(|state| state.proved_at = Some(now));
    }

    pub(super) fn trouble(&self, what: String) {
        self.0.send_modify(|state| {
            state.troubles += 1;
            state.last_error = Some(what);
        });
    }

    /// One that cannot be read waits for the dead queue.
    pub(super) fn dead_came(&self, now: Timestamp) {
        self.0.send_modify(|state| {
            state.unreadable_since = if state.unreadable == 0 { now } else { state.unreadable_since };
            state.unreadable += 1;
            metrics::gauge!("gangway_amqp_unreadable").set(state.unreadable as f64);
        });
    }

    /// The dead queue did not take one; whether that is news.
    pub(super) fn dead_waits(&self, why: String) -> bool {
        self.0.send_if_modified(|state| state.dead_error.replace(why).is_none())
    }

    /// One less waits.
    pub(super) fn dead_left(&self) {
        self.0.send_modify(|state| {
            state.unreadable = state.unreadable.saturating_sub(1);
            if state.unreadable == 0 {
                state.dead_error = None;
            }
            metrics::gauge!("gangway_amqp_unreadable").set(state.unreadable as f64);
        });
    }

    /// Remembers the differences; tells whether they are other ones than before.
    pub(super) fn differences(&self, differences: Vec<String>) -> bool {
        self.0.send_if_modified(|state| {
            let changed = state.differences != differences;
            state.differences = differences;
            changed
        })
    }
}
