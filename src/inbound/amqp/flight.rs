//! Deliveries under way, up to `prefetch` of them; each is acknowledged after its commit. What cannot be read waits
//! aside for the dead queue, and another consumer takes what comes behind it. One that alone cannot be stored now is
//! offered again and delays no other; of many, those beyond half of `prefetch` go back to the queue after a while. When
//! the door takes nothing, the consumers are cancelled, and what is not committed goes back.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, SelectAll};
use futures_util::{FutureExt as _, StreamExt as _};
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicCancelOptions, BasicConsumeOptions, BasicQosOptions, BasicRejectOptions};
use lapin::types::{FieldTable, ShortString};
use lapin::{Channel, Consumer};
use tokio::sync::SemaphorePermit;

use super::acks::Acks;
use super::dead::Counted;
use super::session::Share;
use super::watchdog::Pulse;
use super::{Ended, in_time, message};
use crate::engine::{Arrival, NotAccepted};
use crate::inbound::answer::{count, word};

const SOURCE: &str = "amqp";
/// Consumers at most: each lets half of `prefetch` more wait for the dead queue. Beyond that the intake from the broker
/// waits too.
const CONSUMERS: usize = 32;
/// Deliveries without room to keep them come again after so many times `reconnect_most`: many must not keep the door
/// busy.
const BACK_AFTER: u32 = 12;

/// A delivery's tag, and what became of it.
type Taken = (u64, End);

/// What became of a delivery.
enum End {
    /// It is an event, and committed.
    Kept,
    /// It cannot be read; why, and the word for it in metrics.
    Unreadable(Box<Delivery>, String, &'static str),
    /// It alone cannot be stored now; offer it again after this long.
    Later(Box<Arrival>, Duration),
    /// It has waited this long and will be offered again.
    Due(Box<Arrival>, Duration),
    /// It has waited long enough without its content; the queue delivers it again.
    Back,
    /// Nothing can be taken.
    Trouble(Ended),
}

/// Deliveries of one channel that are under way.
pub(super) struct Flight<'a> {
    share: &'a Share,
    channel: Channel,
    under_way: FuturesUnordered<BoxFuture<'a, Taken>>,
    consumers: SelectAll<Consumer>,
    tags: Vec<ShortString>,
    prefetch: u16,
    queue: ShortString,
    aside: FuturesUnordered<BoxFuture<'a, u64>>,
    /// Those that wait without their content: they are redelivered.
    parked: Vec<Counted<'a>>,
    /// Those that are offered again, and how many they may be.
    later: BTreeSet<u64>,
    /// How many of these wait now; the others are at the door.
    waiting: usize,
    places: usize,
    acks: Acks,
    pulse: &'a Pulse,
    committed: u64,
}

impl<'a> Flight<'a> {
    pub(super) fn new(share: &'a Share, channel: Channel, queue: ShortString, prefetch: u16, pulse: &'a Pulse) -> Self {
        Self {
            share,
            channel,
            under_way: FuturesUnordered::new(),
            consumers: SelectAll::new(),
            tags: Vec::new(),
            prefetch,
            queue,
            aside: FuturesUnordered::new(),
            parked: Vec::new(),
            later: BTreeSet::new(),
            waiting: 0,
            places: usize::from(prefetch / 2),
            acks: Acks::default(),
            pulse,
            committed: 0,
        }
    }

    /// Begins to consume, or lets as many more come.
    pub(super) async fn consume(&mut self) -> Result<(), Ended> {
        let within = self.share.within();
        let setting = self.channel.basic_qos(self.prefetch, BasicQosOptions::default());
        in_time(within, "setting the prefetch", setting).await?;
        let (options, arguments) = (BasicConsumeOptions::default(), FieldTable::default());
        let starting = self.channel.basic_consume(self.queue.clone(), "".into(), options, arguments);
        let consumer = in_time(within, "starting to consume", starting).await?;
        self.tags.push(consumer.tag());
        self.consumers.push(consumer);
        Ok(())
    }

    /// How many were committed.
    pub(super) const fn committed(&self) -> u64 {
        self.committed
    }

