//! Events from RabbitMQ. Deliveries enter; arrivals at the one door leave, and an ack follows each commit. What cannot
//! be read goes to the dead queue, confirmed, before its ack. Work is never done while a delivery is held: the door's
//! answer is all that is waited for.
//!
//! Nothing here recovers by itself: every trouble ends the session, and the supervisor builds a new one, connection,
//! channels, topology and consumer together. Trouble with the dead queue does not concern the session: only what cannot
//! be read waits for it.

mod acks;
mod dead;
mod flight;
mod message;
mod session;
mod state;
mod supervisor;
#[cfg(test)]
mod tests;
mod topology;
mod values;
mod watchdog;

pub use state::{AmqpState, Snapshot};
pub use supervisor::Supervisor;

use std::future::Future;
use std::time::Duration;

use lapin::uri::AMQPUri;
use secrecy::ExposeSecret as _;

use crate::engine::NotAccepted;
use crate::settings::amqp::AmqpSettings;

/// Why a session ended.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Ended {
    /// It was asked to stop.
    Stopped,
    /// The one delivery that was to prove that the database is back was committed.
    Proved,
    /// The dead queue takes messages again, and what waits for it without its content must come again: in order, at
    /// once.
    Anew,
    /// The door does not take any more.
    NotTaken(NotAccepted),
    /// The broker or the way to it; in words, without credentials.
    Broker(String),
}

impl From<lapin::Error> for Ended {
    fn from(error: lapin::Error) -> Self {
        Self::Broker(error.to_string())
    }
}

impl Ended {
    fn words(&self) -> String {
        match self {
            Self::Stopped => "stopped".into(),
            Self::Proved => "proved".into(),
            Self::Anew => "begins anew".into(),
            Self::NotTaken(why) => why.to_string(),
            Self::Broker(what) => what.clone(),
        }
    }
}

/// Where the broker is, with our heart-beat and patience where the settings' address says none.
fn uri(settings: &AmqpSettings) -> Result<AMQPUri, Ended> {
    let text = settings.url.as_ref().map(|url| url.expose_secret()).unwrap_or_default();
    let mut uri: AMQPUri = text.parse().map_err(|_| Ended::Broker("the AMQP URL cannot be read".into()))?;
    uri.query.heartbeat.get_or_insert(u16::try_from(settings.heartbeat.0 / 1000).unwrap_or(u16::MAX));
    uri.query.connection_timeout.get_or_insert(settings.answer_within.0);
    Ok(uri)
}

/// The broker's answer, or the end of the session when it does not come in time: a dead connection answers nothing.
async fn in_time<T>(within: Duration, what: &str, answer: impl Future<Output = lapin::Result<T>>) -> Result<T, Ended> {
    match tokio::time::timeout(within, answer).await {
        Ok(answer) => answer.map_err(|error| Ended::Broker(format!("{what}: {error}"))),
        Err(_) => Err(Ended::Broker(format!("{what}: the broker does not answer"))),
    }
}
