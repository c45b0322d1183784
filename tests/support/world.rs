//! The far side played in this process, the real program beside it, and a client that comes again until it is heard.
#![allow(dead_code, reason = "each test binary uses its own part of this")]

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use gangway::clock::SystemChance;
use gangway::store::{Keyring, Limits, Store, StoreOptions};
use gangway_core::time::Millis;
use gangway_sandbox::{Options, Running};
use serde_json::{Value, json};
use xtask::scratch::Scratch;

use crate::db::MASTER_KEY;
use crate::process::{self, Process};
use crate::wait;

const SECRET: &str = "a-path-that-nobody-guesses";
/// A sender gives up after this; no fault of these tests lasts as long.
const PATIENCE: Duration = Duration::from_secs(180);

/// Everything that one test has.
pub struct World {
    pub sandbox: Running,
    pub settings: Vec<(String, toml::Value)>,
    // Removed last.
    pub folder: Scratch,
}

impl World {
    /// A sandbox with this mischief, and settings with short waits for a gangway on this database.
    pub async fn new(label: &str, database: &str, mut options: Options) -> Self {
        options.original.wallet_delay = Duration::from_millis(100);
        options.limits.delay = Duration::from_millis(300);
        let keys = options.original.clone();
        let sandbox = gangway_sandbox::start(options).await.unwrap();
        let texts = [
            ("database.url", database.to_owned()),
            ("database.acquire", "2s".to_owned()),
            ("keys.master_key", MASTER_KEY.to_owned()),
            ("engine.sweep", "1s".to_owned()),
            ("mail.url", format!("smtp://{}?tls=none", sandbox.smtp)),
            ("mail.timeout", "2s".to_owned()),
            ("outbound.lease", "7s".to_owned()),
            ("outbound.request_timeout", "2s".to_owned()),
            ("outbound.connect_timeout", "1s".to_owned()),
            ("outbound.sweep", "500ms".to_owned()),
            ("outbound.recovery", "3s".to_owned()),
            ("outbound.retry.first", "100ms".to_owned()),
            ("outbound.retry.max", "1s".to_owned()),
            ("outbound.retry.settle", "200ms".to_owned()),
            ("outbound.breaker.rest", "200ms".to_owned()),
            ("outbound.breaker.max_rest", "1s".to_owned()),
            ("providers.original.base_url", sandbox.original_url()),
            ("providers.original.api_key", keys.api_key),
            ("providers.original.api_secret", keys.api_secret),
            ("providers.original.collection_uid", "221137489875".to_owned()),
            ("providers.original.webhook_secret", SECRET.to_owned()),
        ];
        let mut settings: Vec<_> =
            texts.into_iter().map(|(key, text)| (key.to_owned(), toml::Value::String(text))).collect();
        settings.push(("outbound.allow_private".to_owned(), toml::Value::Boolean(true)));
        // Every kill may cost an attempt.
        settings.push(("outbound.retry.attempts".to_owned(), toml::Value::Integer(60)));
        settings.push(("amqp.answer_within".to_owned(), toml::Value::from("1s")));
        Self { sandbox, settings, folder: Scratch::create(label).unwrap() }
    }

    pub fn set(&mut self, key: &str, value: impl Into<toml::Value>) {
        let value = value.into();
        self.settings.retain(|(known, _)| known != key);
        self.settings.push((key.to_owned(), value));
    }

    /// A process that is not started yet.
    pub fn process(&self, name: &str) -> Process {
        Process::new(self.folder.path(), name, &self.settings)
    }

    /// Has the sandbox's webhooks posted to this process.
    pub fn hook(&self, process: &Process) {
        self.sandbox.set_webhook_url(Some(&webhook(process)));
    }

    /// What the sandbox lists there.
    pub async fn listed(&self, path: &str) -> Vec<Value> {
        let http = client();
        http.get(format!("http://{}{path}", self.sandbox.http)).send().await.unwrap().json().await.unwrap()
    }
}

/// Where this process takes Original's webhooks.
pub fn webhook(process: &Process) -> String {
    format!("{}/webhooks/original/{SECRET}", process.url())
}

