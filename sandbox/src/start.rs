//! Starts a sandbox. Two listening sockets are bound before `start` returns.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_web::{App, HttpServer, web};
use tokio::runtime::Handle;

use crate::mailbox::{Mailbox, smtp};
use crate::pages;
use crate::players::{Options, players};
use crate::running::Running;
use crate::stage::Stage;
use crate::world::World;

/// Binds both ports and serves. Must be called within a tokio runtime; the sandbox ends with it.
///
/// # Errors
/// When a port is taken, or an option cannot be used.
pub async fn start(options: Options) -> std::io::Result<Running> {
    let http = TcpListener::bind(options.http)?;
    let mail = tokio::net::TcpListener::bind(options.smtp).await?;
    let (http_address, mail_address) = (http.local_addr()?, mail.local_addr()?);
    let stage = Stage::new(options.seed, options.limits.clone(), options.mischief, Handle::current())?;
    let players = players(&options, &stage)?;
    let world = Arc::new(World { stage, players, mailbox: Mailbox::new(&options.limits) });
    let shared = Arc::clone(&world);
    let server = HttpServer::new(move || {
        let players = shared.players.clone();
        App::new()
            .app_data(web::Data::from(Arc::clone(&shared)))
            .configure(|config| players.into_iter().for_each(|player| player.routes(config)))
            .configure(pages::routes)
    })
    .workers(std::thread::available_parallelism().map_or(2, usize::from).min(4))
    .keep_alive(Duration::from_secs(75))
    .shutdown_timeout(1)
    .disable_signals()
    .listen(http)?
    .run();
    let handle = server.handle();
    tokio::spawn(server);
    tokio::spawn(smtp::listen(mail, Arc::clone(&world)));
    Ok(Running { http: http_address, smtp: mail_address, world, server: handle })
}
