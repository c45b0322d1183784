//! One consumer on one channel, from its start to its end, with its watchdog.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use lapin::{Channel, Connection};
use tokio::sync::watch;

use super::dead::Dead;
use super::flight::Flight;
use super::state::AmqpState;
use super::topology::Names;
use super::watchdog::{Pulse, Watchdog};
use super::{Ended, in_time};
use crate::clock::Clock;
use crate::engine::Door;
use crate::settings::amqp::AmqpSettings;

/// What every session of a supervisor shares.
#[derive(Debug)]
pub(super) struct Share {
    pub(super) settings: AmqpSettings,
    pub(super) door: Door,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) state: AmqpState,
    pub(super) dead: Dead,
}

/// How a session ended, and whether it had lived: took something or was proved.
#[derive(Debug)]
pub(super) struct End {
    pub(super) why: Ended,
    pub(super) lived: bool,
}

impl Share {
    pub(super) fn within(&self) -> Duration {
        Duration::from_millis(self.settings.answer_within.0)
    }

    /// Consumes until something ends it. With `prove`, one delivery at a time, and done after the first.
    pub(super) async fn consume(
        &self,
        connection: &Connection,
        names: &Names,
        prove: bool,
        stop: &mut watch::Receiver<bool>,
    ) -> End {
        let pulse = Pulse::default();
        let (why, committed) = match self.open(connection, names, prove, &pulse).await {
            Ok((mut flight, control)) => {
                let watchdog = Watchdog {
                    channel: &control,
                    queue: &names.queue,
                    every: Duration::from_millis(self.settings.watch_every.0),
                    within: self.within(),
                    state: &self.state,
                    clock: self.clock.as_ref(),
                };
                let why = tokio::select! {
                    why = flight.run(prove) => why,
                    why = watchdog.watch(&pulse) => why,
                    _ = stop.wait_for(|stop| *stop) => Ended::Stopped,
                };
                self.state.set(true, false, self.clock.now());
                if !matches!(why, Ended::Broker(_)) {
                    flight.finish().await;
                }
                flight.show_none();
                (why, flight.committed())
            }
            Err(why) => (why, 0),
        };
        End { why, lived: committed > 0 || pulse.proofs.load(Ordering::Relaxed) > 1 }
    }

    /// What is under way, and the channel that the watchdog asks on.
    async fn open<'a>(
        &'a self,
        connection: &Connection,
        names: &Names,
        prove: bool,
        pulse: &'a Pulse,
    ) -> Result<(Flight<'a>, Channel), Ended> {
        let within = self.within();
        let channel = || in_time(within, "opening a channel", connection.create_channel());
        let (consuming, control) = (channel().await?, channel().await?);
        let prefetch = if prove { 1 } else { self.settings.prefetch };
        let mut flight = Flight::new(self, consuming, names.queue.clone(), prefetch, pulse);
        flight.consume().await?;
        self.state.set(true, true, self.clock.now());
        Ok((flight, control))
    }
}
