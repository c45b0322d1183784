//! The HTTP side of a running gangway: webhooks, events, API and probes at one address.

use std::collections::HashMap;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use actix_web::dev::ServerHandle;
use actix_web::middleware::from_fn;
use actix_web::web::{self, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use gangway_core::phrases::Phrases;
use metrics_exporter_prometheus::PrometheusHandle;

use super::aside::Again;
use super::parts::{KeptAside, std_time};
use super::start::Seams;
use crate::api::{self, Api};
use crate::engine::{Door, Engine};
use crate::health::{Health, Part};
use crate::inbound::http::{self as events, Events};
use crate::inbound::webhook::{self, Hook, Webhooks};
use crate::outbound::Dispatcher;
use crate::settings::Settings;
use crate::store::Store;
use crate::store::aside::AsideCap;
use crate::terminal::{Exit, Failure};

/// The addresses, taken.
pub(super) struct Listeners {
    public: TcpListener,
    private: Option<TcpListener>,
}

/// What answers there.
#[derive(Debug)]
pub(super) struct Http {
    /// Where webhooks, API and probes are.
    pub address: SocketAddr,
    /// Where probes and metrics are alone.
    pub private: Option<SocketAddr>,
    handles: Vec<ServerHandle>,
}

impl Http {
    /// Finishes what is under way, and takes nothing new.
    pub async fn stop(self) {
        for handle in self.handles {
            handle.stop(true).await;
        }
    }
}

pub(super) fn listen(settings: &Settings) -> Result<Listeners, Failure> {
    let bound = |address: SocketAddr, remedy: &str| {
        let told = |error| format!("cannot listen on {address}: {error}; set {remedy} to a free address");
        TcpListener::bind(address).map_err(|error| Failure::new(Exit::Unreachable, told(error)))
    };
    let public = bound(settings.server.address(), "server.listen or GANGWAY_LISTEN")?;
    let private = settings.server.private_address().map(|address| bound(address, "server.private_listen"));
    Ok(Listeners { public, private: private.transpose()? })
}

pub(super) fn hooks(
    settings: &Settings,
    seams: &Seams,
    store: &Store,
    door: &Door,
    hooks: HashMap<String, Hook>,
) -> Data<Webhooks> {
    let most = AsideCap { rows: settings.engine.unverified, bytes: settings.engine.unverified_bytes };
    let aside = Arc::new(KeptAside { store: store.clone(), most });
    Data::new(Webhooks::new(door.clone(), hooks, Arc::clone(&seams.clock), aside, settings.intake.clone()))
}

/// `POST /v1/events`: only under the caller's own sources.
async fn publish(
    events: Data<Events>,
    caller: api::Caller,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    events::publish(events, request, payload, &caller.sources).await
}

#[expect(clippy::too_many_arguments, reason = "this is where the parts meet")]
pub(super) fn serve(
    settings: &Settings,
    seams: &Seams,
    listeners: Listeners,
    engine: &Arc<Engine>,
    door: &Door,
    hooks: Data<Webhooks>,
    metrics: Option<PrometheusHandle>,
    parts: Vec<Arc<dyn Part>>,
    (identifier_kinds, phrases): (Vec<String>, Arc<Phrases>),
    dispatcher: &Dispatcher,
) -> Result<Http, Failure> {
    let (store, patience) = (engine.store.clone(), settings.server.ready_timeout);
    let api = Api::new(
        api::Parts {
            store,
            door: door.clone(),
            flows: engine.flows.clone(),
            health: Health::new(engine.store.clone(), settings.engine.queue, patience, parts),
            clock: Arc::clone(&seams.clock),
            chance: Arc::clone(&seams.chance),
            identifier_kinds,
            body_within: settings.intake.body_within,
            rests: Arc::new(dispatcher.clone()),
            phrases,
            aside: Arc::new(Again { store: engine.store.clone(), door: door.clone(), hooks: hooks.clone() }),
            metrics,
        },
        &settings.server,
    );
    let events = Data::new(Events::new(door.clone(), Arc::clone(&seams.clock), settings.intake.clone()));
    let told =
        |error: std::io::Error| Failure::new(Exit::Unreachable, format!("the HTTP server cannot start: {error}"));
    let private = listeners.private.map(|listener| serve_private(listener, api.clone()).map_err(told)).transpose()?;
    let address = listeners.public.local_addr().map_err(told)?;
    let mut server = HttpServer::new(move || {
        App::new()
            .wrap(from_fn(api::observe))
            .app_data(hooks.clone())
            .app_data(events.clone())
            .configure(webhook::configure)
            .configure(|config| api.mount(config, Some(web::post().to(publish))))
    })
    .client_request_timeout(std_time(settings.server.header_timeout))
    .keep_alive(std_time(settings.server.keep_alive))
    .shutdown_timeout(settings.server.stop.0.div_ceil(1000))
    .disable_signals();
    let workers = match settings.server.workers {
        0 => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        some => some,
    };
    server = server.workers(workers).max_connections(settings.server.connections.div_ceil(workers));
    let server = server.listen(listeners.public).map_err(told)?.run();
    let mut handles = vec![server.handle()];
    tokio::spawn(server);
    let (handle, private) = private.unzip();
    handles.extend(handle);
    Ok(Http { address, private, handles })
}

/// Probes and metrics alone: one thread is enough for them.
fn serve_private(listener: TcpListener, api: Api) -> std::io::Result<(ServerHandle, SocketAddr)> {
    let address = listener.local_addr()?;
    let app = move || App::new().wrap(from_fn(api::observe)).configure(|config| api.mount_private(config));
    let server = HttpServer::new(app).workers(1).disable_signals().listen(listener)?.run();
    let handle = server.handle();
    tokio::spawn(server);
    Ok((handle, address))
}
