//! The mailbox: SMTP in, a list out. Messages are kept in memory, the oldest forgotten first; none is
//! ever sent on.

mod lines;
pub(crate) mod message;
mod session;
pub(crate) mod smtp;
pub mod traps;

use std::collections::VecDeque;
use std::sync::Arc;

use crate::options::Limits;
use message::Message;
use parking_lot::Mutex;

/// What was received.
pub(crate) struct Mailbox {
    kept: Mutex<Kept>,
    messages: usize,
    bytes: usize,
    message_size: usize,
}

#[derive(Default)]
struct Kept {
    messages: VecDeque<Arc<Message>>,
    bytes: usize,
    received: u64,
    /// Addresses for which a connection was cut once already.
    cut: std::collections::HashSet<String>,
}

impl Mailbox {
    pub(crate) fn new(limits: &Limits) -> Self {
        let Limits { messages, message_bytes: bytes, message_size, .. } = *limits;
        Self { kept: Mutex::default(), messages, bytes, message_size }
    }

    /// How many messages were accepted since the start.
    pub(crate) fn received(&self) -> u64 {
        self.kept.lock().received
    }

    /// Keeps a message; what it says was read before, outside the lock. Returns its id.
    fn keep(&self, mut message: Message) -> u64 {
        let mut kept = self.kept.lock();
        kept.received += 1;
        message.id = kept.received;
        kept.bytes += message.raw_size;
        kept.messages.push_back(Arc::new(message));
        while kept.messages.len() > self.messages || (kept.bytes > self.bytes && kept.messages.len() > 1) {
            let Some(oldest) = kept.messages.pop_front() else { break };
            kept.bytes = kept.bytes.saturating_sub(oldest.raw_size);
        }
        kept.received
    }

    /// True the first time for an address; the set is bounded like the messages.
    fn cut_first(&self, address: &str) -> bool {
        let mut kept = self.kept.lock();
        if kept.cut.len() >= self.messages {
            kept.cut.clear();
        }
        kept.cut.insert(address.to_owned())
    }

    pub(crate) fn list(&self, to: Option<&str>) -> Vec<Arc<Message>> {
        let is = |address: &String| to.is_none_or(|to| address.eq_ignore_ascii_case(to.trim()));
        let kept = self.kept.lock();
        kept.messages.iter().filter(|message| to.is_none() || message.to.iter().any(is)).cloned().collect()
    }

    pub(crate) fn find(&self, id: u64) -> Option<Arc<Message>> {
        self.kept.lock().messages.iter().find(|message| message.id == id).cloned()
    }

    pub(crate) fn clear(&self) -> usize {
        let mut kept = self.kept.lock();
        kept.bytes = 0;
        std::mem::take(&mut kept.messages).len()
    }
}
