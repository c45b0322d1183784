//! The dead queue: gangway itself puts there what cannot be read, confirmed and mandatory, with the reason in a header.
//! Only then may the original be acknowledged. While the queue takes nothing, only what belongs there waits.
//!
//! On a connection of its own, made when first needed: a broker blocks connections that publish, and the consumer's
//! acks must not wait for that.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use gangway_core::time::Millis;
use lapin::message::Delivery;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{BasicProperties, Channel, Confirmation, Connection, ConnectionProperties};
use tokio::sync::{Mutex, Semaphore, SemaphorePermit};

use super::state::AmqpState;
use super::{Ended, in_time, uri};
use crate::clock::Clock;
use crate::settings::amqp::AmqpSettings;

const REASON: &str = "x-gangway-reason";
/// Headers of the original are carried over up to this size: a frame must hold them all.
const HEADERS_MOST: usize = 32 * 1024;
const PERSISTENT: u8 = 2;

/// The way to the dead queue.
#[derive(Debug)]
pub(super) struct Dead {
    settings: AmqpSettings,
    /// Places for deliveries that wait with their content.
    places: Semaphore,
    link: Mutex<Option<Arc<Link>>>,
    /// How often a link was asked for; a caller that waited while another failed to get one gets the same error.
    tries: AtomicU64,
    state: AmqpState,
    clock: Arc<dyn Clock>,
}

/// A connection, and its channel in confirm mode.
#[derive(Debug)]
struct Link {
    connection: Connection,
    channel: Channel,
}

impl Link {
    fn usable(&self) -> bool {
        self.connection.status().connected() && self.channel.status().connected()
    }
}

/// One that waits, for readiness; no more when this goes.
pub(super) struct Counted<'a>(&'a AmqpState);

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.dead_left();
    }
}

impl Dead {
    /// A way that is not open yet.
    pub(super) fn new(settings: AmqpSettings, state: AmqpState, clock: Arc<dyn Clock>) -> Self {
        // Half of what can be under way: the other half is for what can be read.
        let places = Semaphore::new(usize::from(settings.prefetch / 2));
        Self { settings, places, link: Mutex::default(), tries: AtomicU64::new(0), state, clock }
    }

    /// A place to wait with its content, while there is one; without one only its tag is kept, and it is redelivered.
    pub(super) fn place(&self) -> Option<SemaphorePermit<'_>> {
        self.places.try_acquire().ok()
    }

    /// One more waits.
    pub(super) fn counted(&self) -> Counted<'_> {
        self.state.dead_came(self.clock.now());
        Counted(&self.state)
    }

    /// Has the dead queue take this delivery, however long that takes.
    pub(super) async fn keep(&self, delivery: &Delivery, reason: &str) {
        let _counted = self.counted();
        while let Err(why) = self.put(delivery, reason).await {
            if self.state.dead_waits(why.words()) {
                let why = why.words();
                tracing::warn!(why, "the dead queue takes nothing; unreadable messages wait, the rest goes on");
            }
            tokio::time::sleep(length(self.settings.reconnect_most)).await;
        }
    }

    /// Puts this delivery there; returns when the broker has it.
    async fn put(&self, delivery: &Delivery, reason: &str) -> Result<(), Ended> {
        let link = self.link().await?;
        if link.connection.status().blocked() {
            return Err(Ended::Broker("the broker blocks publishers (a memory or disk alarm)".into()));
        }
        let publishing = async {
            let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
            let properties = properties(delivery, reason);
            let queue = ShortString::try_new(self.settings.dead.as_str()).unwrap_or_default();
            link.channel.basic_publish("".into(), queue, options, &delivery.data, properties).await?.await
        };
        let put = in_time(length(self.settings.answer_within), "publishing to the dead queue", publishing).await;
        if put.is_err() && !link.connection.status().blocked() {
            self.drop_link(&link).await;
        }
        match put? {
            Confirmation::Ack(None) => Ok(()),
            Confirmation::Ack(Some(_)) => Err(Ended::Broker("the dead queue is not there".into())),
            _ => Err(Ended::Broker("the broker did not keep what was put into the dead queue".into())),
        }
    }

    /// The open link, or a new one.
    async fn link(&self) -> Result<Arc<Link>, Ended> {
        let tries = self.tries.load(Ordering::SeqCst);
        let mut place = self.link.lock().await;
        if let Some(link) = place.as_ref().filter(|link| link.usable()) {
            return Ok(Arc::clone(link));
        }
        if self.tries.load(Ordering::SeqCst) != tries {
            return Err(Ended::Broker("the dead queue cannot be reached".into()));
        }
        self.tries.fetch_add(1, Ordering::SeqCst);
        *place = None;
        let link = Arc::new(self.open().await?);
        *place = Some(Arc::clone(&link));
        Ok(link)
    }

    async fn drop_link(&self, link: &Arc<Link>) {
        let mut place = self.link.lock().await;
        if place.as_ref().is_some_and(|current| Arc::ptr_eq(current, link)) {
            *place = None;
        }
    }

    async fn open(&self) -> Result<Link, Ended> {
        let properties = ConnectionProperties::default().with_connection_name("gangway dead letters".into());
        let uri = uri(&self.settings)?;
        in_time(length(self.settings.answer_within), "connecting for the dead queue", async {
            let connection = Connection::connect_uri(uri, properties).await?;
            let channel = connection.create_channel().await?;
            channel.confirm_select(ConfirmSelectOptions::default()).await?;
            Ok(Link { connection, channel })
        })
        .await
    }
}

