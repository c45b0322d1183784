//! Deliveries under way, up to `prefetch` of them; each is acknowledged after its commit. When the door takes nothing,
//! the consumer is cancelled and what is not committed goes back.

use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _};
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicCancelOptions};
use lapin::types::ShortString;
use lapin::{Channel, Consumer};

use super::acks::Acks;
use super::dead::Dead;
use super::session::Share;
use super::watchdog::Pulse;
use super::{Ended, in_time, message};
use crate::inbound::answer::{count, word};

const SOURCE: &str = "amqp";

/// A delivery's tag, and what became of it.
type Taken = (u64, Result<(), Ended>);

/// Deliveries of one channel that are under way.
pub(super) struct Flight<'a> {
    share: &'a Share,
    channel: Channel,
    dead: Dead,
    under_way: FuturesUnordered<BoxFuture<'a, Taken>>,
    acks: Acks,
    pulse: &'a Pulse,
    committed: u64,
}

impl<'a> Flight<'a> {
    pub(super) fn new(share: &'a Share, channel: Channel, dead: Dead, pulse: &'a Pulse) -> Self {
        Self { share, channel, dead, under_way: FuturesUnordered::new(), acks: Acks::default(), pulse, committed: 0 }
    }

    /// How many were committed.
    pub(super) const fn committed(&self) -> u64 {
        self.committed
    }

    /// Takes what comes until something ends it; with `prove`, until the first commit.
    pub(super) async fn run(&mut self, consumer: &mut Consumer, prove: bool) -> Ended {
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
    pub(super) async fn finish(&mut self, consumer: ShortString) {
        let within = self.share.within();
        let cancelling = self.channel.basic_cancel(consumer, BasicCancelOptions::default());
        let usable = in_time(within, "cancelling", cancelling).await.is_ok();
        let drain = Duration::from_millis(self.share.settings.drain.0);
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

    /// Nothing is under way any more.
    pub(super) fn show_none(&mut self) {
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
