//! How much a sandbox keeps, and how long things take. Every default works on a developer's machine without any
//! setting.

use std::time::Duration;

/// How much is kept, and how long things take when they go wrong.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Users and assets, each; beyond it Original answers 503.
    pub records: usize,
    /// Calls and webhooks listed, each; beyond it the oldest are forgotten.
    pub listed: usize,
    /// Messages kept; beyond it the oldest are forgotten.
    pub messages: usize,
    /// Bytes of messages kept; beyond it the oldest are forgotten.
    pub message_bytes: usize,
    /// The largest message taken, announced as SIZE.
    pub message_size: usize,
    /// The longest `delay` of a call or a webhook; each waits between a tenth of it and all of it.
    pub delay: Duration,
    /// From the cut of the connection until the work of a `slow_done` lands.
    pub slow: Duration,
    /// The longest that a `reorder` holds a webhook back.
    pub reorder: Duration,
    /// Tries of one webhook.
    pub webhook_tries: u32,
    /// Before the second try; doubled before each further one, up to five seconds.
    pub webhook_backoff: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            records: 1_000_000,
            listed: 1_000_000,
            messages: 200_000,
            message_bytes: 512 * 1024 * 1024,
            message_size: 10 * 1024 * 1024,
            delay: Duration::from_millis(500),
            slow: Duration::from_millis(300),
            reorder: Duration::from_secs(1),
            webhook_tries: 30,
            webhook_backoff: Duration::from_millis(200),
        }
    }
}