const fn length(length: Millis) -> Duration {
    Duration::from_millis(length.0)
}

/// Content and headers of the original. Left out: its expiry (it would vanish), its user (the broker compares that with
/// ours) and headers that route copies elsewhere.
fn properties(delivery: &Delivery, reason: &str) -> BasicProperties {
    let original = &delivery.properties;
    let mut headers = FieldTable::default();
    let mut size = 0;
    for (name, value) in original.headers().iter().flat_map(|headers| headers.inner()) {
        let length = match value {
            AMQPValue::LongString(text) => text.len(),
            AMQPValue::FieldTable(_) | AMQPValue::FieldArray(_) | AMQPValue::ByteArray(_) => continue,
            _ => 8,
        };
        size += name.as_str().len() + length + 8;
        if size > HEADERS_MOST {
            break;
        }
        if !matches!(name.as_str(), "CC" | "BCC") {
            headers.insert(name.clone(), value.clone());
        }
    }
    let text = |text: &str| AMQPValue::LongString(text.into());
    headers.insert(REASON.into(), text(reason));
    headers.insert("x-gangway-exchange".into(), text(delivery.exchange.as_str()));
    headers.insert("x-gangway-routing-key".into(), text(delivery.routing_key.as_str()));
    let mut properties = BasicProperties::default().with_headers(headers).with_delivery_mode(PERSISTENT);
    if let Some(kind) = original.content_type() {
        properties = properties.with_content_type(kind.clone());
    }
    if let Some(encoding) = original.content_encoding() {
        properties = properties.with_content_encoding(encoding.clone());
    }
    if let Some(id) = original.message_id() {
        properties = properties.with_message_id(id.clone());
    }
    properties
}

#[cfg(test)]
mod tests {
    use lapin::BasicProperties;
    use lapin::message::Delivery;
    use lapin::types::{AMQPValue, FieldTable};

    use super::{HEADERS_MOST, properties};

    fn delivery(headers: FieldTable) -> Delivery {
        let mut delivery = Delivery::mock(1, "events".into(), "user.signed_up".into(), false, Vec::new());
        delivery.properties =
            BasicProperties::default().with_headers(headers).with_expiration("1".into()).with_user_id("shop".into());
        delivery
    }

    #[test]
    fn the_copy_carries_the_reason_and_nothing_that_would_lose_or_spread_it() {
        let mut headers = FieldTable::default();
        headers.insert("cloudEvents:id".into(), AMQPValue::LongString("e-1".into()));
        headers.insert("CC".into(), AMQPValue::LongString("elsewhere".into()));
        let properties = properties(&delivery(headers), "this is not JSON");
        let headers = properties.headers().as_ref().unwrap();
        assert_eq!(headers.inner()["x-gangway-reason"], AMQPValue::LongString("this is not JSON".into()));
        assert!(headers.contains_key("cloudEvents:id") && !headers.contains_key("CC"));
        assert_eq!((properties.expiration(), properties.user_id()), (&None, &None));
        assert_eq!(properties.delivery_mode(), &Some(2));
    }

    #[test]
    fn headers_too_large_for_a_frame_do_not_keep_the_reason_out() {
        let mut headers = FieldTable::default();
        headers.insert("a".into(), AMQPValue::LongString("x".repeat(HEADERS_MOST).into()));
        let properties = properties(&delivery(headers), "too large");
        assert_eq!(properties.headers().as_ref().unwrap().inner().len(), 3);
    }
}