/// Opens a database as gangway does, to read it.
pub async fn open_store(url: &str) -> Store {
    let keys = Keyring::new(&MASTER_KEY.to_owned().into()).unwrap();
    let options = StoreOptions {
        url: url.to_owned(),
        intake: 1,
        work: 1,
        screens: 2,
        acquire: Millis::secs(20),
        limits: Limits::default(),
    };
    Store::open(&options, keys, Arc::new(SystemChance)).await.unwrap()
}

/// An access token that may do everything, made by the program itself.
pub fn token(process: &Process) -> String {
    let config = process.config.to_str().unwrap();
    let arguments = ["token", "add", "tester", "--scope", "read,publish,operate", "--config", config];
    let (code, stdout, stderr) = process::run(&arguments);
    assert_eq!(code, Some(0), "{stderr}");
    stdout.trim().to_owned()
}

/// HTTP without a proxy and without patience.
#[expect(clippy::disallowed_methods, reason = "a test stands outside gangway, as its users do")]
pub fn client() -> reqwest::Client {
    // Refused if the process has a provider already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(60)).build().unwrap()
}

/// A user of gangway's HTTP side.
#[derive(Clone)]
pub struct Client {
    pub http: reqwest::Client,
    pub token: String,
}

/// What was sent to gangway: by source and key.
pub type Outbox = HashMap<(String, String), Sent>;

/// Notes these sendings of a CloudEvent, or of a batch of them.
pub fn note(outbox: &mut Outbox, events: &Value, sent: Sent) {
    let one = std::slice::from_ref(events);
    for event in events.as_array().map_or(one, Vec::as_slice) {
        let text = |name: &str| event[name].as_str().unwrap().to_owned();
        outbox.entry((text("source"), text("id"))).or_default().add(sent);
    }
}

/// How often one event was sent, and how often it was answered with a 2xx.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sent {
    pub tries: u32,
    pub accepted: u32,
}

impl Sent {
    pub fn add(&mut self, more: Self) {
        self.tries += more.tries;
        self.accepted += more.accepted;
    }
}

impl Client {
    pub fn new(token: String) -> Self {
        Self { http: client(), token }
    }

    /// Sends an event, or a batch of them, until it is answered with a 202: without one it is sent again with the same
    /// ids.
    pub async fn publish(&self, url: &str, events: &Value) -> Sent {
        let (mut sent, patience) = (Sent::default(), wait::Patience::of(PATIENCE));
        while sent.accepted == 0 {
            sent.tries += 1;
            sent.accepted += u32::from(self.publish_once(url, events).await == Some(202));
            assert!(sent.accepted > 0 || patience.again().await, "no 202 for {events}");
        }
        sent
    }

    /// Sends once; the status, if there was an answer.
    pub async fn publish_once(&self, url: &str, events: &Value) -> Option<u16> {
        let kind = if events.is_array() { "cloudevents-batch" } else { "cloudevents" };
        let request = self.http.post(format!("{url}/v1/events")).bearer_auth(&self.token);
        let request = request.header("content-type", format!("application/{kind}+json")).body(events.to_string());
        told(request.send().await.ok()?)
    }

    /// Posts a webhook of Original until it is answered with a 200, as a provider does.
    pub async fn webhook(&self, place: &str, correlation_id: &str, body: &Value) -> Sent {
        let (mut sent, patience) = (Sent::default(), wait::Patience::of(PATIENCE));
        while sent.accepted == 0 {
            sent.tries += 1;
            sent.accepted += u32::from(self.webhook_once(place, correlation_id, body).await == Some(200));
            assert!(sent.accepted > 0 || patience.again().await, "no 200 for {body}");
        }
        sent
    }

    /// Posts a webhook once; the status, if there was an answer.
    pub async fn webhook_once(&self, place: &str, correlation_id: &str, body: &Value) -> Option<u16> {
        let request = self.http.post(place).header("content-type", "application/json");
        let request = request.header("x-webhook-correlation-id", correlation_id).body(body.to_string());
        told(request.send().await.ok()?)
    }

