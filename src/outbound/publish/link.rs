//! One connection and one channel in confirm mode, made when needed and thrown away when anything is wrong with them.
//! Its own, apart from the consumer's: a broker that blocks publishers must not stop the acks.

use std::sync::Arc;

use lapin::options::{ConfirmSelectOptions, ExchangeDeclareOptions};
use lapin::types::{FieldTable, ShortString};
use lapin::{Channel, Connection, ConnectionProperties, Error, ErrorKind, ExchangeKind};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;

/// AMQP 0-9-1, 1.2: there is no such exchange.
const NOT_FOUND: u16 = 404;

/// The way to the broker.
#[derive(Debug)]
pub struct Broker {
    url: SecretString,
    exchange: ShortString,
    link: Mutex<(u64, Option<Link>)>,
}

/// A connection and its channel; clones are the same ones.
#[derive(Clone, Debug)]
pub struct Link {
    connection: Arc<Connection>,
    /// In confirm mode.
    pub channel: Channel,
    number: u64,
}

impl Link {
    /// Whether the broker takes nothing from publishers: a memory or disk alarm.
    #[must_use]
    pub fn blocked(&self) -> bool {
        self.connection.status().blocked()
    }
}

impl Broker {
    /// A way that is not open yet.
    #[must_use]
    pub fn new(url: SecretString, exchange: ShortString) -> Self {
        Self { url, exchange, link: Mutex::new((0, None)) }
    }

    /// The open link, or a new one.
    ///
    /// # Errors
    /// The kind of failure; never the address, which holds the password.
    pub async fn link(&self) -> Result<Link, String> {
        let mut place = self.link.lock().await;
        if let Some(link) = &place.1
            && link.channel.status().connected()
            && link.connection.status().connected()
        {
            return Ok(link.clone());
        }
        place.1 = None;
        let number = place.0.wrapping_add(1);
        let (connection, channel) = self.open().await.map_err(|error| format!("the broker: {}", kind(&error)))?;
        let link = Link { connection: Arc::new(connection), channel, number };
        *place = (number, Some(link.clone()));
        Ok(link)
    }

    /// Throws this link away; one that was made since stays.
    pub async fn drop_link(&self, link: &Link) {
        let mut place = self.link.lock().await;
        if place.0 == link.number {
            place.1 = None;
        }
    }

    async fn open(&self) -> lapin::Result<(Connection, Channel)> {
        let properties = ConnectionProperties::default().with_connection_name("gangway publisher".into());
        let connection = Connection::connect(self.url.expose_secret(), properties).await?;
        self.prepare(&connection).await?;
        let channel = connection.create_channel().await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        Ok((connection, channel))
    }

    /// Looks passively first: a declaration that differs in anything closes the channel, and operators may have made
    /// the exchange with arguments of their own.
    async fn prepare(&self, connection: &Connection) -> lapin::Result<()> {
        match declare(&connection.create_channel().await?, &self.exchange, true).await {
            Err(error) if code(&error) == Some(NOT_FOUND) => {
                declare(&connection.create_channel().await?, &self.exchange, false).await
            }
            other => other,
        }
    }
}

async fn declare(channel: &Channel, exchange: &ShortString, passive: bool) -> lapin::Result<()> {
    let options = ExchangeDeclareOptions { passive, durable: true, ..ExchangeDeclareOptions::default() };
    channel.exchange_declare(exchange.clone(), ExchangeKind::Topic, options, FieldTable::default()).await
}

fn code(error: &Error) -> Option<u16> {
    match error.kind() {
        ErrorKind::ProtocolError(told) => Some(told.get_id()),
        _ => None,
    }
}

/// What kind of failure it is, in words that hold no address.
pub fn kind(error: &Error) -> String {
    match error.kind() {
        ErrorKind::ProtocolError(told) => format!("refused with code {}", told.get_id()),
        ErrorKind::IOError(error) => format!("not reachable ({})", error.kind()),
        ErrorKind::MissingHeartbeatError => "gave no sign of life".to_owned(),
        _ => "not reachable".to_owned(),
    }
}
