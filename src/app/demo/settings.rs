//! How the demo is set up: the sandbox's options, and gangway's settings over it. Waits are shorter than in life;
//! everything else is as of `serve`.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gangway_sandbox::{Options, Running};

use super::DemoOptions;
use super::play::{self, DemoProvider};
use crate::clock::Chance;
use crate::settings::{Input, Settings};
use crate::terminal::{Failure, out};

/// A long random word.
pub(super) fn random(chance: &dyn Chance) -> String {
    let mut bytes = [0_u8; 24];
    chance.fill(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The sandbox, with keys of its own for every provider.
pub(super) fn sandbox(seed: u64, chance: &dyn Chance) -> Options {
    let mut options = Options { seed, ..Options::default() };
    // Flows have a twentieth of their time, see pace.rs: what comes at all comes before the first poll, what is late
    // after it, and what hangs does so for longer than a request may take.
    play::providers().for_each(|one| (one.plays)(&mut options, chance));
    options
}

/// gangway's settings, over this sandbox.
pub(super) fn settings(
    asked: &DemoOptions,
    (folder, flows): (&Path, &Path),
    far: &Running,
    options: &Options,
    hook: &str,
    chance: &dyn Chance,
) -> Result<Settings, Failure> {
    let general = general(asked, folder, far).into_iter().map(|(key, value)| (key.to_owned(), value));
    let quoted = |(key, value): (String, String)| format!("{key} = {}\n", toml::Value::from(value));
    let mut text: String = general.chain(providers(far, options, hook)).map(quoted).collect();
    // When one far end is down for good, the others must not wait long. Several people walk into one trap, which is no
    // proof that the provider is down.
    text.push_str("outbound.allow_private = true\noutbound.retry.attempts = 5\noutbound.breaker.failures = 1000\n");
    text.push_str(&format!("flows.folders = [{}]\n", toml::Value::from(flows.display().to_string())));
    let mut input = Input { file: Some(("the demo's settings".to_owned(), text)), environment: Vec::new() };
    if asked.database_url.is_some() {
        input.environment.push(key(chance));
    }
    Ok(Settings::read(&input)?)
}

fn general(asked: &DemoOptions, folder: &Path, far: &Running) -> Vec<(&'static str, String)> {
    let embedded = || format!("sqlite://{}?mode=rwc", folder.join("demo.sqlite").display());
    vec![
        ("server.listen", format!("127.0.0.1:{}", asked.port.unwrap_or_else(free_port))),
        ("database.url", asked.database_url.clone().unwrap_or_else(embedded)),
        ("keys.key_file", folder.join("demo.key").display().to_string()),
        ("amqp.url", asked.amqp_url.clone().unwrap_or_default()),
        ("mail.url", format!("smtp://{}?tls=none", far.smtp)),
        ("log.level", "error".to_owned()),
        ("outbound.retry.first", "250ms".to_owned()),
        ("outbound.retry.max", "1s".to_owned()),
        ("outbound.retry.settle", "300ms".to_owned()),
        ("outbound.request_timeout", "5s".to_owned()),
        ("outbound.connect_timeout", "2s".to_owned()),
        ("outbound.breaker.rest", "300ms".to_owned()),
        ("outbound.breaker.max_rest", "1s".to_owned()),
        ("outbound.breaker.probe", "500ms".to_owned()),
    ]
}

fn providers(running: &Running, options: &Options, hook: &str) -> Vec<(String, String)> {
    let named = |one: &'static DemoProvider| {
        let lines = (one.settings)(running, options, hook).into_iter();
        lines.map(|(key, value)| (format!("providers.{}.{key}", one.name), value))
    };
    play::providers().flat_map(named).collect()
}

/// The master key of a database that is given: the caller's, or everything in it could never be opened again.
fn key(chance: &dyn Chance) -> (String, String) {
    let given = |(name, _): &(String, String)| name == "GANGWAY_MASTER_KEY" || name.starts_with("GANGWAY_KEYS__");
    std::env::vars().find(given).unwrap_or_else(|| {
        let mut key = [0_u8; 32];
        chance.fill(&mut key);
        let key = hex::encode(key);
        out::aside(&format!(
            "GANGWAY_MASTER_KEY={key} was made for this database; without the key it cannot be opened again"
        ));
        ("GANGWAY_MASTER_KEY".to_owned(), key)
    })
}

/// The usual port, or any free one when that is taken.
fn free_port() -> u16 {
    const USUAL: u16 = 8080;
    if std::net::TcpListener::bind(("127.0.0.1", USUAL)).is_ok() { USUAL } else { 0 }
}
