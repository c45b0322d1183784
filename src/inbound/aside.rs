//! Where a delivery goes that failed verification: apart from the journal, so that a forgery never makes the genuine
//! event a duplicate. `app` implements this over the store, with its cap.

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use gangway_core::time::Timestamp;

/// Keeps what failed verification.
#[async_trait]
pub trait Aside: Send + Sync + fmt::Debug {
    /// Keeps this delivery of `unverified:PROVIDER`; `reason` is a word of the fixed catalogue.
    ///
    /// # Errors
    /// Why it could not be kept, for the log. The sender is answered the same either way.
    async fn keep(&self, source: &str, reason: &str, raw: &Bytes, at: Timestamp) -> Result<(), String>;
}
