//! A world of its own for each test: exchanges and queues under names of its own, a supervisor that reaches the broker
//! through a proxy that can be cut or frozen, and a connection beside it to publish and to look.

use std::net::SocketAddr;
use std::sync::Arc;

use gangway_core::time::{Millis, Timestamp};
use lapin::message::BasicGetMessage;
use lapin::options::{
    BasicGetOptions, BasicPublishOptions, ConfirmSelectOptions, ExchangeDeleteOptions, QueueDeclareOptions,
    QueueDeleteOptions,
};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};
use secrecy::SecretString;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use url::Url;

use crate::clock::{Chance as _, SystemChance, SystemClock};
use crate::inbound::amqp::{AmqpState, Snapshot, Supervisor};
use crate::inbound::testing::{DEADLINE, Writer, signed_up};
use crate::settings::amqp::AmqpSettings;

/// What the proxy does with connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Open,
    /// Connections end, new ones too.
    Cut,
    /// Connections stay and nothing passes.
    Frozen,
}

pub(super) struct World {
    pub(super) settings: AmqpSettings,
    pub(super) writer: Writer,
    pub(super) state: AmqpState,
    pub(super) beside: Channel,
    way: watch::Sender<Way>,
    stop: watch::Sender<bool>,
    running: JoinHandle<()>,
    _connection: Connection,
}

fn url() -> Url {
    let url = std::env::var("GANGWAY_TEST_AMQP_URL");
    url.expect("GANGWAY_TEST_AMQP_URL names no broker; run these tests with `cargo xtask test`").parse().unwrap()
}

impl World {
    pub(super) async fn new() -> Self {
        Self::with(Way::Open, |_| {}).await
    }

    /// A world with this way to the broker and these changed settings, both in place before the supervisor begins.
    pub(super) async fn with(way: Way, change: impl FnOnce(&mut AmqpSettings)) -> Self {
        let name = SystemChance.id(Timestamp(0)).simple().to_string();
        let (address, way) = proxy(way).await;
        let mut through = url();
        through.set_host(Some(&address.ip().to_string())).unwrap();
        through.set_port(Some(address.port())).unwrap();
        let mut settings = AmqpSettings {
            url: Some(SecretString::from(through.to_string())),
            inbound_exchange: format!("{name}.events"),
            queue: format!("{name}.inbound"),
            dead: format!("{name}.dead"),
            lifecycle_exchange: format!("{name}.lifecycle"),
            answer_within: Millis::secs(1),
            reconnect_first: Millis(10),
            reconnect_most: Millis(100),
            watch_every: Millis(50),
            ..AmqpSettings::default()
        };
        change(&mut settings);
        let connection = Connection::connect(url().as_str(), ConnectionProperties::default()).await.unwrap();
        let beside = connection.create_channel().await.unwrap();
        beside.confirm_select(ConfirmSelectOptions::default()).await.unwrap();
        let (door, writer) = Writer::start(1024);
        let supervisor = Supervisor::new(settings.clone(), door, Arc::new(SystemClock));
        let (state, (stop, stopped)) = (supervisor.state(), watch::channel(false));
        let running = tokio::spawn(async move { supervisor.run(stopped).await });
        Self { settings, writer, state, beside, way, stop, running, _connection: connection }
    }

    pub(super) fn set(&self, way: Way) {
        self.way.send_replace(way);
    }

    /// Waits until the supervisor's state is so.
    pub(super) async fn until(&self, what: &str, is: impl FnMut(&Snapshot) -> bool) -> Snapshot {
        let mut changes = self.state.changes();
        let snapshot = tokio::time::timeout(DEADLINE, changes.wait_for(is)).await.map(|seen| seen.unwrap().clone());
        snapshot.unwrap_or_else(|_| panic!("not {what} in time: {:?}", self.state.now()))
    }

    pub(super) async fn consuming(&self) -> Snapshot {
        self.until("consuming", |state| state.consuming).await
    }

    /// Publishes one event in structured mode; returns when the broker has it.
    pub(super) async fn publish(&self, id: &str) {
        let properties = BasicProperties::default().with_content_type("application/cloudevents+json".into());
        self.publish_raw(properties, signed_up(id).to_string().as_bytes()).await;
    }

    pub(super) async fn publish_raw(&self, properties: BasicProperties, body: &[u8]) {
        let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
        let exchange = self.settings.inbound_exchange.as_str().into();
        let properties = properties.with_delivery_mode(2);
        let publishing = self.beside.basic_publish(exchange, "user.signed_up".into(), options, body, properties);
        let confirmation = publishing.await.unwrap().await.unwrap();
        assert_eq!(confirmation, lapin::Confirmation::Ack(None), "routed and kept");
    }

    /// Waits for what comes into the dead queue.
    pub(super) async fn dead(&self) -> BasicGetMessage {
        let getting = async {
            loop {
                let options = BasicGetOptions { no_ack: true };
                let got = self.beside.basic_get(self.settings.dead.as_str().into(), options).await.unwrap();
                if let Some(message) = got {
                    return message;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(DEADLINE, getting).await.expect("nothing came into the dead queue")
    }

    /// Stops the supervisor, and waits until so many deliveries are left in the queue; then removes everything.
    pub(super) async fn end_with(self, left: u32) {
        self.stop.send_replace(true);
        tokio::time::timeout(DEADLINE, self.running).await.expect("it did not stop").unwrap();
        let counting = async {
            let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
            let queue =
                || self.beside.queue_declare(self.settings.queue.as_str().into(), passive, FieldTable::default());
            while queue().await.unwrap().message_count() != left {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(DEADLINE, counting).await.unwrap_or_else(|_| panic!("not {left} left in the queue"));
        for queue in [&self.settings.queue, &self.settings.dead] {
            self.beside.queue_delete(queue.as_str().into(), QueueDeleteOptions::default()).await.unwrap();
        }
        for exchange in [&self.settings.inbound_exchange, &self.settings.lifecycle_exchange] {
            self.beside.exchange_delete(exchange.as_str().into(), ExchangeDeleteOptions::default()).await.unwrap();
        }
    }
}

/// A way to the broker that can be cut and frozen.
async fn proxy(way: Way) -> (SocketAddr, watch::Sender<Way>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, receiver) = watch::channel(way);
    let broker = url().socket_addrs(|| Some(5672)).unwrap();
    tokio::spawn(async move {
        while let Ok((from, _)) = listener.accept().await {
            let (broker, way) = (broker.clone(), receiver.clone());
            tokio::spawn(async move { pass(from, &broker, way).await });
        }
    });
    (address, sender)
}

async fn pass(mut from: TcpStream, broker: &[SocketAddr], mut way: watch::Receiver<Way>) {
    if *way.borrow() == Way::Cut {
        return;
    }
    let Ok(mut to) = TcpStream::connect(broker).await else { return };
    let passed = tokio::select! {
        _ = copy_bidirectional(&mut from, &mut to) => true,
        _ = way.wait_for(|way| *way != Way::Open) => false,
    };
    if !passed {
        // Frozen: both ends stay open and hear nothing, until the way is open for new connections.
        let _ = way.wait_for(|way| *way != Way::Frozen).await;
    }
}
