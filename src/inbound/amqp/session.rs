//! One consumer on one channel, from its start to its end. Up to `prefetch` deliveries are under way at a time; each
//! is acknowledged after its commit. When the door takes nothing, the consumer is cancelled and the rest goes back.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _};
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicCancelOptions, BasicConsumeOptions, BasicQosOptions};
use lapin::types::{FieldTable, ShortString};
use lapin::{Channel, Connection, Consumer};
use tokio::sync::watch;

use super::acks::Acks;
use super::dead::Dead;
use super::state::AmqpState;
use super::topology::Names;
use super::watchdog::{Pulse, Watchdog};
use super::{Ended, in_time, message};
use crate::clock::Clock;
use crate::engine::Door;
use crate::inbound::answer::{count, word};
use crate::settings::amqp::AmqpSettings;

const SOURCE: &str = "amqp";

/// What every session of a supervisor shares.
#[derive(Debug)]
pub(super) struct Share {
    pub(super) settings: AmqpSettings,
    pub(super) door: Door,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) state: AmqpState,
}

/// How a session ended, and whether it had lived: took something or was proved.
#[derive(Debug)]
pub(super) struct End {
    pub(super) why: Ended,
    pub(super) lived: bool,
}

/// A delivery's tag, and what became of it.
type Taken = (u64, Result<(), Ended>);

struct Session<'a> {
    share: &'a Share,
    channel: Channel,
    dead: Dead,
    under_way: FuturesUnordered<BoxFuture<'a, Taken>>,
    acks: Acks,
    pulse: &'a Pulse,
    committed: u64,
}

impl Share {
    pub(super) fn within(&self) -> Duration {
        Duration::from_millis(self.settings.answer_within_ms)
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
            Ok((mut session, mut consumer, control)) => {
                let watchdog = Watchdog {
                    channel: &control,
                    queue: &names.queue,
                    every: Duration::from_millis(self.settings.watch_every_ms),
                    within: self.within(),
                    state: &self.state,
                    clock: self.clock.as_ref(),
                };
                let tag = consumer.tag();
                let why = tokio::select! {
                    why = session.run(&mut consumer, prove) => why,
                    why = watchdog.watch(&pulse) => why,
                    _ = stop.wait_for(|stop| *stop) => Ended::Stopped,
                };
                self.state.set(true, false, self.clock.now());
                if !matches!(why, Ended::Broker(_)) {
                    session.finish(tag).await;
                }
                session.show_none();
                (why, session.committed)
            }
            Err(why) => (why, 0),
        };
        End { why, lived: committed > 0 || pulse.proofs.load(Ordering::Relaxed) > 1 }
    }

    /// The session, its consumer, and the channel that the watchdog asks on.
    async fn open<'a>(
        &'a self,
        connection: &Connection,
        names: &Names,
        prove: bool,
        pulse: &'a Pulse,
    ) -> Result<(Session<'a>, Consumer, Channel), Ended> {
        let within = self.within();
        let channel = || in_time(within, "opening a channel", connection.create_channel());
        let (consuming, control, dead) = (channel().await?, channel().await?, channel().await?);
        let dead = Dead::open(dead, names.dead.clone(), within).await?;
        let prefetch = if prove { 1 } else { self.settings.prefetch };
        let setting = consuming.basic_qos(prefetch, BasicQosOptions::default());
        in_time(within, "setting the prefetch", setting).await?;
        let (options, arguments) = (BasicConsumeOptions::default(), FieldTable::default());
        let starting = consuming.basic_consume(names.queue.clone(), "".into(), options, arguments);
        let consumer = in_time(within, "starting to consume", starting).await?;
        self.state.set(true, true, self.clock.now());
        let session = Session {
            share: self,
            channel: consuming,
            dead,
            under_way: FuturesUnordered::new(),
            acks: Acks::default(),
            pulse,
            committed: 0,
        };
        Ok((session, consumer, control))
    }
}

impl<'a> Session<'a> {
    async fn run(&mut self, consumer: &mut Consumer, prove: bool) -> Ended {
        loop {
            let step = tokio::select! {
                Some(taken) = self.under_way.next(), if !self.under_way.is_empty() => self.taken(taken).await,
                delivery = consumer.next() => match delivery {
                    Some(Ok(delivery)) => {
                        self.begin(delivery);
                        Ok(())
                    }
                    Some(Err(error)) => Err(error.into()),
                    None => Err(Ended::Broker("the broker ended our consumer".into())),
                },
            };
            match step {
                Ok(()) if prove && self.committed > 0 => return Ended::Proved,
                Ok(()) => {}
                Err(ended) => return ended,
            }
        }
    }

