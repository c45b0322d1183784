//! The broker's ways in and out: every form of event begins an onboarding, what cannot be read lies in the dead queue
//! with its reason, and lifecycle events tell what the API shows.

use gangway::clock::{Chance as _, SystemChance};
use lapin::message::BasicGetMessage;
use lapin::options::{
    BasicGetOptions, BasicPublishOptions, ConfirmSelectOptions, ExchangeDeleteOptions, QueueBindOptions,
    QueueDeclareOptions, QueueDeleteOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Confirmation, Connection, ConnectionProperties};
use sea_orm::{ConnectionTrait, Database};
use serde_json::{Value, json};

use crate::db::TestDb;
use crate::on_both_databases;
use crate::wait::until;
use crate::world::{Setup, World, sign_up};

on_both_databases!(
    sign_ups_arrive_structured_and_in_every_spelling_of_binary,
    what_cannot_be_read_lies_in_the_dead_queue_with_its_reason_and_the_next_is_taken,
    lifecycle_events_tell_what_the_api_shows_in_order_of_revision,
    a_broker_that_is_away_is_named_and_everything_else_goes_on,
    a_message_about_somebody_who_cannot_be_read_stops_no_message_about_others,
);

const STRUCTURED: &str = "application/cloudevents+json";

/// Names of its own at the broker, and a channel beside gangway's.
struct Broker {
    name: String,
    channel: Channel,
    _connection: Connection,
}

fn url() -> String {
    std::env::var("GANGWAY_TEST_AMQP_URL").expect("GANGWAY_TEST_AMQP_URL names no broker; run `cargo xtask test`")
}

impl Broker {
    async fn new() -> Self {
        let mut tag = [0_u8; 8];
        SystemChance.fill(&mut tag);
        let connection = Connection::connect(&url(), ConnectionProperties::default()).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        channel.confirm_select(ConfirmSelectOptions::default()).await.unwrap();
        Self { name: format!("service-{}", hex::encode(tag)), channel, _connection: connection }
    }

    fn setup(&self) -> Setup {
        let names = [
            ("inbound_exchange", "events"),
            ("queue", "inbound"),
            ("dead", "dead"),
            ("lifecycle_exchange", "lifecycle"),
        ];
        let setup = Setup::default().set("amqp.url", url()).set("amqp.max_message", 50_000);
        names
            .iter()
            .fold(setup, |setup, (key, name)| setup.set(&format!("amqp.{key}"), format!("{}.{name}", self.name)))
    }

    async fn start(&self, db: &TestDb) -> World {
        let world = self.setup().start(db).await;
        let mut changes = world.running.broker.changes();
        until("the broker", async || changes.borrow_and_update().consuming, |consuming| *consuming).await;
        world
    }

    async fn publish(&self, properties: BasicProperties, body: &[u8]) {
        let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
        let (exchange, properties) = (format!("{}.events", self.name), properties.with_delivery_mode(2));
        let publishing =
            self.channel.basic_publish(exchange.into(), "user.signed_up".into(), options, body, properties);
        assert_eq!(publishing.await.unwrap().await.unwrap(), Confirmation::Ack(None), "routed and kept");
    }

    async fn take(&self, queue: &str) -> BasicGetMessage {
        let get = async || {
            let options = BasicGetOptions { no_ack: true };
            self.channel.basic_get(format!("{}.{queue}", self.name).into(), options).await.unwrap()
        };
        until(&format!("a message in {queue}"), get, Option::is_some).await.unwrap()
    }

    async fn end(self) {
        for queue in ["inbound", "dead", "watcher"] {
            let name = format!("{}.{queue}", self.name);
            drop(self.channel.queue_delete(name.into(), QueueDeleteOptions::default()).await);
        }
        for exchange in ["events", "lifecycle"] {
            let name = format!("{}.{exchange}", self.name);
            drop(self.channel.exchange_delete(name.into(), ExchangeDeleteOptions::default()).await);
        }
    }
}

fn structured() -> BasicProperties {
    BasicProperties::default().with_content_type(STRUCTURED.into())
}

fn binary(spelling: &str, event: &Value) -> BasicProperties {
    let mut headers = FieldTable::default();
    for name in ["specversion", "id", "source", "type", "subject"] {
        let value = event[name].as_str().unwrap();
        headers.insert(format!("{spelling}{name}").into(), AMQPValue::LongString(value.into()));
    }
    BasicProperties::default().with_content_type("application/json".into()).with_headers(headers)
}

async fn onboarding_of(world: &World, user: &str) -> String {
    let look = async || world.get(&format!("/v1/users?q={user}")).await["items"][0]["onboardings"][0]["id"].clone();
    until(&format!("{user}'s onboarding"), look, Value::is_string).await.as_str().unwrap().to_owned()
}

