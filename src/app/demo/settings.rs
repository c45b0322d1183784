//! How the demo is set up: the sandbox's options, and gangway's settings over it. Waits are shorter than in life;
//! everything else is as of `serve`.

use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gangway_sandbox::{HavenOptions, Options, Running};

use super::DemoOptions;
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
    options.original.api_key = random(chance);
    options.original.api_secret = random(chance);
    options.didx.client_secret = random(chance);
    options.guardian.registry_password = format!("Aa1-{}", random(chance));
    options.waltid.admin_password = random(chance);
    options.haven.service_token = random(chance);
    options.haven.webhook_secret = format!("whs-{}", random(chance));
    // Flows have a twentieth of their time, see pace.rs: what comes at all comes before the first poll, what is late after
    // it, and what hangs does so for longer than a request may take.
    options.original.wallet_delay = Duration::from_millis(100);
    options.didx.accept_delay = Duration::from_millis(100);
    options.didx.late = Duration::from_secs(1);
    options.guardian.slow_task = Duration::from_secs(2);
    options.waltid.slow_reply = Duration::from_secs(8);
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
    let mut lines = general(asked, folder, far);
    lines.extend(providers(far, options, hook));
    let quoted = |(key, value): &(&str, String)| format!("{key} = {}\n", toml::Value::from(value.as_str()));
    let mut text: String = lines.iter().map(quoted).collect();
    // Where somebody is down for good, the others are not to wait long.
    text.push_str("outbound.allow_private = true\noutbound.retry.attempts = 5\n");
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

fn providers(far: &Running, options: &Options, hook: &str) -> Vec<(&'static str, String)> {
    let Options { original, didx, guardian, waltid, haven, .. } = options;
    vec![
        ("providers.original.base_url", far.original_url()),
        ("providers.original.api_key", original.api_key.clone()),
        ("providers.original.api_secret", original.api_secret.clone()),
        ("providers.original.collection_uid", "221137489875".to_owned()),
        ("providers.original.webhook_secret", hook.to_owned()),
        ("providers.didx.base_url", far.didx_url()),
        ("providers.didx.client_id", didx.client_id.clone()),
        ("providers.didx.client_secret", didx.client_secret.clone()),
        ("providers.didx.credential_template_id", "tpl_demo".to_owned()),
        ("providers.didx.webhook_secret", hook.to_owned()),
        ("providers.guardian.base_url", far.guardian_url()),
        ("providers.guardian.retry.settle", "300ms".to_owned()),
        ("providers.guardian.username", guardian.registry_username.clone()),
        ("providers.guardian.registry_password", guardian.registry_password.clone()),
        ("providers.guardian.parent", guardian.registry_username.clone()),
        ("providers.waltid.base_url", far.waltid_url()),
        ("providers.waltid.org_url", far.waltid_org_url()),
        ("providers.waltid.organization", waltid.organisation.clone()),
        ("providers.waltid.tenant", "people".to_owned()),
        ("providers.waltid.email", waltid.admin_email.clone()),
        ("providers.waltid.password", waltid.admin_password.clone()),
        ("providers.waltid.role.role", format!("{}.member", waltid.organisation)),
        ("providers.haven.base_url", far.haven_url()),
        ("providers.haven.service_token", haven.service_token.clone()),
        ("providers.haven.service_key", HavenOptions::PRIVATE_KEY.to_owned()),
        ("providers.haven.credential_id", haven.credential_id.clone()),
        ("providers.haven.origin", "https://app.example.org".to_owned()),
        ("providers.haven.sign_up_url", "https://app.example.org/passkey".to_owned()),
        ("providers.haven.webhook.verify", "dfns".to_owned()),
        ("providers.haven.webhook_secret", haven.webhook_secret.clone()),
    ]
}

/// The master key of a database that is given: the caller's, or everything in it could never be opened again.
fn key(chance: &dyn Chance) -> (String, String) {
    let given = |(name, _): &(String, String)| name == "GANGWAY_MASTER_KEY" || name.starts_with("GANGWAY_KEYS__");
    std::env::vars().find(given).unwrap_or_else(|| {
        let mut key = [0_u8; 32];
        chance.fill(&mut key);
        let key = hex::encode(key);
        out::aside(&format!("GANGWAY_MASTER_KEY={key} was made for this database; without it nobody opens it again"));
        ("GANGWAY_MASTER_KEY".to_owned(), key)
    })
}

/// The usual port, or any free one when that is taken.
fn free_port() -> u16 {
    const USUAL: u16 = 8080;
    if std::net::TcpListener::bind(("127.0.0.1", USUAL)).is_ok() { USUAL } else { 0 }
}
