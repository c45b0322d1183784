//! A RabbitMQ of its own, killed and restarted while events go in and out.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use gangway_sandbox::Options;
use lapin::options::{
    BasicAckOptions, BasicGetOptions, BasicPublishOptions, ConfirmSelectOptions, QueueBindOptions, QueueDeclareOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Confirmation, Connection, ConnectionProperties};
use serde_json::Value;
use tokio::task::{JoinHandle, block_in_place};
use xtask::scratch::Scratch;
use xtask::services::RabbitMq;

use crate::db::TestDb;
use crate::dice;
use crate::proof::History;
use crate::world::{Client, Outbox, Sent, World, note, part, sign_up, token};
use crate::{proof, turn, wait};

const KILLS: usize = 2;
/// People between two kills.
const PEOPLE: usize = 25;
const LIFECYCLE: &str = "faults.lifecycle";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_killed_and_restarted_under_load_loses_nothing() {
    let _turn = turn().await;
    let (folder, db) = (Scratch::create("broker").unwrap(), TestDb::postgres().await);
    let mut broker = block_in_place(|| RabbitMq::start(folder.path())).unwrap();
    let mut dice = dice::seeded("broker_restarts", 61);
    let mut world = World::new("broker", &db.url, Options { seed: dice.u64(..), ..Options::default() }).await;
    world.set("amqp.url", broker.url());
    world.set("amqp.reconnect_most", "1s");
    let mut process = world.process("gangway");
    world.hook(&process);
    let client = Client::new(token(&process));
    process.start();
    client.takes_from_the_broker(&mut process, Duration::from_secs(60)).await;
    bind_lifecycle(&broker.url()).await;
    let (mut outbox, mut people) = (Outbox::new(), 0);
    // RabbitMQ 3.10 writes the name of a new quorum queue's member into `names.dets` minutes later, or at an orderly
    // end; killed before that, it comes back with a queue that answers no client. So the first end is an orderly one.
    for (event, sent) in publish_all(broker.url(), vec![sign_up("first-1"), sign_up("first-2")]).await.unwrap() {
        note(&mut outbox, &event, sent);
        people += 1;
    }
    block_in_place(|| broker.restart()).unwrap();
    client.takes_from_the_broker(&mut process, Duration::from_secs(60)).await;
    for kill in 0..=KILLS {
        let publisher =
            publish_all(broker.url(), (0..PEOPLE).map(|nth| sign_up(&format!("person-{kill}-{nth}"))).collect());
        people += PEOPLE;
        if kill < KILLS {
            let enough = world.sandbox.summary().calls + dice.u64(5..40);
            wait::until("some calls", Duration::from_secs(60), async || {
                (world.sandbox.summary().calls >= enough).then_some(())
            })
            .await;
            block_in_place(|| broker.kill()).unwrap();
            let seen = async |wanted: bool| {
                let (status, readiness) = client.parts(&process.url()).await?;
                assert_eq!(status, 200, "webhooks are taken without the broker: {readiness}");
                (part(&readiness, "amqp") == Some(wanted)).then_some(())
            };
            wait::until("readiness to show it", Duration::from_secs(60), async || seen(false).await).await;
            block_in_place(|| broker.restart()).unwrap();
            wait::until("the broker's way", Duration::from_secs(60), async || seen(true).await).await;
        }
        for (event, sent) in publisher.await.unwrap() {
            note(&mut outbox, &event, sent);
        }
    }
    let url = process.url();
    proof::decide_reviews(&client, &url, people, Duration::from_secs(60)).await;
    proof::far_end_quiet(&world).await;
    let dead = unreadable_ones_are_told(&broker.url(), KILLS + 2).await;
    let told = lifecycle_until_everybody_completed(&broker.url(), people).await;
    let status = block_in_place(|| process.stop(Duration::from_secs(60)));
    assert_eq!(status.code(), Some(0), "{}", process.log());
    let everybody = proof::nothing_lost_and_nothing_doubled(&world, &db.url, &process.config, people, &outbox).await;
    every_move_was_told(&everybody, &told);
    eprintln!("{dead} in the dead queue");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alarm_of_the_broker_doubles_nothing_and_holds_up_only_what_cannot_be_read() {
    let _turn = turn().await;
    let (folder, db) = (Scratch::create("alarm").unwrap(), TestDb::postgres().await);
    let broker = block_in_place(|| RabbitMq::start(folder.path())).unwrap();
    let mut world = World::new("alarm", &db.url, Options::default()).await;
    world.set("amqp.url", broker.url());
    let mut process = world.process("gangway");
    world.hook(&process);
    let client = Client::new(token(&process));
    process.start();
    client.takes_from_the_broker(&mut process, Duration::from_secs(60)).await;
    block_in_place(|| process.stop(Duration::from_secs(60)));
    // Something that cannot be read is in front of everyone.
    let mut outbox = Outbox::new();
    let people: Vec<Value> = (0..PEOPLE).map(|nth| sign_up(&format!("person-{nth}"))).collect();
    for (event, sent) in publish_all(broker.url(), people).await.unwrap() {
        note(&mut outbox, &event, sent);
    }
    let watermark = |part: &str| broker.ctl().run(&["set_vm_memory_high_watermark", part]).map(drop);
    block_in_place(|| watermark("0.00001")).unwrap();
    process.start();
    let url = process.url();
    client.everybody_on_board(&url, PEOPLE, Duration::from_secs(60)).await;
    let waits = async || {
        let (_, parts) = client.parts(&url).await?;
        parts.to_string().contains("1 unreadable wait for the dead queue").then_some(())
    };
    wait::until("readiness to tell of the one that waits", Duration::from_secs(60), waits).await;
    block_in_place(|| watermark("0.6")).unwrap();
    assert_eq!(unreadable_ones_are_told(&broker.url(), 1).await, 1);
    proof::far_end_quiet(&world).await;
    let status = block_in_place(|| process.stop(Duration::from_secs(60)));
    assert_eq!(status.code(), Some(0), "{}", process.log());
    let everybody = proof::nothing_lost_and_nothing_doubled(&world, &db.url, &process.config, PEOPLE, &outbox).await;
    let copies = everybody.iter().flat_map(|(_, history)| history).filter(|(entry, _)| entry.kind == "user.signed_up");
    assert!(copies.map(|(entry, _)| entry.copies).all(|copies| copies == 1), "taken once each");
}

async fn channel(url: &str) -> lapin::Result<(Connection, Channel)> {
    let connection = Connection::connect(url, ConnectionProperties::default()).await?;
    let channel = connection.create_channel().await?;
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    Ok((connection, channel))
}

async fn bind_lifecycle(url: &str) {
    let (_connection, channel) = channel(url).await.unwrap();
    let durable = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    channel.queue_declare(LIFECYCLE.into(), durable, FieldTable::default()).await.unwrap();
    let (exchange, all) = ("gangway.lifecycle".into(), "#".into());
    channel
        .queue_bind(LIFECYCLE.into(), exchange, all, QueueBindOptions::default(), FieldTable::default())
        .await
        .unwrap();
}

/// Publishes the events and something unreadable, each until the broker confirms it, through every loss of it.
fn publish_all(url: String, events: Vec<Value>) -> JoinHandle<Vec<(Value, Sent)>> {
    tokio::spawn(async move {
        let (mut open, mut done) = (None, Vec::new());
        publish(&url, &mut open, b"{ not an event").await;
        for event in events {
            let sent = publish(&url, &mut open, event.to_string().as_bytes()).await;
            // A delivery comes again when the broker loses its ack: no sender can say how often.
            done.push((event, Sent { tries: 1_000_000, ..sent }));
        }
        done
    })
}

async fn publish(url: &str, open: &mut Option<(Connection, Channel)>, body: &[u8]) -> Sent {
    let (mut sent, patience) = (Sent::default(), wait::Patience::of(Duration::from_secs(90)));
    while sent.accepted == 0 {
        if open.is_none() {
            let limit = Duration::from_secs(5);
            *open = tokio::time::timeout(limit, channel(url)).await.ok().and_then(Result::ok);
        }
        if let Some((_, channel)) = open {
            sent.tries += 1;
            let confirmed = tokio::time::timeout(Duration::from_secs(5), publish_once(channel, body)).await;
            match confirmed {
                Ok(Ok(true)) => sent.accepted += 1,
                Ok(Ok(false)) => {}
                _ => *open = None,
            }
        }
        assert!(sent.accepted > 0 || patience.again().await, "never confirmed");
    }
    sent
}

/// Whether the broker has it, in a queue.
async fn publish_once(channel: &Channel, body: &[u8]) -> lapin::Result<bool> {
    let properties = BasicProperties::default().with_content_type("application/cloudevents+json".into());
    let properties = properties.with_delivery_mode(2);
    let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
    let (exchange, key) = ("gangway.events".into(), "user.signed_up".into());
    let confirm = channel.basic_publish(exchange, key, options, body, properties).await?.await?;
    Ok(matches!(confirm, Confirmation::Ack(None)))
}

/// Takes everything out of a queue. A broker that was restarted just now may fail in the middle; what was not acked
/// then comes again.
async fn take_all(url: &str, queue: &str, mut each: impl FnMut(Value, Vec<u8>)) -> lapin::Result<()> {
    let (_connection, channel) = channel(url).await?;
    while let Some(got) = channel.basic_get(queue.into(), BasicGetOptions::default()).await? {
        let reason = got.properties.headers().as_ref().and_then(|headers| headers.inner().get("x-gangway-reason"));
        let reason = reason.map(|reason| match reason {
            AMQPValue::LongString(text) => Value::from(text.to_string()),
            other => Value::from(format!("{other:?}")),
        });
        each(reason.unwrap_or_default(), got.data.clone());
        channel.basic_ack(got.delivery_tag, BasicAckOptions::default()).await?;
    }
    Ok(())
}

/// What cannot be read is in the dead queue, at least once each, with the reason.
async fn unreadable_ones_are_told(url: &str, count: usize) -> usize {
    let mut found = 0;
    wait::until("what is unreadable in gangway.dead", Duration::from_secs(60), async || {
        let all = take_all(url, "gangway.dead", |reason, body| {
            assert_eq!(body, b"{ not an event");
            assert!(reason.as_str().is_some_and(|reason| !reason.is_empty()), "{reason}");
            found += 1;
        });
        (all.await.is_ok() && found >= count).then_some(())
    })
    .await;
    found
}

/// What was told of each person: revision and id of each lifecycle event.
type Told = HashMap<String, BTreeMap<(u64, String), Value>>;

/// Reads lifecycle events until they tell of everyone as completed.
async fn lifecycle_until_everybody_completed(url: &str, people: usize) -> Told {
    let (mut told, mut completed, mut trouble) = (Told::new(), HashSet::new(), None);
    let all_told = wait::within(Duration::from_secs(60), async || {
        let all = take_all(url, LIFECYCLE, |_, body| {
            let event: Value = serde_json::from_slice(&body).unwrap();
            let person = event["subject"].as_str().unwrap().to_owned();
            if event["type"] == "onboarding.completed" {
                completed.insert(person.clone());
            }
            let name = (event["data"]["revision"].as_u64().unwrap(), event["id"].as_str().unwrap().to_owned());
            if let Some(before) = told.entry(person).or_default().insert(name, event.clone()) {
                assert_eq!(before, event, "the same event with other content");
            }
        });
        trouble = all.await.err();
        (trouble.is_none() && completed.len() == people).then_some(())
    });
    if all_told.await.is_none() {
        let (completed, told) = (completed.len(), told.len());
        panic!("{completed} of {people} told of as completed, {told} told of at all; last trouble: {trouble:?}");
    }
    told
}

/// In the order of revisions, the lifecycle events of each person tell the same way as the journal.
fn every_move_was_told(everybody: &[(gangway_core::onboarding::Onboarding, History)], told: &Told) {
    assert_eq!(told.len(), everybody.len());
    for (onboarding, history) in everybody {
        let moved = history.iter().filter(|(entry, _)| entry.from != entry.to && entry.revision.is_some());
        let mut journal: Vec<(u64, String)> =
            moved.map(|(entry, _)| (entry.revision.unwrap(), entry.to.clone().unwrap())).collect();
        journal.sort();
        let told = told[&onboarding.user.external_id].values().filter(|event| event["type"] != "onboarding.review");
        let told = told.map(|event| {
            (event["data"]["revision"].as_u64().unwrap(), event["data"]["state"].as_str().unwrap().to_owned())
        });
        assert_eq!(told.collect::<Vec<_>>(), journal, "{}", onboarding.user.external_id);
    }
}
