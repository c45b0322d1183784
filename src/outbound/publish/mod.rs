//! The only publisher. An effect enters and leaves when the broker has confirmed its message. The message's id is the
//! effect's name, the same at every attempt, so that a consumer can drop the second copy: a lost confirmation is
//! therefore simply published again.

pub mod cloudevent;
mod link;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use gangway_core::effect::Request;
use gangway_core::outcome::{Answer, AttemptResult};
use lapin::message::BasicReturnMessage;
use lapin::options::BasicPublishOptions;
use lapin::types::ShortString;
use lapin::{BasicProperties, Confirmation};

use self::cloudevent::Message;
use self::link::{Broker, Link};
use super::attempt::{Attempted, Performs};
use super::breaker::Health;
use crate::clock::Clock;
use crate::settings::amqp::AmqpSettings;
use crate::store::types::LeasedEffect;

/// RabbitMQ's number for a message that survives a restart of the broker.
const PERSISTENT: u8 = 2;

/// Publishes to the lifecycle exchange.
#[derive(Debug)]
pub struct Publisher {
    broker: Broker,
    exchange: ShortString,
    within: Duration,
    clock: Arc<dyn Clock>,
}

impl Publisher {
    /// The publisher of these settings; `None` when no broker is set. Connects when first needed.
    ///
    /// # Errors
    /// When the exchange's name is too long for the protocol.
    pub fn new(settings: &AmqpSettings, clock: Arc<dyn Clock>) -> Result<Option<Self>, String> {
        let Some(url) = settings.url.clone() else { return Ok(None) };
        let _ = rustls::crypto::ring::default_provider().install_default();
        let name = settings.lifecycle_exchange.as_str();
        let exchange = ShortString::try_new(name).map_err(|_| "amqp.lifecycle_exchange is too long".to_owned())?;
        let within = Duration::from_millis(settings.answer_within.0);
        Ok(Some(Self { broker: Broker::new(url, exchange.clone()), exchange, within, clock }))
    }

    async fn publish(&self, message: &Message, mandatory: bool) -> (AttemptResult, Health) {
        let link = match tokio::time::timeout(self.within, self.broker.link()).await {
            Ok(Ok(link)) => link,
            Ok(Err(cause)) => return away(cause),
            Err(_) => return away("the broker does not answer".to_owned()),
        };
        // It stays the one connection: a new one for each look would be blocked as well, and not even be closed.
        if link.blocked() {
            return away("the broker blocks publishers (a memory or disk alarm)".to_owned());
        }
        let confirmed = tokio::time::timeout(self.within, self.send(&link, message, mandatory)).await;
        match confirmed {
            Ok(Ok(Confirmation::Ack(None) | Confirmation::NotRequested)) => {
                (AttemptResult::Done(Answer::named("sent")), Health::Well)
            }
            Ok(Ok(Confirmation::Ack(Some(returned)))) => unroutable(&returned, &message.event_type),
            Ok(Ok(Confirmation::Nack(_))) => {
                let cause = "the broker refused the message (nack)".to_owned();
                (again(cause.clone(), true), Health::Failing(cause))
            }
            Ok(Err(error)) => {
                self.broker.drop_link(&link).await;
                away(format!("the broker ended the channel: {}", link::kind(&error)))
            }
            Err(_) => {
                if !link.blocked() {
                    self.broker.drop_link(&link).await;
                }
                away("the broker did not confirm in time".to_owned())
            }
        }
    }

    async fn send(&self, link: &Link, message: &Message, mandatory: bool) -> lapin::Result<Confirmation> {
        let short = |text: &str| ShortString::try_new(text).unwrap_or_default();
        let properties = BasicProperties::default()
            .with_content_type(short(cloudevent::CONTENT_TYPE))
            .with_delivery_mode(PERSISTENT)
            .with_message_id(short(&message.id))
            .with_type(short(&message.event_type))
            .with_timestamp(message.seconds)
            .with_app_id(short("gangway"));
        let options = BasicPublishOptions { mandatory, immediate: false };
        let key = short(&message.event_type);
        link.channel.basic_publish(self.exchange.clone(), key, options, &message.body, properties).await?.await
    }
}

#[async_trait]
impl Performs for Publisher {
    async fn perform(&self, effect: &LeasedEffect) -> Attempted {
        let sent_at = self.clock.now();
        // Lifecycle events need no listener; what a flow publishes on purpose must arrive somewhere.
        let mandatory = matches!(effect.request, Request::Publish { .. });
        let (result, health) = match cloudevent::write(effect) {
            Ok(message) => self.publish(&message, mandatory).await,
            Err(cause) => (AttemptResult::Broken { cause }, Health::Unsaid),
        };
        Attempted { result, sent_at, health }
    }
}

/// A broker that is away uses up no attempts; what was confirmed too late carries the same id again.
fn away(cause: String) -> (AttemptResult, Health) {
    (again(cause.clone(), false), Health::Failing(cause))
}

fn unroutable(returned: &BasicReturnMessage, event_type: &str) -> (AttemptResult, Health) {
    let cause = format!(
        "no queue takes `{event_type}` from exchange `{}` (code {}); bind one",
        returned.delivery.exchange, returned.reply_code
    );
    (again(cause, true), Health::Well)
}

const fn again(cause: String, spent: bool) -> AttemptResult {
    AttemptResult::Again { cause, retry_after: None, spent }
}

#[cfg(test)]
mod tests;
