//! Against a real broker: `cargo xtask test` starts one and names it in `GANGWAY_TEST_AMQP_URL`. What needs no broker
//! is tried without one.

use std::sync::Arc;

use gangway_core::effect::{EffectId, Mode, Request};
use gangway_core::event::OnboardingId;
use gangway_core::outcome::{Answer, AttemptResult};
use gangway_core::time::Millis;
use gangway_core::time::Timestamp;
use lapin::options::{BasicAckOptions, BasicGetOptions, ExchangeDeleteOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use lapin::{Channel, Connection, ConnectionProperties};
use serde_json::{Value, json};
use tokio::net::TcpSocket;
use uuid::Uuid;

use super::Publisher;
use crate::clock::{Chance as _, SystemChance, SystemClock};
use crate::outbound::{Attempted, Health, Performs};
use crate::settings::amqp::AmqpSettings;
use crate::store::types::LeasedEffect;

fn url() -> String {
    std::env::var("GANGWAY_TEST_AMQP_URL")
        .expect("GANGWAY_TEST_AMQP_URL names no broker; run these tests with `cargo xtask test`")
}

fn publisher(url: String, exchange: &str) -> Publisher {
    let settings = AmqpSettings {
        url: Some(url.into()),
        lifecycle_exchange: exchange.to_owned(),
        answer_within: Millis::secs(2),
        ..AmqpSettings::default()
    };
    Publisher::new(&settings, Arc::new(SystemClock)).unwrap().unwrap()
}

fn effect(request: Request) -> LeasedEffect {
    LeasedEffect {
        id: EffectId { onboarding: OnboardingId(Uuid::nil()), n: 3 },
        request,
        attempt: 1,
        mode: Mode::Do,
        uncertain_since: None,
        asked_at: Timestamp(1_700_000_000_000),
        token: Uuid::nil(),
    }
}

fn flow(event_type: &str) -> LeasedEffect {
    effect(Request::Publish { event_type: event_type.to_owned(), subject: None, data: json!({"a": 1}) })
}

fn lifecycle(event_type: &str) -> LeasedEffect {
    effect(Request::Lifecycle { event_type: event_type.to_owned(), subject: None, data: json!({"a": 1}) })
}

fn sent(attempted: &Attempted) -> bool {
    attempted.result == AttemptResult::Done(Answer::named("sent")) && attempted.health == Health::Well
}

/// A channel beside, an exchange of the test's own, and a queue bound to it for `x.bound`.
async fn beside(publisher: &Publisher, exchange: &str) -> (Connection, Channel) {
    publisher.broker.link().await.unwrap();
    let connection = Connection::connect(&url(), ConnectionProperties::default()).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    let options = QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() };
    channel.queue_declare(exchange.into(), options, FieldTable::default()).await.unwrap();
    let bind = channel.queue_bind(
        exchange.into(),
        exchange.into(),
        "x.bound".into(),
        QueueBindOptions::default(),
        FieldTable::default(),
    );
    bind.await.unwrap();
    (connection, channel)
}

#[tokio::test]
async fn a_message_is_confirmed_persistent_and_readable_and_its_exchange_is_made() {
    let exchange = SystemChance.id(Timestamp(0)).simple().to_string();
    let publisher = publisher(url(), &exchange);
    let (_connection, channel) = beside(&publisher, &exchange).await;
    assert!(sent(&publisher.perform(&flow("x.bound")).await));
    let got = channel.basic_get((&*exchange).into(), BasicGetOptions::default()).await.unwrap().unwrap();
    got.delivery.ack(BasicAckOptions::default()).await.unwrap();
    let properties = &got.delivery.properties;
    let text = |value: &Option<lapin::types::ShortString>| value.as_ref().map(ToString::to_string);
    assert_eq!(text(properties.content_type()).as_deref(), Some("application/cloudevents+json"));
    assert_eq!(text(properties.message_id()), Some(format!("{}/3", Uuid::nil())));
    assert_eq!(*properties.delivery_mode(), Some(2));
    let event: Value = serde_json::from_slice(&got.delivery.data).unwrap();
    assert_eq!((&event["id"], &event["data"]), (&json!(format!("{}/3", Uuid::nil())), &json!({"a": 1})));
    channel.exchange_delete((&*exchange).into(), ExchangeDeleteOptions::default()).await.unwrap();
}

#[tokio::test]
async fn what_a_flow_publishes_must_find_a_queue_and_a_lifecycle_event_need_not() {
    let exchange = SystemChance.id(Timestamp(0)).simple().to_string();
    let publisher = publisher(url(), &exchange);
    let (_connection, channel) = beside(&publisher, &exchange).await;
    assert!(sent(&publisher.perform(&lifecycle("x.nobody")).await));
    let unroutable = publisher.perform(&flow("x.nobody")).await;
    let AttemptResult::Again { cause, spent: true, .. } = unroutable.result else { panic!("{unroutable:?}") };
    assert!(cause.contains("x.nobody") && cause.contains("bind"), "{cause}");
    assert_eq!(unroutable.health, Health::Well);
    channel.exchange_delete((&*exchange).into(), ExchangeDeleteOptions::default()).await.unwrap();
}

#[tokio::test]
async fn a_channel_that_the_broker_closes_is_replaced() {
    let exchange = SystemChance.id(Timestamp(0)).simple().to_string();
    let publisher = publisher(url(), &exchange);
    let (_connection, channel) = beside(&publisher, &exchange).await;
    channel.exchange_delete((&*exchange).into(), ExchangeDeleteOptions::default()).await.unwrap();
    let lost = publisher.perform(&lifecycle("x.bound")).await;
    assert!(matches!(lost.result, AttemptResult::Again { spent: false, .. }), "{lost:?}");
    assert!(sent(&publisher.perform(&lifecycle("x.bound")).await));
    channel.exchange_delete((&*exchange).into(), ExchangeDeleteOptions::default()).await.unwrap();
}

#[tokio::test]
async fn a_broker_that_is_away_spends_no_attempt_and_its_password_is_not_told() {
    // Bound and not listening: it refuses, and nothing else gets the port meanwhile.
    let nobody = TcpSocket::new_v4().unwrap();
    nobody.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let free = nobody.local_addr().unwrap();
    let away = publisher(format!("amqp://user:top-secret@{free}/%2f"), "x").perform(&lifecycle("x")).await;
    assert!(matches!(away.result, AttemptResult::Again { spent: false, .. }), "{away:?}");
    assert!(matches!(away.health, Health::Failing(_)));
    assert!(!format!("{away:?}").contains("top-secret"));
}
