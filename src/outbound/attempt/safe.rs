//! The time until which an effect may begin something that changes the world: the end of its lease, less the time to
//! bring its outcome home. A moment and a length enter. It is asked again whenever the work goes on, so that a process
//! that was stopped meanwhile sends nothing that another has taken over.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use gangway_core::time::Millis;

use crate::clock::{Clock, Moment};

/// The safe part of a lease.
#[derive(Clone, Debug)]
pub struct Safe {
    leased: Moment,
    length: Millis,
    clock: Arc<dyn Clock>,
}

impl Safe {
    /// So long from the moment at which the lease was asked for.
    #[must_use]
    pub fn new(leased: Moment, length: Millis, clock: Arc<dyn Clock>) -> Self {
        Self { leased, length, clock }
    }

    /// Whether it is over.
    #[must_use]
    pub fn over(&self) -> bool {
        self.leased.ago(&*self.clock) >= self.length
    }

    /// Whether it was over for a while when that was seen: this process stood still.
    #[must_use]
    pub fn overslept(&self) -> bool {
        const A_WHILE: Millis = Millis::secs(1);
        self.leased.ago(&*self.clock).0 >= self.length.0.saturating_add(A_WHILE.0)
    }

    /// Does this work until the time is over; `None` when that cut it off. The time is checked before each piece of the
    /// work.
    pub async fn during<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let left = self.length.0.saturating_sub(self.leased.ago(&*self.clock).0);
        let (mut end, mut work) = (pin!(tokio::time::sleep(Duration::from_millis(left))), pin!(work));
        std::future::poll_fn(|context| {
            if self.over() || end.as_mut().poll(context).is_ready() {
                return Poll::Ready(None);
            }
            work.as_mut().poll(context).map(Some)
        })
        .await
    }
}