async fn sign_ups_arrive_structured_and_in_every_spelling_of_binary(db: &TestDb) {
    let broker = Broker::new().await;
    let world = broker.start(db).await;
    let event = |user: &str| sign_up(user, &format!("{user}@example.com"), "en");
    broker.publish(structured(), event("ann").to_string().as_bytes()).await;
    for (user, spelling) in [("ben", "cloudEvents:"), ("cid", "cloudEvents_"), ("dan", "ce-")] {
        broker.publish(binary(spelling, &event(user)), event(user)["data"].to_string().as_bytes()).await;
    }
    // This event again, in another form: a copy.
    broker.publish(structured(), event("ben").to_string().as_bytes()).await;
    for user in ["ann", "ben", "cid", "dan"] {
        world.comes_to(&onboarding_of(&world, user).await, "completed").await;
    }
    let id = onboarding_of(&world, "ben").await;
    let copies = async || world.journal(&id).await[0]["copies"].clone();
    until("the copy", copies, |copies| *copies == 2).await;
    world.stop().await;
    broker.end().await;
}

async fn what_cannot_be_read_lies_in_the_dead_queue_with_its_reason_and_the_next_is_taken(db: &TestDb) {
    let broker = Broker::new().await;
    let world = broker.start(db).await;
    let mut nameless = sign_up("ann", "ann@example.com", "en");
    nameless.as_object_mut().unwrap().remove("id");
    let large = json!({ "specversion": "1.0", "id": "x", "source": "/t", "type": "t", "data": "x".repeat(60_000) });
    let bad: [(BasicProperties, Vec<u8>, &str); 6] = [
        (structured(), b"not json".to_vec(), "not JSON"),
        (structured(), b"{\"id\":\"\xff\"}".to_vec(), "not JSON"),
        (structured(), nameless.to_string().into(), "`id`"),
        (BasicProperties::default(), b"hello".to_vec(), "neither"),
        (structured(), [vec![b'['; 5000], vec![b']'; 5000]].concat(), "deeper"),
        (structured(), large.to_string().into(), "large"),
    ];
    for (properties, body, part) in bad {
        broker.publish(properties, &body).await;
        let dead = broker.take("dead").await;
        assert_eq!(dead.data, body, "the bytes as they came");
        let headers = dead.properties.headers().clone().unwrap();
        let Some(AMQPValue::LongString(reason)) = headers.inner().get("x-gangway-reason") else {
            panic!("no reason: {headers:?}");
        };
        let reason = String::from_utf8_lossy(reason.as_bytes()).into_owned();
        assert!(reason.contains(part), "`{reason}` does not say `{part}`");
    }
    broker.publish(structured(), sign_up("ben", "ben@example.com", "en").to_string().as_bytes()).await;
    world.comes_to(&onboarding_of(&world, "ben").await, "completed").await;
    world.stop().await;
    broker.end().await;
}

async fn lifecycle_events_tell_what_the_api_shows_in_order_of_revision(db: &TestDb) {
    let broker = Broker::new().await;
    let world = broker.start(db).await;
    let (queue, exchange) = (format!("{}.watcher", broker.name), format!("{}.lifecycle", broker.name));
    let declared =
        broker.channel.queue_declare(queue.as_str().into(), QueueDeclareOptions::default(), FieldTable::default());
    declared.await.unwrap();
    let bind = QueueBindOptions::default();
    let bound =
        broker.channel.queue_bind(queue.as_str().into(), exchange.into(), "#".into(), bind, FieldTable::default());
    bound.await.unwrap();
    let id = world.sign_up("ann-nowallet", "ann@example.com", "en").await;
    world.comes_to(&id, "waiting").await;
    world.act(&id, "move", &json!({ "state": "review", "reason": "stuck" })).await.is(200);
    let shown = world.onboarding(&id).await;
    world.act(&id, "cancel", &json!({ "reason": "left us" })).await.is(200);
    let mut told = Vec::new();
    // They come in any order.
    let wanted = ["started", "review", "cancelled"].map(|what| json!(format!("onboarding.{what}")));
    while !wanted.iter().all(|what| told.iter().any(|event: &Value| event["type"] == *what)) {
        let message = broker.take("watcher").await;
        assert_eq!(message.properties.content_type().as_ref().map(|kind| kind.as_str()), Some(STRUCTURED));
        let event: Value = serde_json::from_slice(&message.data).unwrap();
        assert_eq!(message.routing_key.as_str(), event["type"].as_str().unwrap());
        assert_eq!((&event["subject"], &event["specversion"]), (&json!("ann-nowallet"), &json!("1.0")), "{event}");
        assert_eq!(event["data"]["id"], id.as_str());
        told.push(event);
    }
    until("all of them", async || world.onboarding(&id).await, |seen| seen["status"] == "cancelled").await;
    told.sort_by_key(|event| event["data"]["revision"].as_u64());
    let types: Vec<&str> = told.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(
        (types.first(), types.last()),
        (Some(&"onboarding.started"), Some(&"onboarding.cancelled")),
        "{types:?}"
    );
    let review = told.iter().find(|event| event["type"] == "onboarding.review").unwrap();
    let mut shown = shown;
    let explanation = shown.as_object_mut().unwrap().remove("explanation").unwrap();
    let told = explanation.to_string();
    assert!(!told.contains("ifecycle"), "what is published is no answer of a far end: {told}");
    assert_eq!(review["data"], shown, "the event and the API do not say the same");
    world.stop().await;
    broker.end().await;
}