    /// A JSON answer, if there was one with a 2xx.
    pub async fn get(&self, url: &str) -> Option<Value> {
        let reply = self.http.get(url).bearer_auth(&self.token).send().await.ok()?;
        if reply.status().is_success() { reply.json().await.ok() } else { None }
    }

    /// What `/readyz` says: its status, and the names of what is missing.
    pub async fn readiness(&self, url: &str) -> Option<(u16, Value)> {
        let reply = self.http.get(format!("{url}/readyz")).send().await.ok()?;
        let status = reply.status().as_u16();
        Some((status, reply.json().await.ok()?))
    }

    /// What `/readyz` says to a caller that may look: its status, and every part.
    pub async fn parts(&self, url: &str) -> Option<(u16, Value)> {
        let reply = self.http.get(format!("{url}/readyz")).bearer_auth(&self.token).send().await.ok()?;
        let status = reply.status().as_u16();
        Some((status, reply.json().await.ok()?))
    }

    /// Whether it says that it is ready.
    pub async fn is_ready(&self, url: &str) -> bool {
        let reply = self.http.get(format!("{url}/readyz")).send().await;
        reply.is_ok_and(|reply| reply.status().is_success())
    }

    /// Waits until the process is ready; fails when it ends before.
    pub async fn ready(&self, process: &mut Process, limit: Duration) {
        wait::until("gangway to be ready", limit, async || {
            if let Some(status) = process.ended() {
                panic!("gangway ended before it was ready ({status}):\n{}", process.log());
            }
            self.is_ready(&process.url()).await.then_some(())
        })
        .await;
    }

    /// Waits until the process is ready and takes events from the broker: readiness alone does not wait for that.
    pub async fn takes_from_the_broker(&self, process: &mut Process, limit: Duration) {
        self.ready(process, limit).await;
        wait::until("events to be taken from the broker", limit, async || {
            let (_, parts) = self.parts(&process.url()).await?;
            parts.to_string().contains("events are being taken").then_some(())
        })
        .await;
    }

    /// Onboardings of a status.
    pub async fn onboardings(&self, url: &str, status: &str) -> Option<Vec<Value>> {
        let list = self.get(&format!("{url}/v1/onboardings?status={status}&limit=500")).await?;
        list.get("items")?.as_array().cloned()
    }

    /// Waits until so many people are on board, and none is on the way.
    pub async fn everybody_on_board(&self, url: &str, count: usize, limit: Duration) {
        let mut last = String::new();
        let on_board = wait::within(limit, async || {
            let completed = self.onboardings(url, "completed").await?.len();
            if completed < count {
                last = format!("{completed} of {count} completed");
            }
            (completed >= count).then_some(())
        });
        if on_board.await.is_none() {
            for status in ["active", "waiting", "review", "failed", "cancelled"] {
                for one in self.onboardings(url, status).await.unwrap_or_default().iter().take(5) {
                    last = format!("{last}\n{one}");
                }
            }
            panic!("not everyone is on board after {} s: {last}", limit.as_secs());
        }
    }
}

/// The status; an answer that it cannot be taken now must say when to come again.
#[expect(clippy::unnecessary_wraps, reason = "as its callers need it")]
fn told(reply: reqwest::Response) -> Option<u16> {
    let status = reply.status().as_u16();
    if matches!(status, 429 | 503) {
        assert!(reply.headers().contains_key("retry-after"), "{status} without Retry-After");
    }
    Some(status)
}

/// A person's sign-up.
pub fn sign_up(person: &str) -> Value {
    json!({
        "specversion": "1.0",
        "id": format!("sign-up-{person}"),
        "source": "/faults",
        "type": "user.signed_up",
        "subject": person,
        "data": { "user_id": person, "email": format!("{person}@mail.example"), "locale": "en" },
    })
}

/// Whether this part of `/readyz` works.
pub fn part(readiness: &Value, name: &str) -> Option<bool> {
    readiness["parts"].as_array()?.iter().find(|part| part["name"] == name)?["ready"].as_bool()
}
