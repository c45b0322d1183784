//! A database full of waiting onboardings, made through the engine itself, and the real process on top of it.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use gangway::app;
use gangway::clock::{SystemChance, SystemClock};
use gangway::engine::performer::Later;
use gangway::engine::{Alarm, Arrival, Engine, Flows, Options};
use gangway::settings::{Input, Settings};
use gangway::store::{Keyring, Store, StoreOptions};
use gangway_core::event::{Body, Event, Identifier, OnboardingId};
use gangway_core::outcome::{Answer, AttemptResult};
use gangway_core::time::Timestamp;
use serde_json::json;

/// The Standard Webhooks secret of the benches.
pub const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const MASTER_KEY: &str = "5f0e1d2c3b4a59687786a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0";

/// A folder, a database, and the settings of the process on top of it.
pub struct World {
    pub folder: PathBuf,
    pub database: String,
    pub config: PathBuf,
    port: u16,
}

impl World {
    /// A fresh folder; `database` is an empty PostgreSQL database, or absent for SQLite in the folder.
    pub fn new(name: &str, database: Option<String>, provider: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("gangway-bench-{name}-{}", std::process::id()));
        drop(fs::remove_dir_all(&folder));
        fs::create_dir_all(&folder).expect("a folder");
        let database =
            database.unwrap_or_else(|| format!("sqlite://{}?mode=rwc", folder.join("bench.sqlite").display()));
        let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("a port").port();
        let flows = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/flows");
        let text = format!(
            "server.listen = \"127.0.0.1:{port}\"\nserver.figures = \"1ms\"\ndatabase.url = \"{database}\"\nkeys.master_key = \"{MASTER_KEY}\"\n\
             flows.folders = [\"{flows}\"]\nlog.level = \"error\"\noutbound.allow_private = true\n\
             [providers.original]\nbase_url = \"{provider}\"\napi_key = \"sandbox-key\"\n\
             api_secret = \"sandbox-secret-of-thirty-two-characters\"\nconcurrency = 64\n\
             webhook = {{ verify = \"standard\", secrets = [\"{SECRET}\"] }}\n"
        );
        let config = folder.join("bench.toml");
        fs::write(&config, text).expect("a config");
        Self { folder, database, config, port }
    }

    pub fn address(&self) -> SocketAddr {
        ([127, 0, 0, 1], self.port).into()
    }

    /// An engine on this database, in this process.
    pub async fn engine(&self) -> Engine {
        let text = fs::read_to_string(&self.config).expect("the config");
        let input = Input { file: Some(("bench".into(), text)), environment: Vec::new() };
        let settings = Settings::read(&input).expect("settings");
        let catalogue = app::catalogue(&settings).expect("a catalogue");
        let keys = Keyring::new(&MASTER_KEY.to_owned().into()).expect("a key");
        let options = StoreOptions::from(&settings.database);
        let store = Store::open(&options, keys, Arc::new(SystemChance)).await.expect("a database");
        store.migrate().await.expect("a schema");
        let flows = Flows::default();
        for name in ["webhook", "effect"] {
            let path = format!("{}/benches/flows/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
            let text = fs::read_to_string(&path).expect("a flow");
            flows.add(gangway_core::flow::load(&path, &text, &catalogue).expect("a good flow"), true);
        }
        Engine {
            store,
            flows,
            clock: Arc::new(SystemClock),
            chance: Arc::new(SystemChance),
            performer: Arc::new(Later),
            alarm: Alarm::default(),
            options: Options::default(),
        }
    }

    /// So many people wait for their wallet; person n has the uid `1000000 + n`. Says how fast that went.
    pub async fn seed(&self, start: &str, from: usize, people: usize) {
        let engine = self.engine().await;
        let begin = Instant::now();
        for first in (from..from + people).step_by(256) {
            let nth: Vec<usize> = (first..(first + 256).min(from + people)).collect();
            let signed: Vec<Arrival> = nth.iter().map(|n| sign_up(start, *n, &engine)).collect();
            let receipts = engine.accept(&signed).await;
            let answers: Vec<Arrival> = nth
                .iter()
                .zip(receipts)
                .map(|(n, receipt)| user_made(*n, receipt.expect("taken").onboarding.expect("begun"), &engine))
                .collect();
            assert!(engine.accept(&answers).await.iter().all(Result::is_ok));
        }
        let took = begin.elapsed().as_secs_f64();
        println!(
            "  seeded {people} waiting onboardings in {took:.1} s ({:.0} events/s, one after the other)",
            2.0 * people as f64 / took
        );
    }

    /// Starts the real process; answers it and how long it took until it was ready.
    pub fn serve(&self) -> (Child, Duration) {
        let begin = Instant::now();
        let child = Command::new(env!("CARGO_BIN_EXE_gangway"))
            .args(["serve", "--config"])
            .arg(&self.config)
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("the service starts");
        while !ready(self.address()) {
            assert!(begin.elapsed() < Duration::from_secs(60), "the service is not ready within a minute");
            std::thread::sleep(Duration::from_millis(2));
        }
        (child, begin.elapsed())
    }
}

