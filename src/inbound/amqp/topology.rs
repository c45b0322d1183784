//! Exchanges and queues: looked for first, then declared. A declare that differs closes its channel with 406, so each
//! is tried on a channel that may be lost; what is there is used, and the difference is told.

use std::time::Duration;

use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{Channel, Connection, ErrorKind, ExchangeKind};

use super::{Ended, in_time};
use crate::settings::amqp::AmqpSettings;

const ACCESS_REFUSED: u16 = 403;
const NOT_FOUND: u16 = 404;
const DIFFERS: u16 = 406;

/// Names as the protocol carries them.
#[derive(Clone, Debug)]
pub(super) struct Names {
    pub(super) inbound_exchange: ShortString,
    pub(super) queue: ShortString,
    pub(super) dead: ShortString,
    lifecycle_exchange: ShortString,
}

impl Names {
    pub(super) fn new(settings: &AmqpSettings) -> Result<Self, Ended> {
        let name = |name: &str| ShortString::try_new(name).map_err(|_| Ended::Broker("a name is too long".into()));
        Ok(Self {
            inbound_exchange: name(&settings.inbound_exchange)?,
            queue: name(&settings.queue)?,
            dead: name(&settings.dead)?,
            lifecycle_exchange: name(&settings.lifecycle_exchange)?,
        })
    }
}

#[derive(Clone, Copy)]
enum Part<'a> {
    Exchange(&'a ShortString),
    Queue(&'a ShortString, &'a FieldTable),
}

/// Makes sure that everything is there; answers where it differs.
pub(super) async fn prepare(
    connection: &Connection,
    names: &Names,
    settings: &AmqpSettings,
) -> Result<Vec<String>, Ended> {
    let within = Duration::from_millis(settings.answer_within.0);
    let (inbound, dead) = (inbound_arguments(settings), dead_arguments(settings));
    let parts = [
        Part::Exchange(&names.inbound_exchange),
        Part::Exchange(&names.lifecycle_exchange),
        Part::Queue(&names.dead, &dead),
        Part::Queue(&names.queue, &inbound),
    ];
    let mut differences = Vec::new();
    for part in parts {
        let there = match attempt(connection, within, part, true).await? {
            Tried::Good => true,
            Tried::Refused(NOT_FOUND, _) => false,
            Tried::Refused(_, what) => return Err(Ended::Broker(what)),
        };
        match attempt(connection, within, part, false).await? {
            Tried::Good => {}
            Tried::Refused(DIFFERS | ACCESS_REFUSED, what) if there => differences.push(what),
            Tried::Refused(_, what) => return Err(Ended::Broker(what)),
        }
    }
    if let Some(what) = bind(connection, within, names).await? {
        differences.push(what);
    }
    Ok(differences)
}

enum Tried {
    Good,
    /// The broker closed the channel with this code and these words.
    Refused(u16, String),
}

async fn attempt(connection: &Connection, within: Duration, part: Part<'_>, passive: bool) -> Result<Tried, Ended> {
    let channel = in_time(within, "opening a channel", connection.create_channel()).await?;
    let answer = tokio::time::timeout(within, declare(&channel, part, passive)).await;
    tried(answer.map_err(|_| Ended::Broker("declaring: the broker does not answer".into()))?)
}

async fn declare(channel: &Channel, part: Part<'_>, passive: bool) -> lapin::Result<()> {
    match part {
        Part::Exchange(name) => {
            let options = ExchangeDeclareOptions { passive, durable: true, ..ExchangeDeclareOptions::default() };
            channel.exchange_declare(name.clone(), ExchangeKind::Topic, options, FieldTable::default()).await
        }
        Part::Queue(name, arguments) => {
            let options = QueueDeclareOptions { passive, durable: true, ..QueueDeclareOptions::default() };
            channel.queue_declare(name.clone(), options, arguments.clone()).await.map(|_| ())
        }
    }
}

/// Binds the queue to everything. Answers the difference where we may not.
async fn bind(connection: &Connection, within: Duration, names: &Names) -> Result<Option<String>, Ended> {
    let channel = in_time(within, "opening a channel", connection.create_channel()).await?;
    let (queue, exchange) = (names.queue.clone(), names.inbound_exchange.clone());
    let binding = channel.queue_bind(queue, exchange, "#".into(), QueueBindOptions::default(), FieldTable::default());
    let answer = tokio::time::timeout(within, binding).await;
    match tried(answer.map_err(|_| Ended::Broker("binding: the broker does not answer".into()))?)? {
        Tried::Good => Ok(None),
        Tried::Refused(ACCESS_REFUSED, what) => Ok(Some(what)),
        Tried::Refused(_, what) => Err(Ended::Broker(what)),
    }
}

fn tried(answer: lapin::Result<()>) -> Result<Tried, Ended> {
    match answer {
        Ok(()) => Ok(Tried::Good),
        Err(error) => match error.kind() {
            ErrorKind::ProtocolError(told) if error.is_amqp_soft_error() => {
                Ok(Tried::Refused(told.get_id(), told.get_message().to_string()))
            }
            _ => Err(error.into()),
        },
    }
}

fn quorum(settings: &AmqpSettings) -> FieldTable {
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
    arguments.insert("x-delivery-limit".into(), AMQPValue::LongLongInt(settings.delivery_limit.into()));
    arguments
}

/// Beyond the delivery limit the broker moves to the dead queue, and loses nothing on the way: `at-least-once`, which
/// asks for `reject-publish`.
fn inbound_arguments(settings: &AmqpSettings) -> FieldTable {
    let mut arguments = quorum(settings);
    let texts = [
        ("x-dead-letter-exchange", ""),
        ("x-dead-letter-routing-key", settings.dead.as_str()),
        ("x-dead-letter-strategy", "at-least-once"),
        ("x-overflow", "reject-publish"),
    ];
    for (name, text) in texts {
        arguments.insert(name.into(), AMQPValue::LongString(text.into()));
    }
    arguments
}

/// High here too: since 4.0 a queue without a limit of its own drops after 20 deliveries.
fn dead_arguments(settings: &AmqpSettings) -> FieldTable {
    quorum(settings)
}
