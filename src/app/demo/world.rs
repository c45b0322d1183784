//! What the demo runs on: a folder that is thrown away, the sandbox, and a whole gangway.

use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gangway_sandbox::{Options, OriginalOptions};

use super::DemoOptions;
use crate::api::token;
use crate::app::{self, Running, Seams};
use crate::clock::Chance;
use crate::outbound::{HttpSender, Limits};
use crate::settings::{Input, Settings};
use crate::store::tokens::TokenGrant;
use crate::telemetry;
use crate::terminal::{Exit, Failure, out};

/// The demo's world.
pub(super) struct World {
    pub running: Running,
    pub sandbox: gangway_sandbox::Running,
    pub settings: Settings,
    pub http: HttpSender,
    pub token: String,
    folder: PathBuf,
}

/// Starts it.
pub(super) async fn start_all(asked: &DemoOptions, seams: Seams) -> Result<World, Failure> {
    let told = |error: std::io::Error| Failure::new(Exit::Unreachable, format!("the demo cannot start: {error}"));
    let folder = std::env::temp_dir().join(format!("gangway-demo-{}", random(&*seams.chance)));
    std::fs::create_dir(&folder).map_err(told)?;
    let secret = random(&*seams.chance);
    let mut options = Options { seed: asked.seed, ..Options::default() };
    options.original.api_key = random(&*seams.chance);
    options.original.api_secret = random(&*seams.chance);
    let keys = options.original.clone();
    let sandbox = gangway_sandbox::start(options).await.map_err(told)?;
    let settings = settings(asked, &folder, &sandbox, &keys, &secret)?;
    // The sandbox cuts connections on purpose, which its HTTP server would report as errors.
    let filter = std::env::var("GANGWAY_LOG").ok().or_else(|| Some("warn,actix_http=off".to_owned()));
    telemetry::logs(&settings.log, filter.as_deref());
    let metrics = telemetry::metrics().ok();
    let running = Box::pin(app::start(&settings, seams.clone(), metrics)).await?;
    sandbox.set_webhook_url(Some(&format!("http://{}/webhooks/original/{secret}", running.address)));
    let access = token::fresh(&*seams.chance);
    let scopes = token::Scope::ALL.map(|scope| scope.word().to_owned()).into();
    running.engine.store.add_token(token::digest(&access), &TokenGrant { name: "demo".into(), scopes }).await?;
    let http = HttpSender::new(&settings.outbound, Arc::new(Limits::default()), Arc::clone(&seams.clock))
        .map_err(|what| Failure::new(Exit::NotAllWell, what))?;
    Ok(World { running, sandbox, settings, http, token: access, folder })
}

/// Starts it on the machine's clock and chance.
pub(super) async fn start(asked: &DemoOptions) -> Result<World, Failure> {
    start_all(asked, Seams::real()).await
}

impl World {
    /// Where API and webhooks are.
    pub(super) fn url(&self) -> String {
        format!("http://{}", self.running.address)
    }

    /// Where the mails are.
    pub(super) fn mailbox(&self) -> String {
        self.sandbox.mailbox_url()
    }

    /// Stops everything and throws the folder away.
    pub(super) async fn stop(self) {
        self.running.stop().await;
        self.sandbox.stop().await;
        if let Err(error) = std::fs::remove_dir_all(&self.folder) {
            tracing::warn!(%error, folder = %self.folder.display(), "the demo's folder could not be removed");
        }
    }
}

fn random(chance: &dyn Chance) -> String {
    let mut bytes = [0_u8; 24];
    chance.fill(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The demo's settings: as of `serve`, with the sandbox as the provider and shorter waits.
fn settings(
    asked: &DemoOptions,
    folder: &std::path::Path,
    sandbox: &gangway_sandbox::Running,
    keys: &OriginalOptions,
    secret: &str,
) -> Result<Settings, Failure> {
    let database = match &asked.database_url {
        Some(url) => url.clone(),
        None => format!("sqlite://{}?mode=rwc", folder.join("demo.sqlite").display()),
    };
    let key_file = folder.join("demo.key");
    let port = asked.port.unwrap_or_else(free_port);
    let set: [(&str, String); 13] = [
        ("server.listen", format!("127.0.0.1:{port}")),
        ("database.url", database),
        ("keys.key_file", key_file.display().to_string()),
        ("amqp.url", asked.amqp_url.clone().unwrap_or_default()),
        ("mail.url", format!("smtp://{}?tls=none", sandbox.smtp)),
        ("log.level", "error".to_owned()),
        ("outbound.retry.first", "250ms".to_owned()),
        ("outbound.retry.settle", "300ms".to_owned()),
        ("providers.original.base_url", sandbox.original_url()),
        ("providers.original.api_key", keys.api_key.clone()),
        ("providers.original.api_secret", keys.api_secret.clone()),
        ("providers.original.collection_uid", "221137489875".to_owned()),
        ("providers.original.webhook_secret", secret.to_owned()),
    ];
    let quoted = |(key, value): &(&str, String)| format!("{key} = {}\n", toml::Value::from(value.as_str()));
    let mut text: String = set.iter().map(quoted).collect();
    text.push_str("outbound.allow_private = true\n");
    let mut input = Input { file: Some(("the demo's settings".to_owned(), text)), environment: Vec::new() };
    // A database that is given needs its own key, or everything in it could never be opened again.
    if asked.database_url.is_some() {
        input.environment = std::env::vars()
            .filter(|(name, _)| name == "GANGWAY_MASTER_KEY" || name.starts_with("GANGWAY_KEYS__"))
            .collect();
        if input.environment.is_empty() {
            let mut key = [0_u8; 32];
            crate::clock::SystemChance.fill(&mut key);
            let key = hex::encode(key);
            out::aside(&format!(
                "GANGWAY_MASTER_KEY={key} was made for this database; without it nobody opens it again"
            ));
            input.environment.push(("GANGWAY_MASTER_KEY".to_owned(), key));
        }
    }
    Ok(Settings::read(&input)?)
}

/// The usual port, or any free one when that is taken.
fn free_port() -> u16 {
    const USUAL: u16 = 8080;
    if std::net::TcpListener::bind(("127.0.0.1", USUAL)).is_ok() { USUAL } else { 0 }
}
