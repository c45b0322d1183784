//! Nothing secret, and no personal data, is where it does not belong: not in the database's file or tables, not in the
//! log at its most talkative, not in metrics, errors or the journal; plain or in any dress.

use std::io::Read as _;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::db::{MASTER_KEY, TestDb};
use crate::hidden::everything_in;
use crate::http::{Answer, Ask};
use crate::on_both_databases;
use crate::wait::until;
use crate::world::{Folder, sign_up};

on_both_databases!(nothing_secret_or_personal_is_where_it_does_not_belong);

const EMAIL: &str = "Quentin.Quokka+zebra@example.com";
const USER: &str = "Quokka/External=Id~4711";
const API_KEY: &str = "quokka-api-key-8c1f";
const API_SECRET: &str = "quokka-api-secret-of-some-length-5d2a";
const HOOK_SECRET: &str = "quokka-hook-secret-77aa";

/// The program itself, serving: what it logs is what operators would collect.
struct Served {
    child: Child,
    log: Arc<Mutex<Vec<u8>>>,
    address: std::net::SocketAddr,
}

fn command(folder: &Folder, environment: &[(&str, String)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gangway"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("GANGWAY_")) {
        command.env_remove(name);
    }
    command.current_dir(&folder.0).envs(environment.iter().map(|(name, value)| (*name, value.as_str())));
    command
}

impl Served {
    async fn start(folder: &Folder, environment: &[(&str, String)]) -> Self {
        let mut child =
            command(folder, environment).arg("serve").stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let (log, mut stderr) = (Arc::new(Mutex::new(Vec::new())), child.stderr.take().unwrap());
        let sink = Arc::clone(&log);
        std::thread::spawn(move || {
            let mut part = [0_u8; 65536];
            while let Ok(count @ 1..) = stderr.read(&mut part) {
                sink.lock().extend(&part[..count]);
            }
        });
        let mut served = Self { child, log, address: "127.0.0.1:0".parse().unwrap() };
        let said = async || {
            let log = served.said();
            let line = log.lines().find(|line| line.contains("serving") && line.contains("address="))?.to_owned();
            line.split("address=").nth(1)?.split_whitespace().next()?.parse().ok()
        };
        served.address = until("the address", said, Option::is_some).await.unwrap();
        served
    }

    fn said(&self) -> String {
        String::from_utf8_lossy(&self.log.lock()).into_owned()
    }