impl Drop for World {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.folder));
    }
}

/// A new PostgreSQL database on the server of `GANGWAY_TEST_POSTGRES_URL`, and the server's port.
pub async fn postgres(name: &str) -> Option<(String, u16)> {
    use sea_orm::{ConnectionTrait, Database};
    let admin = std::env::var("GANGWAY_TEST_POSTGRES_URL").ok()?;
    let server = Database::connect(&admin).await.expect("the server");
    let name = format!("bench_{name}_{}", std::process::id());
    server.execute_unprepared(&format!("DROP DATABASE IF EXISTS {name}")).await.expect("dropped");
    server.execute_unprepared(&format!("CREATE DATABASE {name}")).await.expect("created");
    let mut url: url::Url = admin.parse().expect("an address");
    url.set_path(&name);
    Some((url.to_string(), url.port().unwrap_or(5432)))
}

/// Drops a database of [`postgres`].
pub async fn drop_postgres(url: &str) {
    use sea_orm::{ConnectionTrait, Database};
    let admin = std::env::var("GANGWAY_TEST_POSTGRES_URL").expect("the server's address");
    let name = url.rsplit('/').next().unwrap_or_default();
    let server = Database::connect(&admin).await.expect("the server");
    server.execute_unprepared(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await.expect("dropped");
}

fn ready(address: SocketAddr) -> bool {
    use std::io::{Read, Write};
    let Ok(mut stream) = std::net::TcpStream::connect_timeout(&address, Duration::from_millis(200)) else {
        return false;
    };
    let mut text = String::new();
    stream.write_all(b"GET /readyz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").is_ok()
        && stream.read_to_string(&mut text).is_ok()
        && text.starts_with("HTTP/1.1 200")
}

fn event(source: &str, key: String, kind: &str, now: Timestamp, body: Body) -> Event {
    Event { source: source.into(), key, kind: kind.into(), received_at: now, occurred_at: None, body }
}

fn sign_up(start: &str, n: usize, engine: &Engine) -> Arrival {
    let user = format!("user-{n}");
    let data = json!({ "user_id": user, "email": format!("user-{n}@example.com") });
    let body = Body::Message { subject: Some(user.clone()), data };
    let event = event("/bench", format!("{start}-{n}"), start, engine.clock.now(), body);
    let raw = Bytes::from(serde_json::to_vec(&event).expect("plain data"));
    Arrival::brought(event, raw.clone(), raw)
}

fn user_made(n: usize, onboarding: OnboardingId, engine: &Engine) -> Arrival {
    let (now, uid) = (engine.clock.now(), (1_000_000 + n).to_string());
    let mut answer = Answer::named("created");
    answer.fields.insert("uid".into(), uid.clone().into());
    answer.identifiers.push(Identifier::new("original.user_uid", uid));
    let body = Body::Outcome {
        effect: 1,
        attempt: 1,
        sent_at: now,
        result: AttemptResult::Done(answer),
        taken: None,
        unspent: false,
    };
    Arrival::own("effect", format!("{onboarding}/1/1"), "effect.outcome", now, Some(onboarding), body)
}
