//! Against a real broker: `cargo xtask test` starts one and names it in `GANGWAY_TEST_AMQP_URL`.

mod world;

use std::collections::HashSet;

use gangway_core::time::Millis;
use lapin::BasicProperties;
use lapin::options::{QueueDeclareOptions, QueueDeleteOptions};
use lapin::types::{AMQPValue, FieldTable};

use self::world::{Way, World};
use crate::engine::NotAccepted;
use crate::inbound::testing::signed_up;

fn reason(headers: Option<&FieldTable>) -> String {
    match &headers.unwrap().inner()["x-gangway-reason"] {
        AMQPValue::LongString(text) => text.to_string(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_is_taken_and_acknowledged() {
    let world = World::new().await;
    world.consuming().await;
    for n in 0..300 {
        world.publish(&format!("e-{n}")).await;
    }
    world.writer.until_different(300).await;
    assert_eq!(world.writer.taken().len(), 300, "none came twice");
    world.end_with(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn binary_mode_is_read_like_structured_mode() {
    let world = World::new().await;
    world.consuming().await;
    let whole = signed_up("e-1");
    let mut headers = FieldTable::default();
    for name in ["specversion", "id", "source", "type", "subject"] {
        let value = whole[name].as_str().unwrap().to_owned();
        headers.insert(format!("cloudEvents:{name}").into(), AMQPValue::LongString(value.into()));
    }
    let properties = BasicProperties::default().with_content_type("application/json".into()).with_headers(headers);
    world.publish_raw(properties, whole["data"].to_string().as_bytes()).await;
    world.writer.until_different(1).await;
    world.publish("e-2").await;
    world.writer.until_different(2).await;
    let taken = world.writer.taken();
    assert_eq!(taken[0].event.body, taken[1].event.body);
    world.end_with(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_in_the_dead_queue_with_its_reason_and_in_nobodys_way() {
    let world = World::with(Way::Open, |settings| settings.max_message = 1000).await;
    world.consuming().await;
    let structured = || BasicProperties::default().with_content_type("application/cloudevents+json".into());
    world.publish_raw(structured(), b"{ not json").await;
    let first = world.dead().await;
    assert_eq!(first.delivery.data, b"{ not json");
    assert_eq!(reason(first.delivery.properties.headers().as_ref()), "this is not JSON");
    world.publish_raw(structured(), &[b' '; 1001]).await;
    let second = world.dead().await;
    assert_eq!(reason(second.delivery.properties.headers().as_ref()), "the body is larger than the limit");
    world.publish("e-1").await;
    world.writer.until_different(1).await;
    world.end_with(0).await;
}

/// Names for a world in which the dead queue takes nothing until it is made anew.
async fn with_a_full_dead_queue() -> World {
    let first = World::new().await;
    first.consuming().await;
    let (settings, beside) = (first.settings.clone(), first.beside.clone());
    first.end_with(0).await;
    let durable = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    let mut full = FieldTable::default();
    full.insert("x-max-length".into(), AMQPValue::LongInt(0));
    full.insert("x-overflow".into(), AMQPValue::LongString("reject-publish".into()));
    beside.queue_declare(settings.dead.as_str().into(), durable, full).await.unwrap();
    let world = World::with(Way::Open, |to| {
        (to.queue, to.inbound_exchange) = (settings.queue.clone(), settings.inbound_exchange.clone());
        (to.dead, to.lifecycle_exchange) = (settings.dead.clone(), settings.lifecycle_exchange.clone());
        to.prefetch = 4;
    });
    let world = world.await;
    world.consuming().await;
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_dead_queue_is_full_only_what_cannot_be_read_waits_and_the_rest_flows_on() {
    let world = with_a_full_dead_queue().await;
    let structured = || BasicProperties::default().with_content_type("application/cloudevents+json".into());
    // More than may be under way at a time, and all in front.
    for _ in 0..10 {
        world.publish_raw(structured(), b"{ not json").await;
    }
    for n in 0..40 {
        world.publish(&format!("e-{n}")).await;
    }
    world.writer.until_different(40).await;
    let state = world.until("told", |state| state.dead_error.is_some()).await;
    assert!(state.unreadable > 0 && state.troubles == 0 && state.ready(), "{state:?}");
    let durable = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    let dead = || world.settings.dead.as_str().into();
    world.beside.queue_delete(dead(), QueueDeleteOptions::default()).await.unwrap();
    world.beside.queue_declare(dead(), durable, FieldTable::default()).await.unwrap();
    for _ in 0..10 {
        assert_eq!(world.dead().await.delivery.data, b"{ not json");
    }
    world.until("nothing waits", |state| state.unreadable == 0 && state.dead_error.is_none()).await;
    assert_eq!(world.writer.taken().len(), 40, "none came twice");
    world.end_with(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_does_not_wait_for_the_dead_queue_and_what_cannot_be_read_stays_in_its_queue() {
    let world = with_a_full_dead_queue().await;
    let structured = BasicProperties::default().with_content_type("application/cloudevents+json".into());
    world.publish_raw(structured, b"{ not json").await;
    world.publish("e-1").await;
    world.writer.until_different(1).await;
    world.until("told", |state| state.dead_error.is_some()).await;
    world.end_with(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_committed_is_not_acknowledged_and_comes_again() {
    let world = World::new().await;
    world.consuming().await;
    world.writer.refuse(Some(NotAccepted::Away(Millis(1))));
    for n in 0..50 {
        world.publish(&format!("e-{n}")).await;
    }
    let state = world.until("in trouble", |state| state.troubles > 2).await;
    assert!(state.last_error.unwrap().contains("database"), "it says what keeps it");
    assert!(world.writer.taken().is_empty());
    world.writer.refuse(None);
    world.writer.until_different(50).await;
    world.end_with(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_cannot_be_stored_now_are_in_nobodys_way_and_come_when_they_can() {
    let world = World::with(Way::Open, |settings| settings.prefetch = 8).await;
    world.consuming().await;
    world.writer.put_off(["e-0".to_owned(), "e-2".to_owned(), "e-60".to_owned()]);
    for n in 0..100 {
        world.publish(&format!("e-{n}")).await;
    }
    world.writer.until_different(97).await;
    assert_eq!(world.state.now().troubles, 0, "the session goes on");
    world.writer.put_off([]);
    world.writer.until_different(100).await;
    assert_eq!(world.writer.taken().len(), 100, "none came twice");
    world.end_with(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_events_that_cannot_be_stored_now_go_back_and_are_in_nobodys_way() {
    let world = World::with(Way::Open, |settings| settings.prefetch = 8).await;
    world.consuming().await;
    world.writer.put_off((0..20).map(|n| format!("e-{n}")));
    for n in 0..30 {
        world.publish(&format!("e-{n}")).await;
    }
    world.writer.until_different(10).await;
    assert_eq!(world.state.now().troubles, 0, "the session goes on");
    world.writer.put_off([]);
    world.writer.until_different(30).await;
    assert_eq!(world.writer.taken().len(), 30, "none came twice");
    world.end_with(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_left_when_it_stops_stay_in_the_queue() {
    let world = World::new().await;
    world.consuming().await;
    world.writer.refuse(Some(NotAccepted::Stopping));
    for n in 0..20 {
        world.publish(&format!("e-{n}")).await;
    }
    world.until("refused", |state| state.troubles > 0).await;
    world.end_with(20).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_connection_loses_nothing() {
    let world = World::new().await;
    world.consuming().await;
    for round in 0..5 {
        for n in 0..40 {
            world.publish(&format!("e-{round}-{n}")).await;
            if n == 20 {
                world.set(Way::Cut);
                world.until("cut off", |state| state.troubles > round).await;
            }
        }
        world.set(Way::Open);
        world.consuming().await;
    }
    world.writer.until_different(200).await;
    let keys: HashSet<_> = world.writer.taken().into_iter().map(|arrival| arrival.event.key).collect();
    assert_eq!(keys.len(), 200);
    world.end_with(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_dead_without_having_ended_is_noticed() {
    let world = World::new().await;
    world.consuming().await;
    world.set(Way::Frozen);
    let state = world.until("noticed", |state| state.troubles > 0).await;
    assert!(!state.ready(), "{state:?}");
    world.publish("e-1").await;
    world.set(Way::Open);
    world.writer.until_different(1).await;
    world.consuming().await;
    world.end_with(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_away_at_the_start_is_waited_for_and_readiness_says_so() {
    let world = World::with(Way::Cut, |_| {}).await;
    let state = world.until("in trouble", |state| state.troubles > 1).await;
    assert!(state.configured && !state.ready());
    world.set(Way::Open);
    assert!(world.consuming().await.ready());
    world.end_with(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_differs_is_used_and_the_difference_is_told() {
    let first = World::new().await;
    first.consuming().await;
    let (settings, beside) = (first.settings.clone(), first.beside.clone());
    first.end_with(0).await;
    let durable = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    beside.queue_declare(settings.queue.as_str().into(), durable, FieldTable::default()).await.unwrap();
    let names = |to: &mut crate::settings::amqp::AmqpSettings| {
        (to.queue, to.inbound_exchange) = (settings.queue.clone(), settings.inbound_exchange.clone());
        (to.dead, to.lifecycle_exchange) = (settings.dead.clone(), settings.lifecycle_exchange.clone());
    };
    let world = World::with(Way::Open, names).await;
    let state = world.consuming().await;
    assert_eq!(state.differences.len(), 1, "{state:?}");
    assert!(state.differences[0].contains("inequivalent arg"), "{state:?}");
    world.publish("e-1").await;
    world.writer.until_different(1).await;
    world.end_with(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_is_deleted_under_us_is_made_again() {
    let world = World::new().await;
    world.consuming().await;
    let queue = world.settings.queue.as_str().into();
    world.beside.queue_delete(queue, QueueDeleteOptions::default()).await.unwrap();
    world.until("noticed and consuming again", |state| state.troubles > 0 && state.consuming).await;
    world.publish("e-1").await;
    world.writer.until_different(1).await;
    world.end_with(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_broker_configured_there_is_nothing_to_wait_for() {
    use crate::clock::SystemClock;
    use crate::settings::amqp::AmqpSettings;
    let (door, _writer) = crate::inbound::testing::Writer::start(1);
    let supervisor = super::Supervisor::new(AmqpSettings::default(), door, std::sync::Arc::new(SystemClock));
    let (_stop, stopped) = tokio::sync::watch::channel(false);
    supervisor.run(stopped).await;
    assert!(supervisor.state().now().ready());
}