    /// Asks it to stop, as an init system would; it must end well.
    async fn stop(&mut self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        let ended = until("the end", async || self.child.try_wait().unwrap(), Option::is_some).await;
        assert_eq!(ended.unwrap().code(), Some(0), "{}", self.said());
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A value in every dress in which it could slip through. Base64 in each of its three alignments, ends left out.
fn dresses(value: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut all = vec![("plain", value.to_vec()), ("hex", hex::encode(value).into_bytes())];
    all.push(("HEX", hex::encode_upper(value).into_bytes()));
    let escaped: String = url::form_urlencoded::byte_serialize(value).collect();
    all.push(("escaped", escaped.into_bytes()));
    for shift in 0..3 {
        let padded = [&vec![0_u8; shift][..], value].concat();
        for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
            let text = engine.encode(&padded);
            let (from, to) = ((shift * 8).div_ceil(6), text.len() - 2);
            all.push(("base64", text.as_bytes()[from..to].to_vec()));
        }
    }
    all
}

/// What must not be found, with its name.
fn hidden(wallet: &str, token: &str) -> Vec<(&'static str, Vec<u8>)> {
    let texts = [
        ("e-mail", EMAIL),
        ("user", USER),
        ("wallet", wallet),
        ("api key", API_KEY),
        ("api secret", API_SECRET),
        ("hook secret", HOOK_SECRET),
        ("token", token),
        ("master key", MASTER_KEY),
    ];
    let mut all: Vec<(&str, Vec<u8>)> = texts.map(|(name, text)| (name, text.as_bytes().to_vec())).into();
    all.push(("e-mail", EMAIL.to_lowercase().into_bytes()));
    all.push(("master key", hex::decode(MASTER_KEY).unwrap()));
    all
}

fn finds(place: &str, bytes: &[u8], hidden: &[(&'static str, Vec<u8>)]) -> Vec<String> {
    let mut found = Vec::new();
    for (name, value) in hidden {
        for (dress, worn) in dresses(value) {
            if let Some(at) = bytes.windows(worn.len()).position(|part| part == worn) {
                let around = &bytes[at.saturating_sub(160)..(at + worn.len() + 40).min(bytes.len())];
                found.push(format!("{name}, {dress}, in {place}: {}", String::from_utf8_lossy(around)));
            }
        }
    }
    found
}

async fn nothing_secret_or_personal_is_where_it_does_not_belong(db: &TestDb) {
    let folder = Folder::new();
    let mut options = gangway_sandbox::Options::default();
    (options.original.api_key, options.original.api_secret) = (API_KEY.to_owned(), API_SECRET.to_owned());
    let far = gangway_sandbox::start(options).await.unwrap();
    let environment = environment(db, &far);
    let added = command(&folder, &environment)
        .args(["token", "add", "ops", "--scope", "read,publish,operate"])
        .output()
        .unwrap();
    let token = String::from_utf8(added.stdout).unwrap().trim().to_owned();
    assert!(token.starts_with("gw_"), "{}", String::from_utf8_lossy(&added.stderr));
    let mut served = Served::start(&folder, &environment).await;
    far.set_webhook_url(Some(&format!("http://{}/webhooks/original/{HOOK_SECRET}", served.address)));
    let address = served.address;
    let ask = |method: &'static str, path: &str| Ask::new(address, method, path).bearer(&token);
    let event = sign_up(USER, EMAIL, "en");
    let taken = ask("POST", "/v1/events").json(&event).send().await.is(202).json();
    let id = taken["onboarding_id"].as_str().unwrap().to_owned();
    let show = async || ask("GET", &format!("/v1/onboardings/{id}")).send().await.is(200).json();
    let shown = until("the end", show, |seen| seen["status"] == "completed").await;
    let wallet = wallet(&far).await;
    let mut told = vec![shown.to_string()];
    told.extend(provoke(&token, address, &id).await);
    let path: String = url::form_urlencoded::byte_serialize(EMAIL.as_bytes()).collect();
    let found = ask("GET", &format!("/v1/users?q={path}")).send().await.is(200).json();
    assert_eq!((&found["items"][0]["email"], &found["items"][0]["external_id"]), (&json!(EMAIL), &json!(USER)));
    let hidden = hidden(&wallet, &token);
    let in_database = finds("the database", &everything_in(db).await, &hidden);
    served.stop().await;
    let mut found = in_database;
    found.extend(finds("the database after the end", &everything_in(db).await, &hidden));
    found.extend(finds("the log", served.said().as_bytes(), &hidden));
    found.extend(finds("answers", told.join("\n").as_bytes(), &hidden));
    assert!(found.is_empty(), "{}", found.join("\n"));
    // The search itself finds what is there.
    let known = [("flow", b"original-wallet".to_vec())];
    assert!(!finds("the database", &everything_in(db).await, &known).is_empty());
    assert!(!finds("the log", served.said().as_bytes(), &known).is_empty());
    assert!(served.said().contains("DEBUG"), "the log was not talkative");
    far.stop().await;
}

fn environment(db: &TestDb, far: &gangway_sandbox::Running) -> Vec<(&'static str, String)> {
    vec![
        ("GANGWAY_LISTEN", "127.0.0.1:0".to_owned()),
        ("GANGWAY_DATABASE_URL", db.url.clone()),
        ("GANGWAY_MASTER_KEY", MASTER_KEY.to_owned()),
        ("GANGWAY_SMTP_URL", format!("smtp://{}?tls=none", far.smtp)),
        ("GANGWAY_OUTBOUND__ALLOW_PRIVATE", "true".to_owned()),
        ("GANGWAY_PROVIDERS__ORIGINAL__BASE_URL", far.original_url()),
        ("GANGWAY_PROVIDERS__ORIGINAL__API_KEY", API_KEY.to_owned()),
        ("GANGWAY_PROVIDERS__ORIGINAL__API_SECRET", API_SECRET.to_owned()),
        ("GANGWAY_PROVIDERS__ORIGINAL__COLLECTION_UID", "221137489875".to_owned()),
        ("GANGWAY_PROVIDERS__ORIGINAL__WEBHOOK_SECRET", HOOK_SECRET.to_owned()),
        ("GANGWAY_LOG", "debug,gangway=trace".to_owned()),
    ]
}

/// The address of the wallet that the provider made, as its own list of users tells it: through the mail to the user.
async fn wallet(far: &gangway_sandbox::Running) -> String {
    let mails = Ask::new(far.http, "GET", "/mailbox/messages").send().await.is(200).json();
    let text = mails[0]["text"].as_str().unwrap_or_else(|| panic!("no mail: {mails}")).to_owned();
    let wallet = text.split_whitespace().find(|word| word.starts_with("0x")).unwrap();
    wallet.trim_end_matches('.').to_owned()
}

/// Errors of every kind, each made with values that must not come back; the journal, the metrics and the probes.
async fn provoke(token: &str, address: std::net::SocketAddr, id: &str) -> Vec<String> {
    let ask = |method: &'static str, path: &str| Ask::new(address, method, path);
    let bad = json!({ "event": EMAIL, "data": { "user": { "uid": USER } } }).to_string();
    let value: Value = json!({ "specversion": "1.0", "source": USER, "type": "t", "data": { "email": EMAIL } });
    let path: String = url::form_urlencoded::byte_serialize(USER.as_bytes()).collect();
    let asked = [
        ask("GET", &format!("/v1/onboardings/{path}")).bearer(token),
        ask("GET", &format!("/v1/users?q={path}&x={path}")).bearer(token),
        ask("GET", &format!("/v1/users?q={path}")).bearer(API_SECRET),
        ask("GET", &format!("/v1/users?q={path}")),
        ask("POST", "/v1/events").bearer(token).json(&value),
        ask("POST", "/v1/events").bearer(token).header("content-type", "application/json").body(format!("\"{EMAIL}")),
        ask("POST", &format!("/v1/onboardings/{id}/retry")).bearer(token).json(&json!({ "reason": "why not" })),
        ask("POST", &format!("/v1/onboardings/{id}/{path}")).bearer(token).json(&json!({ "reason": "why not" })),
        ask("POST", &format!("/webhooks/original/{HOOK_SECRET}x")).body(bad.clone()),
        ask("POST", &format!("/webhooks/{path}/{HOOK_SECRET}")).body(bad.clone()),
        ask("POST", &format!("/webhooks/original/{HOOK_SECRET}")).body(format!("{{\"{EMAIL}\":")),
        ask("POST", &format!("/webhooks/original/{HOOK_SECRET}")).body(bad),
        ask("GET", &format!("/nowhere/{path}")),
        ask("GET", &format!("/v1/onboardings/{id}/events")).bearer(token),
        ask("GET", "/v1/onboardings").bearer(token),
        ask("GET", "/v1/events?verdict=held").bearer(token),
        ask("GET", "/metrics"),
        ask("GET", "/readyz"),
    ];
    let mut told = Vec::new();
    for asked in asked {
        let Answer { head, text, .. } = asked.send().await;
        told.push(format!("{head}\n{text}"));
    }
    told
}