    fn begin(&mut self, delivery: Delivery) {
        self.acks.came(delivery.delivery_tag);
        self.pulse.came.fetch_add(1, Ordering::Relaxed);
        self.show();
        self.under_way.push(take(self.share, self.dead.clone(), delivery).boxed());
    }

    /// Notes this end and all others that are known by now, then acknowledges them with one frame.
    async fn taken(&mut self, first: Taken) -> Result<(), Ended> {
        let mut next = Some(first);
        let mut trouble = Ok(());
        while let Some((tag, end)) = next {
            match end {
                Ok(()) => {
                    self.acks.committed(tag);
                    self.committed += 1;
                }
                Err(ended) => trouble = Err(ended),
            }
            next = self.under_way.next().now_or_never().flatten();
        }
        if let Some(tag) = self.acks.up_to() {
            self.ack(tag, true).await?;
        }
        self.show();
        trouble
    }

    async fn ack(&mut self, tag: u64, multiple: bool) -> Result<(), Ended> {
        in_time(self.share.within(), "acknowledging", self.channel.basic_ack(tag, BasicAckOptions { multiple })).await
    }

    fn show(&self) {
        self.pulse.under_way.store(self.acks.len(), Ordering::Relaxed);
        metrics::gauge!("gangway_amqp_under_way").set(self.acks.len() as f64);
    }

    /// Takes no more, waits for the commits that are under way, acknowledges them, and lets the rest go back. Only
    /// worth doing while the broker answers: else all goes back by itself. Trouble here loses nothing: what was committed and not acknowledged comes again and is known.
    async fn finish(&mut self, consumer: ShortString) {
        let within = self.share.within();
        let cancelling = self.channel.basic_cancel(consumer, BasicCancelOptions::default());
        let usable = in_time(within, "cancelling", cancelling).await.is_ok();
        let drain = Duration::from_millis(self.share.settings.drain_ms);
        let draining = async {
            while let Some((tag, end)) = self.under_way.next().await {
                if end.is_ok() {
                    self.acks.committed(tag);
                    self.committed += 1;
                }
            }
        };
        if tokio::time::timeout(drain, draining).await.is_err() {
            tracing::warn!("deliveries were still being committed at the end; they will come again and be known");
        }
        if usable {
            let acks = self.acks.up_to().map(|tag| (tag, true));
            let rest: Vec<_> = self.acks.rest().into_iter().map(|tag| (tag, false)).collect();
            for (tag, multiple) in acks.into_iter().chain(rest) {
                if self.ack(tag, multiple).await.is_err() {
                    break;
                }
            }
            let closing = self.channel.close(200, "done".into());
            if let Err(ended) = in_time(within, "closing a channel", closing).await {
                tracing::debug!(why = ended.words(), "a channel was not closed in order");
            }
        }
    }

    fn show_none(&mut self) {
        self.acks = Acks::default();
        self.show();
    }
}

/// One delivery: to the door, or to the dead queue. `Ok` only when either has it.
async fn take(share: &Share, dead: Dead, delivery: Delivery) -> Taken {
    let tag = delivery.delivery_tag;
    let too_large = delivery.data.len() > share.settings.max_message;
    let (reason, verdict) = if too_large {
        ("the body is larger than the limit".to_owned(), "too_large")
    } else {
        match message::read(&delivery.properties, &delivery.data, share.clock.now()) {
            // Waiting for room is the back pressure: at most `prefetch` wait here, and the broker keeps the rest.
            Ok(arrival) => {
                return match share.door.accept_own(arrival).await {
                    Ok(receipt) => {
                        count(SOURCE, word(&receipt));
                        (tag, Ok(()))
                    }
                    Err(why) => {
                        count(SOURCE, "unavailable");
                        (tag, Err(Ended::NotTaken(why)))
                    }
                };
            }
            Err(why) => (why.0, "unreadable"),
        }
    };
    let put = dead.put(&delivery, &reason).await;
    if put.is_ok() {
        count(SOURCE, verdict);
        tracing::warn!(%reason, "what came from the broker cannot be read; it is in the dead queue");
    }
    (tag, put)
}
