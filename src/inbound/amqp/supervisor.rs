//! Connects, consumes, and begins again, for ever. The broker may be away at the start and go at any time; readiness
//! says so, and nothing else stops for it.

use std::sync::Arc;
use std::time::Duration;

use lapin::{Connection, ConnectionProperties};
use tokio::sync::watch;

use super::dead::Dead;
use super::session::{End, Share};
use super::state::AmqpState;
use super::topology::{self, Names};
use super::{Ended, in_time, uri};
use crate::clock::Clock;
use crate::engine::{Door, NotAccepted};
use crate::settings::amqp::AmqpSettings;

/// Keeps one consumer alive.
#[derive(Debug)]
pub struct Supervisor {
    share: Share,
}

impl Supervisor {
    /// A supervisor that has not begun.
    #[must_use]
    pub fn new(settings: AmqpSettings, door: Door, clock: Arc<dyn Clock>) -> Self {
        let state = AmqpState::default();
        let dead = Dead::new(settings.clone(), state.clone(), Arc::clone(&clock));
        Self { share: Share { settings, door, clock, state, dead } }
    }

    /// How it stands, for readiness and metrics; stays true while it runs.
    #[must_use]
    pub fn state(&self) -> AmqpState {
        self.share.state.clone()
    }

    /// Consumes until `stop` holds `true` or its sender is gone. Returns at once when no broker is configured.
    pub async fn run(&self, mut stop: watch::Receiver<bool>) {
        if self.share.settings.url.is_none() {
            return;
        }
        let Share { settings, clock, state, .. } = &self.share;
        state.configured(clock.now());
        let mut pause = Pause::new(settings);
        let mut prove = false;
        while !*stop.borrow() {
            let End { why, lived } = self.once(prove, &mut stop).await;
            state.set(false, false, clock.now());
            if why == Ended::Stopped {
                break;
            }
            if lived {
                pause.reset();
            }
            // After the door refused, one delivery at a time goes ahead: a whole batch that goes back each time would
            // use up the delivery limit.
            prove = matches!(why, Ended::NotTaken(_)) || (prove && !lived);
            let wait = pause.next(&why);
            tracing::warn!(why = why.words(), wait_ms = wait.as_millis(), "consuming from the broker ended");
            metrics::counter!("gangway_amqp_troubles_total").increment(1);
            state.trouble(why.words());
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                _ = stop.wait_for(|stop| *stop) => {}
            }
        }
        state.set(false, false, clock.now());
    }

    /// One connection's life: connect, look after the topology, consume until something ends it.
    async fn once(&self, prove: bool, stop: &mut watch::Receiver<bool>) -> End {
        let share = &self.share;
        let opening = tokio::select! {
            opening = self.open() => opening,
            _ = stop.wait_for(|stop| *stop) => Err(Ended::Stopped),
        };
        let (connection, names) = match opening {
            Ok(open) => open,
            Err(why) => return End { why, lived: false },
        };
        let mut end = share.consume(&connection, &names, prove, stop).await;
        while matches!(end.why, Ended::Proved | Ended::Anew) {
            tracing::info!(why = end.why.words(), "consuming goes on");
            end = End { lived: true, ..share.consume(&connection, &names, false, stop).await };
        }
        // A broker that is gone would only be waited for; dropping the connection is then enough.
        if !matches!(end.why, Ended::Broker(_)) {
            let closing = in_time(share.within(), "closing", connection.close(200, "done".into())).await;
            if let Err(why) = closing {
                tracing::debug!(why = why.words(), "the connection was not closed cleanly");
            }
        }
        end
    }

    async fn open(&self) -> Result<(Connection, Names), Ended> {
        let Share { settings, clock, state, .. } = &self.share;
        let names = Names::new(settings)?;
        let uri = uri(settings)?;
        let properties = ConnectionProperties::default().with_connection_name("gangway inbound".into());
        let connecting = Connection::connect_uri(uri, properties);
        let connection = in_time(self.share.within(), "connecting", connecting).await?;
        state.set(true, false, clock.now());
        let differences = topology::prepare(&connection, &names, settings).await?;
        if state.differences(differences.clone()) {
            for difference in differences {
                tracing::warn!(%difference, "the broker's topology differs from what gangway would declare; going on");
            }
        }
        Ok((connection, names))
    }
}

/// How long to wait before beginning again: doubles up to a cap.
#[derive(Debug)]
struct Pause {
    first: Duration,
    most: Duration,
    next: Duration,
}

impl Pause {
    const fn new(settings: &AmqpSettings) -> Self {
        let first = Duration::from_millis(settings.reconnect_first.0);
        Self { first, most: Duration::from_millis(settings.reconnect_most.0), next: first }
    }

    const fn reset(&mut self) {
        self.next = self.first;
    }

    /// The next pause; longer when the door asked for longer.
    fn next(&mut self, why: &Ended) -> Duration {
        let pause = self.next;
        self.next = (pause * 2).min(self.most);
        match why {
            Ended::NotTaken(NotAccepted::Away(asked) | NotAccepted::Full(asked) | NotAccepted::Later(asked)) => {
                pause.max(Duration::from_millis(asked.0).min(self.most))
            }
            _ => pause,
        }
    }
}

#[cfg(test)]
mod pauses {
    use std::time::Duration;

    use gangway_core::time::Millis;

    use super::{Ended, Pause};
    use crate::engine::NotAccepted;
    use crate::settings::amqp::AmqpSettings;

    #[test]
    fn pauses_double_from_100_ms_up_to_5_s_and_begin_anew_after_a_session_that_lived() {
        let mut pause = Pause::new(&AmqpSettings::default());
        let lost = Ended::Broker("lost".into());
        let waits: Vec<_> = (0..8).map(|_| pause.next(&lost).as_millis()).collect();
        assert_eq!(waits, [100, 200, 400, 800, 1600, 3200, 5000, 5000]);
        pause.reset();
        assert_eq!(pause.next(&lost), Duration::from_millis(100));
    }

    #[test]
    fn a_door_that_asks_for_more_time_gets_it_within_the_cap() {
        let mut pause = Pause::new(&AmqpSettings::default());
        let away = |ms| Ended::NotTaken(NotAccepted::Away(Millis(ms)));
        assert_eq!(pause.next(&away(1000)), Duration::from_secs(1));
        assert_eq!(pause.next(&away(60_000)), Duration::from_secs(5));
    }
}
