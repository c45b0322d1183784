//! The handle to the one door: a bounded queue in front of the writer. Answers come after the commit.

use bytes::Bytes;
use gangway_core::decision::Verdict;
use gangway_core::event::{Body, Event, OnboardingId};
use gangway_core::secret::Secrets;
use gangway_core::time::{Millis, Timestamp};
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

/// An event at the door.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// What happened.
    pub event: Event,
    /// Its owner, where it comes named (outcomes, timers, operators); otherwise the content tells.
    pub owner: Option<OnboardingId>,
    /// The bytes as they came; empty for events that gangway makes itself.
    pub raw: Bytes,
    /// What is compared to tell a copy from other content under the same key: the bytes without the fields that a
    /// redelivery changes by design. Empty: the event's own body is compared.
    pub content: Bytes,
    /// Secrets that were cut out of the event's data, by path; the engine does that itself.
    pub secrets: Secrets,
}

impl Arrival {
    /// One that was brought to us: these bytes came, and this of them tells a copy.
    #[must_use]
    pub fn brought(event: Event, raw: Bytes, content: Bytes) -> Self {
        Self { event, owner: None, raw, content, secrets: Secrets::default() }
    }

    /// One of gangway's own making: no bytes came, and its body tells a copy.
    #[must_use]
    pub fn own(
        source: impl Into<String>,
        key: impl Into<String>,
        kind: impl Into<String>,
        now: Timestamp,
        owner: Option<OnboardingId>,
        body: Body,
    ) -> Self {
        let (source, key, kind) = (source.into(), key.into(), kind.into());
        let event = Event { source, key, kind, received_at: now, occurred_at: None, body };
        Self { owner, ..Self::brought(event, Bytes::new(), Bytes::new()) }
    }
}

/// The answer: on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Number in the journal; absent for a quarantined one.
    pub seq: Option<i64>,
    /// What became of it.
    pub verdict: Verdict,
    /// Whether it was a plain copy of an earlier one.
    pub copy: bool,
    /// Its owner, once known.
    pub onboarding: Option<OnboardingId>,
    /// One line of explanation.
    pub detail: String,
}

/// Why nothing was accepted: the sender keeps the event and tries again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAccepted {
    /// The queue is full.
    #[error("the intake queue is full; try again in {0}")]
    Full(Millis),
    /// The database is away or busy.
    #[error("the database cannot take it now; try again in {0}")]
    Away(Millis),
    /// This event cannot be stored now (another transaction holds a row of its person, or the database fails at it);
    /// others can.
    #[error("this event cannot be stored now; try again in {0}")]
    Later(Millis),
    /// The process is stopping.
    #[error("stopping")]
    Stopping,
}

/// One request in the queue.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) arrival: Arrival,
    pub(crate) answer: oneshot::Sender<Result<Receipt, NotAccepted>>,
    /// The room that its bytes take, until it is answered.
    pub(crate) room: OwnedSemaphorePermit,
}

/// Room is counted in pieces of this many bytes: an event takes at least one.
const PIECE: usize = 1024;

/// Handle to the one door; clones share the queue.
#[derive(Clone, Debug)]
pub struct Door {
    queue: mpsc::Sender<Waiting>,
    room: Arc<Semaphore>,
    pieces: u32,
}

impl Door {
    /// A door with a queue of this length and this many bytes, and the queue's other end for the writer.
    pub(crate) fn bounded(length: usize, bytes: usize) -> (Self, mpsc::Receiver<Waiting>) {
        let (queue, receiver) = mpsc::channel(length.max(1));
        let pieces = u32::try_from(bytes / PIECE).unwrap_or(u32::MAX).max(1);
        let room = Arc::new(Semaphore::new(usize::try_from(pieces).unwrap_or(1)));
        (Self { queue, room, pieces }, receiver)
    }

    /// How much room an event takes; never more than there is, so that each fits when nothing else waits.
    fn size(&self, arrival: &Arrival) -> u32 {
        let bytes = arrival.raw.len().max(arrival.content.len());
        u32::try_from(bytes.div_ceil(PIECE)).unwrap_or(u32::MAX).clamp(1, self.pieces)
    }

    /// Accepts one event; answers after the commit.
    ///
    /// # Errors
    /// [`NotAccepted`]: nothing was kept, the sender must try again.
    pub async fn accept(&self, arrival: Arrival) -> Result<Receipt, NotAccepted> {
        self.put(arrival)?.await.unwrap_or(Err(NotAccepted::Stopping))
    }

    /// Accepts several; each is answered by itself, in the order given.
    pub async fn accept_all(&self, arrivals: Vec<Arrival>) -> Vec<Result<Receipt, NotAccepted>> {
        let answers: Vec<_> = arrivals.into_iter().map(|arrival| self.put(arrival)).collect();
        let mut receipts = Vec::with_capacity(answers.len());
        for answer in answers {
            receipts.push(match answer {
                Ok(receiver) => receiver.await.unwrap_or(Err(NotAccepted::Stopping)),
                Err(refused) => Err(refused),
            });
        }
        receipts
    }

    /// Accepts one event of gangway's own making; waits for room in the queue instead of being refused.
    ///
    /// # Errors
    /// [`NotAccepted::Away`], [`NotAccepted::Later`] and [`NotAccepted::Stopping`].
    pub async fn accept_own(&self, arrival: Arrival) -> Result<Receipt, NotAccepted> {
        let (answer, receiver) = oneshot::channel();
        let room = Arc::clone(&self.room).acquire_many_owned(self.size(&arrival));
        let room = room.await.map_err(|_| NotAccepted::Stopping)?;
        self.queue.send(Waiting { arrival, answer, room }).await.map_err(|_| NotAccepted::Stopping)?;
        receiver.await.unwrap_or(Err(NotAccepted::Stopping))
    }

    /// How many are waiting in the queue now.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }

    /// Bytes that events may still bring before the queue is full by their size.
    #[must_use]
    pub fn room(&self) -> usize {
        self.room.available_permits().saturating_mul(PIECE)
    }

    fn put(&self, arrival: Arrival) -> Result<oneshot::Receiver<Result<Receipt, NotAccepted>>, NotAccepted> {
        let (answer, receiver) = oneshot::channel();
        let room = Arc::clone(&self.room).try_acquire_many_owned(self.size(&arrival));
        let room = room.map_err(|_| NotAccepted::Full(Millis::secs(1)))?;
        self.queue.try_send(Waiting { arrival, answer, room }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => NotAccepted::Full(Millis::secs(1)),
            mpsc::error::TrySendError::Closed(_) => NotAccepted::Stopping,
        })?;
        Ok(receiver)
    }
}
