//! Deliveries under way, up to `prefetch` of them; each is acknowledged after its commit. When the door takes nothing,
//! the consumer is cancelled and what is not committed goes back. One that alone cannot be stored now waits here, is
//! offered again, and is in nobody's way.

use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _};
use gangway_core::time::Millis;
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicCancelOptions};
use lapin::types::ShortString;
use lapin::{Channel, Consumer};

use super::acks::Acks;
use super::dead::Dead;
use super::session::Share;
use super::watchdog::Pulse;
use super::{Ended, in_time, message};
use crate::engine::{Arrival, NotAccepted};
use crate::inbound::answer::{count, word};

const SOURCE: &str = "amqp";

/// A delivery's tag, and what became of it.
type Taken = (u64, End);

/// What became of a delivery.
enum End {
    /// The journal or the dead queue has it.
    Kept,
    /// It alone cannot be stored now; offer it again after this long.
    Later(Box<Arrival>, Duration),
    /// It waited so long; it is to be offered again.
    Due(Box<Arrival>, Duration),
    /// Nothing can be taken.
    Trouble(Ended),
}

/// Deliveries of one channel that are under way.
pub(super) struct Flight<'a> {
    share: &'a Share,
    channel: Channel,
    dead: Dead,
    under_way: FuturesUnordered<BoxFuture<'a, Taken>>,
    acks: Acks,
    pulse: &'a Pulse,
    committed: u64,
    /// How many may wait to be offered again.
    places: usize,
}

impl<'a> Flight<'a> {
    pub(super) fn new(share: &'a Share, channel: Channel, dead: Dead, pulse: &'a Pulse, prefetch: u16) -> Self {
        let (under_way, places) = (FuturesUnordered::new(), usize::from(prefetch / 2));
        Self { share, channel, dead, under_way, acks: Acks::default(), pulse, committed: 0, places }
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

    /// Notes this end and all others that are known by now, then acknowledges what is kept.
    async fn taken(&mut self, first: Taken) -> Result<(), Ended> {
        let mut next = Some(first);
        let mut trouble = Ok(());
        while let Some((tag, end)) = next {
            match end {
                End::Kept => {
                    self.acks.committed(tag);
                    self.committed += 1;
                }
                End::Later(arrival, wait) if self.acks.aside() < self.places => {
                    self.acks.set_aside(tag);
                    self.under_way.push(waited(tag, arrival, wait).boxed());
                }
                End::Due(arrival, wait) => {
                    self.acks.offered(tag);
                    self.under_way.push(again(self.share, tag, arrival, wait).boxed());
                }
                // The one delivery that was to prove that the door takes events: it was answered for itself.
                End::Later(..) if self.places == 0 => trouble = Err(Ended::Proved),
                End::Later(_, wait) => {
                    let wait = Millis(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
                    trouble = Err(Ended::NotTaken(NotAccepted::Later(wait)));
                }
                End::Trouble(ended) => trouble = Err(ended),
            }
            next = self.under_way.next().now_or_never().flatten();
        }
        for (tag, multiple) in self.acks.ready() {
            self.ack(tag, multiple).await?;
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
            // Those that wait to be offered again go back at once.
            while self.under_way.len() > self.acks.aside()
                && let Some((tag, end)) = self.under_way.next().await
            {
                match end {
                    End::Kept => {
                        self.acks.committed(tag);
                        self.committed += 1;
                    }
                    End::Later(..) | End::Due(..) | End::Trouble(_) => self.acks.goes_back(tag),
                }
            }
        };
        if tokio::time::timeout(drain, draining).await.is_err() {
            tracing::warn!("deliveries were still being committed at the end; they will come again and be known");
        }
        if usable {
            let acks = self.acks.ready();
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

/// One delivery: to the door, or to the dead queue.
async fn take(share: &Share, dead: Dead, delivery: Delivery) -> Taken {
    let tag = delivery.delivery_tag;
    let too_large = delivery.data.len() > share.settings.max_message;
    let (reason, verdict) = if too_large {
        ("the body is larger than the limit".to_owned(), "too_large")
    } else {
        match message::read(&delivery.properties, &delivery.data, share.clock.now()) {
            Ok(arrival) => return (tag, offer(share, Box::new(arrival), Duration::ZERO).await),
            Err(why) => (why.0, "unreadable"),
        }
    };
    let put = dead.put(&delivery, &reason).await;
    if put.is_ok() {
        count(SOURCE, verdict);
        tracing::warn!(%reason, "what came from the broker cannot be read; it is in the dead queue");
    }
    (tag, put.map_or_else(End::Trouble, |()| End::Kept))
}

async fn waited(tag: u64, arrival: Box<Arrival>, wait: Duration) -> Taken {
    tokio::time::sleep(wait).await;
    (tag, End::Due(arrival, wait))
}

async fn again(share: &Share, tag: u64, arrival: Box<Arrival>, waited: Duration) -> Taken {
    (tag, offer(share, arrival, waited).await)
}

/// Waiting for room is the back pressure: at most `prefetch` wait here, and the broker keeps the rest. One that is put
/// off again and again waits longer and longer.
async fn offer(share: &Share, arrival: Box<Arrival>, waited: Duration) -> End {
    match share.door.accept_own((*arrival).clone()).await {
        Ok(receipt) => {
            count(SOURCE, word(&receipt));
            End::Kept
        }
        Err(NotAccepted::Later(wait)) => {
            count(SOURCE, "unavailable");
            let longest = Duration::from_millis(share.settings.reconnect_most.0);
            End::Later(arrival, Duration::from_millis(wait.0).max(waited * 2).min(longest))
        }
        Err(why) => {
            count(SOURCE, "unavailable");
            End::Trouble(Ended::NotTaken(why))
        }
    }
}