async fn a_message_about_somebody_who_cannot_be_read_stops_no_message_about_others(db: &TestDb) {
    let broker = Broker::new().await;
    let world = broker.setup().set("engine.sweep", "1s").start(db).await;
    let mut changes = world.running.broker.changes();
    until("the broker", async || changes.borrow_and_update().consuming, |consuming| *consuming).await;
    let id = world.sign_up("ann-nowallet", "ann@example.com", "en").await;
    world.comes_to(&id, "waiting").await;
    let sql = Database::connect(&db.url).await.unwrap();
    sql.execute_unprepared("UPDATE users SET wrapped_key = sealed").await.unwrap();
    sql.close().await.unwrap();

    let mut renamed = sign_up("ann-nowallet", "ann@example.com", "en");
    (renamed["type"], renamed["id"]) = (json!("user.renamed"), json!("renamed"));
    broker.publish(structured(), renamed.to_string().as_bytes()).await;
    // Outcomes of what was under way when the key went are kept as well.
    let kept = async || {
        let page = world.get("/v1/events?verdict=kept").await;
        page["items"].as_array().unwrap().iter().find(|event| event["type"] == "user.renamed").cloned()
    };
    let kept = until("it to be kept", kept, Option::is_some).await.unwrap();
    assert_eq!(kept["copies"], 1, "{kept}");
    for nth in 0..50 {
        let user = format!("ben-{nth}-nowallet");
        let event = sign_up(&user, &format!("{user}@example.com"), "en");
        broker.publish(structured(), event.to_string().as_bytes()).await;
    }
    let all = async || world.get("/v1/onboardings?limit=100").await["items"].as_array().unwrap().clone();
    let all = until("fifty others", all, |all| all.len() == 51).await;
    let shut = all.iter().find(|one| one["id"] == id.as_str()).unwrap();
    assert!(shut["why"].as_str().unwrap().starts_with("cannot be read here: "), "{shut}");
    assert_eq!(&world.onboarding(&id).await, shut, "the list and the page say the same");
    let user = world.get("/v1/users?q=ann-nowallet").await["items"][0].clone();
    assert_eq!((&user["id"], &user["external_id"]), (&shut["user_id"], &Value::Null), "{user}");

    let flows = async || {
        let ready = world.ask("GET", "/readyz").bearer(&world.token).send().await.is(200).json();
        ready["parts"].as_array().unwrap().iter().find(|part| part["name"] == "flows").unwrap().clone()
    };
    let told = until("readiness to say so", flows, |part| part["ready"] == false).await;
    assert_eq!(told["detail"], "1 person cannot be stepped here: what is stored of them cannot be read (1)");
    world.act(&id, "retry", &json!({ "reason": "stuck" })).await.is(202);
    world.act(&id, "note", &json!({ "reason": "called" })).await.is(200);
    let ended = world.act(&id, "cancel", &json!({ "reason": "left us" })).await.is(200).json();
    assert_eq!(ended["status"], "cancelled", "{ended}");
    world.stop().await;
    broker.end().await;
}

async fn a_broker_that_is_away_is_named_and_everything_else_goes_on(db: &TestDb) {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let world = Setup::default().set("amqp.url", format!("amqp://guest:guest@{closed}")).start(db).await;
    // Webhooks and events over HTTP are taken without it.
    let ready = world.ask("GET", "/readyz").bearer(&world.token).send().await.is(200).json();
    let amqp = ready["parts"].as_array().unwrap().iter().find(|part| part["name"] == "amqp").unwrap();
    assert_eq!((&amqp["ready"], &amqp["needed"]), (&json!(false), &json!(false)), "{ready}");
    assert!(!ready.to_string().contains(&closed.to_string()) && !ready.to_string().contains("guest"), "{ready}");
    let id = world.sign_up("ann", "ann@example.com", "en").await;
    world.comes_to(&id, "completed").await;
    world.stop().await;
}
