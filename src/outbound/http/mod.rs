//! The only way to a provider. A request enters, an answer leaves, or an error that says whether the request may have
//! arrived. Never here: what an answer means, retries, headers or bodies in logs.

pub mod body;
pub mod guard;
pub mod limits;
pub mod rates;
pub mod sender;
pub mod tokens;

use async_trait::async_trait;

use crate::providers::{HttpRequest, Reply, Stop};

pub use limits::{Asked, Limits};
pub use rates::Rates;
pub use sender::HttpSender;
pub use tokens::Tokens;

/// Sends requests: one of the four seams. Tests and simulation stand in here.
#[async_trait]
pub trait Transport: Send + Sync + std::fmt::Debug {
    /// Sends one request to a provider and reads the whole answer, whatever its status.
    ///
    /// # Errors
    /// [`Stop::Unclear`] when it was sent, at least in part, and no whole answer came. Every other says that nothing
    /// was sent: no address, no connection, no TLS ([`Stop::Away`]), a wait that the provider asked for or a rate
    /// ([`Stop::Later`]), settings that must be mended ([`Stop::Barred`]).
    async fn send(&self, provider: &str, request: HttpRequest) -> Result<Reply, Stop>;
}
