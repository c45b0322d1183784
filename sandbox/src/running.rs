//! Starts a sandbox and holds it. Two listening sockets enter; they are bound before `start` returns.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpServer, web};
use tokio::runtime::Handle;

use crate::calls::Summary;
use crate::mischief::Mischief;
use crate::options::Options;
use crate::world::World;
use crate::{calls, didx, guardian, haven, index, mailbox, original, secrets, waltid, webhooks};

/// A running sandbox. Dropping it ends its background work and its servers, without waiting.
pub struct Running {
    /// Where HTTP is really served.
    pub http: SocketAddr,
    /// Where mail is really taken.
    pub smtp: SocketAddr,
    world: Arc<World>,
    server: ServerHandle,
}

/// Binds both ports and serves. Must be called within a tokio runtime, whose end ends the sandbox.
pub async fn start(options: Options) -> std::io::Result<Running> {
    let http = TcpListener::bind(options.http)?;
    let smtp = tokio::net::TcpListener::bind(options.smtp).await?;
    let (http_address, smtp_address) = (http.local_addr()?, smtp.local_addr()?);
    let world = World::new(options, Handle::current())?;
    let shared = Arc::clone(&world);
    let server = HttpServer::new(move || {
        App::new()
            .app_data(web::Data::from(Arc::clone(&shared)))
            .configure(original::routes)
            .configure(didx::routes)
            .configure(guardian::routes)
            .configure(waltid::routes)
            .configure(haven::routes)
            .configure(secrets::routes)
            .configure(calls::routes)
            .configure(webhooks::routes)
            .configure(mailbox::routes)
            .configure(index::routes)
    })
    .workers(std::thread::available_parallelism().map_or(2, usize::from).min(4))
    .keep_alive(Duration::from_secs(75))
    .shutdown_timeout(1)
    .disable_signals()
    .listen(http)?
    .run();
    let handle = server.handle();
    tokio::spawn(server);
    tokio::spawn(mailbox::smtp::listen(smtp, Arc::clone(&world)));
    Ok(Running { http: http_address, smtp: smtp_address, world, server: handle })
}

impl Running {
    /// The base URL to give to a client of Original.
    pub fn original_url(&self) -> String {
        format!("http://{}/original/v1", self.http)
    }

    /// The base URL to give to a client of DIDx.
    pub fn didx_url(&self) -> String {
        format!("http://{}/didx", self.http)
    }

    /// Posts DIDx's webhooks there from now on, besides the registered addresses; None: only to those.
    pub fn set_didx_webhook_url(&self, url: Option<&str>) {
        self.world.didx.set_webhook_url(url);
    }

    /// The base URL to give to a client of Guardian.
    pub fn guardian_url(&self) -> String {
        format!("http://{}/guardian/api/v1", self.http)
    }

    /// Has Guardian forget every task, as a restart of its gateway does; what they do goes on.
    pub fn forget_guardian_tasks(&self) {
        self.world.guardian.forget_tasks();
    }

    /// The base URL to give to a client of walt.id, for its global host: accounts and logins.
    pub fn waltid_url(&self) -> String {
        format!("http://{}/waltid", self.http)
    }

    /// The base URL of walt.id's organisation host: tenants, services and API keys.
    pub fn waltid_org_url(&self) -> String {
        format!("http://{}/waltid-org", self.http)
    }

    /// The base URL to give to a client of Haven.
    pub fn haven_url(&self) -> String {
        format!("http://{}/haven", self.http)
    }

    /// Sends every event of Haven there from now on, signed under `options.haven.webhook_secret`, beside the webhooks
    /// that calls register; None: sends none there any more. What was sent there is read back as webhook
    /// `wh-00000-00000-preset0000000000`.
    pub fn set_haven_webhook_url(&self, url: Option<&str>) {
        haven::set_webhook_url(&self.world, url);
    }

    /// The list of received mail.
    pub fn mailbox_url(&self) -> String {
        format!("http://{}/mailbox/messages", self.http)
    }

    /// Posts webhooks there from now on, also those that wait for another try; None: posts none.
    pub fn set_webhook_url(&self, url: Option<&str>) {
        self.world.webhooks.set_url(url);
    }

    /// Changes what goes wrong from now on.
    pub fn set_mischief(&self, mischief: Mischief) {
        self.world.set_mischief(mischief);
    }

    /// What the far side has, counted: the same as `GET /_calls/summary`.
    pub fn summary(&self) -> Summary {
        calls::summary(&self.world)
    }

    /// Stops both servers and all background work; returns when the HTTP server has stopped.
    pub async fn stop(self) {
        self.world.stop();
        self.server.stop(false).await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.world.stop();
        // Sends the command at once; the future only waits for its effect.
        drop(self.server.stop(false));
    }
}
