//! Proves again and again that the way through the broker is open: the queue answers, has our consumer, and does not
//! keep deliveries back while we have nothing to do. A connection can look alive and bring nothing for days.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use lapin::options::QueueDeclareOptions;
use lapin::types::{FieldTable, ShortString};
use lapin::{Channel, Queue};

use super::state::AmqpState;
use super::{Ended, in_time};
use crate::clock::Clock;

/// So many looks in a row with deliveries waiting and none coming: the consumer is dead.
const STALLS_MOST: u32 = 3;
/// So many looks in a row without our consumer; the first may come before the queue has counted it.
const ORPHANED_MOST: u32 = 2;

/// What the session does, for the watchdog to see.
#[derive(Debug, Default)]
pub(super) struct Pulse {
    /// Deliveries that came.
    pub(super) came: AtomicU64,
    /// Deliveries that are not acknowledged.
    pub(super) under_way: AtomicUsize,
    /// Looks that found everything well.
    pub(super) proofs: AtomicU64,
}

/// What is looked at, and how often.
#[derive(Debug)]
pub(super) struct Watchdog<'a> {
    pub(super) channel: &'a Channel,
    pub(super) queue: &'a ShortString,
    pub(super) every: Duration,
    pub(super) within: Duration,
    pub(super) state: &'a AmqpState,
    pub(super) clock: &'a dyn Clock,
}

impl Watchdog<'_> {
    /// Looks for ever; returns when something is wrong.
    pub(super) async fn watch(&self, pulse: &Pulse) -> Ended {
        let mut stall = Stall::default();
        loop {
            match self.look(pulse, &mut stall).await {
                Ok(()) => {
                    pulse.proofs.fetch_add(1, Ordering::Relaxed);
                    self.state.proved(self.clock.now());
                }
                Err(ended) => return ended,
            }
            tokio::time::sleep(self.every).await;
        }
    }

    async fn look(&self, pulse: &Pulse, stall: &mut Stall) -> Result<(), Ended> {
        let options = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
        let asking = self.channel.queue_declare(self.queue.clone(), options, FieldTable::default());
        let queue = in_time(self.within, "looking at the queue", asking).await?;
        let under_way = pulse.under_way.load(Ordering::Relaxed);
        stall.see(&queue, pulse.came.load(Ordering::Relaxed), under_way).map_err(|what| Ended::Broker(what.into()))
    }
}

#[derive(Debug, Default)]
struct Stall {
    came: u64,
    looks: u32,
    orphaned: u32,
}

impl Stall {
    fn see(&mut self, queue: &Queue, came: u64, under_way: usize) -> Result<(), &'static str> {
        self.judge(queue.message_count(), queue.consumer_count(), came, under_way)
    }

    fn judge(&mut self, waiting: u32, consumers: u32, came: u64, under_way: usize) -> Result<(), &'static str> {
        self.orphaned = if consumers == 0 { self.orphaned + 1 } else { 0 };
        if self.orphaned >= ORPHANED_MOST {
            return Err("the broker has lost our consumer");
        }
        let stalled = waiting > 0 && under_way == 0 && came == self.came;
        self.came = came;
        self.looks = if stalled { self.looks + 1 } else { 0 };
        if self.looks >= STALLS_MOST { Err("deliveries wait in the queue and none comes") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::Stall;

    #[test]
    fn a_queue_without_our_consumer_is_noticed_at_the_second_look() {
        let mut stall = Stall::default();
        assert!(stall.judge(0, 0, 0, 0).is_ok());
        assert!(stall.judge(0, 0, 0, 0).is_err());
    }

    #[test]
    fn deliveries_that_wait_while_we_are_idle_are_noticed_at_the_third_look() {
        let mut stall = Stall::default();
        let looks = [0, 1, 2].map(|_| stall.judge(5, 1, 0, 0).is_ok());
        assert_eq!(looks, [true, true, false]);
    }

    #[test]
    fn a_busy_or_empty_queue_is_never_a_stall() {
        let mut stall = Stall::default();
        assert!((1..20).all(|came| stall.judge(5, 1, came, 0).is_ok()), "they come");
        assert!((1..20).all(|_| stall.judge(5, 1, 19, 3).is_ok()), "they are under way");
        assert!((1..20).all(|_| stall.judge(0, 1, 19, 0).is_ok()), "there is nothing");
    }
}
