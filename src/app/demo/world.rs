//! What the demo runs on: a folder that is thrown away, the sandbox, and a whole gangway; and the only way in which the
//! demo's people reach it, its HTTP interface.

use std::path::PathBuf;
use std::sync::Arc;

use secrecy::SecretString;
use serde_json::Value;

use super::{DemoOptions, pace, play, settings};
use crate::api::token;
use crate::app::{self, Running, Seams};
use crate::outbound::{HttpSender, Limits, Transport};
use crate::providers::HttpRequest;
use crate::settings::Settings;
use crate::store::tokens::TokenGrant;
use crate::telemetry;
use crate::terminal::{Exit, Failure};

/// The demo's world.
pub(super) struct World {
    pub running: Running,
    pub sandbox: gangway_sandbox::Running,
    pub settings: Settings,
    pub token: String,
    http: HttpSender,
    /// Last, so that it goes when everything in it is closed.
    _folder: Folder,
}

/// A folder that is thrown away, however the demo ends.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Result<Self, Failure> {
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir(&folder).map_err(|error| {
            Failure::new(Exit::Unreachable, format!("the demo cannot make its folder {}: {error}", folder.display()))
        })?;
        Ok(Self(folder))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!(%error, folder = %self.0.display(), "the demo's folder could not be removed");
        }
    }
}

/// Starts it on the machine's clock and chance.
pub(super) async fn start(asked: &DemoOptions) -> Result<World, Failure> {
    let seams = Seams::real();
    let chance = &*seams.chance;
    let told = |error: std::io::Error| Failure::new(Exit::Unreachable, format!("the demo cannot start: {error}"));
    let folder = Folder::new(&format!("gangway-demo-{}", settings::random(chance)))?;
    let hook = settings::random(chance);
    let options = settings::sandbox(asked.seed, chance);
    let sandbox = gangway_sandbox::start(options.clone()).await.map_err(told)?;
    let flows = pace::write(&folder.0, asked.database_url.is_some()).map_err(told)?;
    let settings = settings::settings(asked, (&folder.0, &flows), &sandbox, &options, &hook, chance)?;
    // The sandbox cuts connections on purpose, which its HTTP server would report as errors.
    let filter = std::env::var("GANGWAY_LOG").ok().or_else(|| Some("warn,actix_http=off".to_owned()));
    telemetry::logs(&settings.log, filter.as_deref());
    let metrics = telemetry::metrics().ok();
    let running = Box::pin(app::start(&settings, seams.clone(), metrics)).await?;
    for provider in play::providers() {
        let address = format!("http://{}/webhooks/{}", running.address, provider.name);
        let address = if provider.signed { address } else { format!("{address}/{hook}") };
        sandbox.tell(provider.name, Some(&address));
    }
    let access = token::fresh(chance);
    let scopes = token::Scope::ALL.map(|scope| scope.word().to_owned()).into();
    running
        .engine
        .store
        .add_token(token::digest(&access), &TokenGrant { name: "demo".into(), scopes, ..TokenGrant::default() })
        .await?;
    let http = HttpSender::new(&settings.outbound, Arc::new(Limits::default()), Arc::clone(&seams.clock))
        .map_err(|what| Failure::new(Exit::NotAllWell, what))?;
    Ok(World { running, sandbox, settings, token: access, http, _folder: folder })
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

    /// Publishes an event over HTTP.
    pub(super) async fn publish(&self, event: &Value) -> Result<(), Failure> {
        let mut request = self.request("POST", "/v1/events");
        request.headers = vec![("content-type", "application/cloudevents+json".to_owned())];
        request.body = Some(event.to_string().into_bytes());
        request.effectful = true;
        let failed = |what: String| Failure::new(Exit::NotAllWell, format!("an event was not taken: {what}"));
        let reply = self.http.send("gangway", request).await.map_err(|error| failed(error.to_string()))?;
        if reply.status == 202 { Ok(()) } else { Err(failed(format!("status {}", reply.status))) }
    }

    /// Reads something of the API.
    pub(super) async fn get(&self, path: &str) -> Result<Value, Failure> {
        let failed = |what: String| Failure::new(Exit::NotAllWell, format!("the API does not answer: {what}"));
        let reply =
            self.http.send("gangway", self.request("GET", path)).await.map_err(|error| failed(error.to_string()))?;
        serde_json::from_slice(&reply.body).map_err(|_| failed(format!("status {}", reply.status)))
    }

    fn request(&self, method: &'static str, path: &str) -> HttpRequest {
        HttpRequest {
            method,
            url: format!("{}{path}", self.url()),
            secret_headers: vec![("authorization", SecretString::from(format!("Bearer {}", self.token)))],
            ..HttpRequest::default()
        }
    }

    /// Stops everything and throws the folder away.
    pub(super) async fn stop(self) {
        self.running.stop().await;
        self.sandbox.stop().await;
    }
}
