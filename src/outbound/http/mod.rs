//! The only way to a provider. A request enters, an answer leaves, or an error that says whether the request may have
//! arrived. Never here: what an answer means, retries, headers or bodies in logs.

pub mod body;
pub mod guard;
pub mod limits;
pub mod rates;
pub mod sender;
pub mod tokens;

use async_trait::async_trait;
use gangway_core::time::Millis;

use crate::providers::{Reply, Request};

pub use limits::{Asked, Limits};
pub use rates::Rates;
pub use sender::HttpSender;
pub use tokens::{NoToken, Tokens};

/// Sends requests: one of the four seams. Tests and simulation stand in here.
#[async_trait]
pub trait Transport: Send + Sync + std::fmt::Debug {
    /// Sends one request to a provider and reads the whole answer, whatever its status.
    ///
    /// # Errors
    /// [`SendError`]; it says what can have become of the request.
    async fn send(&self, provider: &str, request: Request) -> Result<Reply, SendError>;
}

/// Why there is no answer. Causes hold no personal data and no secrets.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Nothing was sent: no address, no connection, no TLS.
    #[error("{0}")]
    NotSent(String),
    /// It was sent, at least in part, and no whole answer came.
    #[error("{0}")]
    Cut(String),
    /// It must not or cannot be sent to this address at all: the settings must be mended.
    #[error("{0}")]
    Barred(String),
    /// The provider asked to wait; nothing was sent.
    #[error("the provider asked to wait {0}")]
    Throttled(Millis),
    /// It is not its turn yet by the provider's rate; nothing was sent.
    #[error("waits {0} for its turn: the provider takes only so many requests")]
    NotYet(Millis),
}
