//! The dead queue: what cannot be read is put there by gangway itself, confirmed and mandatory, with the reason beside
//! it. Only then may the original be acknowledged.

use std::time::Duration;

use lapin::message::Delivery;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{BasicProperties, Channel, Confirmation};

use super::{Ended, in_time};

const REASON: &str = "x-gangway-reason";
/// Headers of the original are carried over up to this size: a frame must hold them all.
const HEADERS_MOST: usize = 32 * 1024;
const PERSISTENT: u8 = 2;

/// The way to the dead queue.
#[derive(Clone, Debug)]
pub(super) struct Dead {
    channel: Channel,
    queue: ShortString,
    within: Duration,
}

impl Dead {
    /// Opens the way on a channel of its own.
    pub(super) async fn open(channel: Channel, queue: ShortString, within: Duration) -> Result<Self, Ended> {
        in_time(within, "asking for confirms", channel.confirm_select(ConfirmSelectOptions::default())).await?;
        Ok(Self { channel, queue, within })
    }

    /// Puts this delivery there; returns when the broker has it.
    pub(super) async fn put(&self, delivery: &Delivery, reason: &str) -> Result<(), Ended> {
        let publishing = async {
            let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
            let properties = properties(delivery, reason);
            let queue = self.queue.clone();
            self.channel.basic_publish("".into(), queue, options, &delivery.data, properties).await?.await
        };
        match in_time(self.within, "publishing to the dead queue", publishing).await? {
            Confirmation::Ack(None) => Ok(()),
            Confirmation::Ack(Some(_)) => Err(Ended::Broker("the dead queue is not there".into())),
            _ => Err(Ended::Broker("the broker did not keep what was put into the dead queue".into())),
        }
    }
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