    /// Takes what comes until something ends it; with `prove`, until the first commit.
    pub(super) async fn run(&mut self, prove: bool) -> Ended {
        loop {
            let step = tokio::select! {
                Some(taken) = self.under_way.next(), if !self.under_way.is_empty() => self.taken(taken).await,
                Some(tag) = self.aside.next(), if !self.aside.is_empty() => self.kept(tag).await,
                delivery = self.consumers.next() => match delivery {
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
        self.under_way.push(take(self.share, delivery).boxed());
    }

    /// Notes this end and all others that are known by now, then acknowledges them with one frame.
    async fn taken(&mut self, first: Taken) -> Result<(), Ended> {
        let mut next = Some(first);
        let mut trouble = Ok(());
        while let Some((tag, end)) = next {
            match end {
                End::Kept => {
                    self.later.remove(&tag);
                    self.acks.committed(tag);
                    self.committed += 1;
                }
                End::Later(arrival, wait) if self.later.contains(&tag) || self.later.len() < self.places => {
                    self.later.insert(tag);
                    self.acks.set_aside(tag);
                    self.waiting += 1;
                    self.under_way.push(waited(tag, arrival, wait).boxed());
                }
                End::Due(arrival, wait) => {
                    self.waiting -= 1;
                    self.acks.offered(tag);
                    self.under_way.push(again(self.share, tag, arrival, wait).boxed());
                }
                // The one delivery that was to prove that the door takes events: it was answered for itself.
                End::Later(..) if self.places == 0 => trouble = Err(Ended::Proved),
                End::Later(..) => {
                    self.acks.set_aside(tag);
                    self.waiting += 1;
                    let wait = Duration::from_millis(self.share.settings.reconnect_most.0) * BACK_AFTER;
                    self.under_way.push(unkept(tag, wait).boxed());
                }
                End::Back => {
                    self.waiting -= 1;
                    self.acks.goes_back(tag);
                    let rejecting = self.channel.basic_reject(tag, BasicRejectOptions { requeue: true });
                    in_time(self.share.within(), "giving back", rejecting).await?;
                }
                End::Unreadable(delivery, reason, verdict) => {
                    self.acks.set_aside(tag);
                    match self.share.dead.place() {
                        Some(place) => self.aside.push(put_aside(self.share, place, delivery, reason, verdict).boxed()),
                        None => self.parked.push(self.share.dead.counted()),
                    }
                }
                End::Trouble(ended) => trouble = Err(ended),
            }
            next = self.under_way.next().now_or_never().flatten();
        }
        self.acknowledge().await?;
        if self.acks.aside() * 2 >= usize::from(self.prefetch) * self.tags.len() && self.tags.len() < CONSUMERS {
            self.consume().await?;
        }
        trouble
    }

    /// An unreadable one is in the dead queue. Others that wait without their content can be redelivered.
    async fn kept(&mut self, tag: u64) -> Result<(), Ended> {
        self.acks.committed(tag);
        self.acknowledge().await?;
        if self.parked.is_empty() || !self.aside.is_empty() { Ok(()) } else { Err(Ended::Anew) }
    }

    async fn acknowledge(&mut self) -> Result<(), Ended> {
        for (tag, multiple) in self.acks.ready() {
            self.ack(tag, multiple).await?;
        }
        self.show();
        Ok(())
    }

    async fn ack(&mut self, tag: u64, multiple: bool) -> Result<(), Ended> {
        in_time(self.share.within(), "acknowledging", self.channel.basic_ack(tag, BasicAckOptions { multiple })).await
    }

    fn show(&self) {
        self.pulse.under_way.store(self.acks.len(), Ordering::Relaxed);
        metrics::gauge!("gangway_amqp_under_way").set(self.acks.len() as f64);
    }

    /// Takes no more, waits for the commits that are under way, acknowledges them, and lets the rest go back. Only
    /// worth doing while the broker answers: otherwise all goes back by itself. Trouble here loses nothing: what was
    /// committed and not acknowledged is redelivered and known.
    pub(super) async fn finish(&mut self) {
        let within = self.share.within();
        let mut usable = true;
        for tag in std::mem::take(&mut self.tags) {
            let cancelling = self.channel.basic_cancel(tag, BasicCancelOptions::default());
            usable = usable && in_time(within, "cancelling", cancelling).await.is_ok();
        }
        let drain = Duration::from_millis(self.share.settings.drain.0);
        let draining = async {
            // Those that wait to be offered again, or for the dead queue, go back at once.
            while self.under_way.len() > self.waiting
                && let Some((tag, end)) = self.under_way.next().await
            {
                self.waiting -= usize::from(matches!(end, End::Due(..) | End::Back));
                match end {
                    End::Kept => {
                        self.acks.committed(tag);
                        self.committed += 1;
                    }
                    End::Unreadable(..) | End::Later(..) | End::Due(..) | End::Back | End::Trouble(_) => {
                        self.acks.goes_back(tag);
                    }
                }
            }
        };
        if tokio::time::timeout(drain, draining).await.is_err() {
            tracing::warn!("deliveries were still being committed at the end; they will be redelivered as copies");
        }
        if usable {
            let mut acks = self.acks.ready();
            acks.extend(self.acks.rest().into_iter().map(|tag| (tag, false)));
            for (tag, multiple) in acks {
                if self.ack(tag, multiple).await.is_err() {
                    break;
                }
            }
            let closing = self.channel.close(200, "done".into());
            if let Err(ended) = in_time(within, "closing a channel", closing).await {
                tracing::debug!(why = ended.words(), "a channel was not closed cleanly");
            }
        }
    }

    /// Nothing is under way any more.
    pub(super) fn show_none(&mut self) {
        self.acks = Acks::default();
        self.parked.clear();
        self.later.clear();
        self.waiting = 0;
        self.show();
    }
}

/// One delivery: to the door, where it can be read.
async fn take(share: &Share, delivery: Delivery) -> Taken {
    let tag = delivery.delivery_tag;
    if delivery.data.len() > share.settings.max_message {
        let reason = "the body is larger than the limit".to_owned();
        return (tag, End::Unreadable(Box::new(delivery), reason, "too_large"));
    }
    match message::read(&delivery.properties, &delivery.data, share.settings.max_message, share.clock.now()) {
        Ok(arrival) => (tag, offer(share, Box::new(arrival), Duration::ZERO).await),
        Err(why) => (tag, End::Unreadable(Box::new(delivery), why.0, "unreadable")),
    }
}

async fn waited(tag: u64, arrival: Box<Arrival>, wait: Duration) -> Taken {
    tokio::time::sleep(wait).await;
    (tag, End::Due(arrival, wait))
}

/// Waits without its content, so that many take little room.
async fn unkept(tag: u64, wait: Duration) -> Taken {
    tokio::time::sleep(wait).await;
    (tag, End::Back)
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

/// One that cannot be read: to the dead queue, whenever that takes it.
async fn put_aside(
    share: &Share,
    place: SemaphorePermit<'_>,
    delivery: Box<Delivery>,
    reason: String,
    verdict: &'static str,
) -> u64 {
    share.dead.keep(&delivery, &reason).await;
    drop(place);
    count(SOURCE, verdict);
    tracing::warn!(%reason, "what came from the broker cannot be read; it is in the dead queue");
    delivery.delivery_tag
}
