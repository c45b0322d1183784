//! The HTTP side of a running gangway: webhooks, events, API and probes at one address.

use std::collections::HashMap;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use actix_web::dev::ServerHandle;
use actix_web::middleware::from_fn;
use actix_web::web::{self, Data};
use actix_web::{App, HttpServer};
use metrics_exporter_prometheus::PrometheusHandle;

use super::parts::{Broker, KeptAside, Resting, Time, std_time};
use super::start::Seams;
use crate::api::{self, Api};
use crate::engine::{Door, Engine};
use crate::health::{Health, Part};
use crate::inbound::amqp::AmqpState;
use crate::inbound::http::{self as events, Events};
use crate::inbound::webhook::{self, Hook, Webhooks};
use crate::outbound::Dispatcher;
use crate::settings::Settings;
use crate::store::Store;
use crate::terminal::{Exit, Failure};

pub(super) fn listen(settings: &Settings) -> Result<TcpListener, Failure> {
    let address = settings.server.address();
    TcpListener::bind(address).map_err(|error| {
        let message =
            format!("cannot listen on {address}: {error}; set server.listen or GANGWAY_LISTEN to a free address");
        Failure::new(Exit::Unreachable, message)
    })
}

pub(super) fn hooks(
    settings: &Settings,
    seams: &Seams,
    store: &Store,
    door: &Door,
    hooks: HashMap<String, Hook>,
) -> Data<Webhooks> {
    let aside = Arc::new(KeptAside { store: store.clone(), most: settings.engine.unverified });
    Data::new(Webhooks::new(door.clone(), hooks, Arc::clone(&seams.clock), aside, settings.intake.clone()))
}

#[expect(clippy::too_many_arguments, reason = "this is where the parts meet")]
pub(super) fn serve(
    settings: &Settings,
    seams: &Seams,
    listener: TcpListener,
    engine: &Arc<Engine>,
    door: &Door,
    hooks: Data<Webhooks>,
    metrics: Option<PrometheusHandle>,
    broker: &AmqpState,
    dispatcher: &Dispatcher,
) -> Result<(ServerHandle, SocketAddr), Failure> {
    let resting = Resting { dispatcher: dispatcher.clone(), clock: Arc::clone(&seams.clock) };
    let parts: Vec<Arc<dyn Part>> =
        vec![Arc::new(Broker(broker.clone())), Arc::new(resting), Arc::new(Time(Arc::clone(&seams.clock)))];
    let (store, patience) = (engine.store.clone(), settings.server.ready_timeout);
    let api = Api::new(
        api::Parts {
            store,
            door: door.clone(),
            flows: engine.flows.clone(),
            health: Health::new(engine.store.clone(), door.clone(), settings.engine.queue, patience, parts),
            clock: Arc::clone(&seams.clock),
            chance: Arc::clone(&seams.chance),
            identifier_kinds: super::identifier_kinds(settings),
            body_within: settings.intake.body_within,
            metrics,
        },
        &settings.server,
    );
    let events = Data::new(Events::new(door.clone(), Arc::clone(&seams.clock), settings.intake.clone()));
    let told =
        |error: std::io::Error| Failure::new(Exit::Unreachable, format!("the HTTP server cannot start: {error}"));
    let address = listener.local_addr().map_err(told)?;
    let mut server = HttpServer::new(move || {
        App::new()
            .wrap(from_fn(api::observe))
            .app_data(hooks.clone())
            .app_data(events.clone())
            .configure(webhook::configure)
            .configure(|config| api.mount(config, Some(web::post().to(events::publish))))
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
    let server = server.listen(listener).map_err(told)?.run();
    let handle = server.handle();
    tokio::spawn(server);
    Ok((handle, address))
}
