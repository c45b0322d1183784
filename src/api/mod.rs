//! The machine's side of "where is this person, why, and what happens next?": HTTP under `/v1`, and the probes.
//! Requests enter; the store's read side and the one door answer. Never here: SQL, decisions, provider words.

mod actions;
pub mod aside;
mod auth;
mod body;
mod events;
mod failed;
mod figures;
mod grants;
mod observe;
mod onboardings;
mod page;
mod probes;
mod providers;
pub mod shape;
pub mod token;
mod users;

pub use auth::Caller;
pub use observe::observe;

use std::sync::Arc;

use actix_web::middleware::from_fn;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{Resource, Route};
use gangway_core::phrases::Phrases;
use gangway_core::time::Millis;
use metrics_exporter_prometheus::PrometheusHandle;

use crate::answer::Answers;
use crate::clock::{Chance, Clock};
use crate::engine::{Door, Flows, Rests};
use crate::health::Health;
use crate::problem;
use crate::settings::ServerSettings;
use crate::store::Store;

/// What the API is made of.
#[derive(Clone, Debug)]
pub struct Parts {
    /// The read side.
    pub store: Store,
    /// The one door, for what operators do.
    pub door: Door,
    /// The flows that this process knows.
    pub flows: Flows,
    /// What readiness looks at.
    pub health: Health,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Ids for acts that come without a key.
    pub chance: Arc<dyn Chance>,
    /// Kinds of identifiers that the providers' adapters write, for the search.
    pub identifier_kinds: Vec<String>,
    /// How long a caller may take over the body of an act.
    pub body_within: Millis,
    /// What rests at the far ends of this process.
    pub rests: Arc<dyn Rests>,
    /// How people speak of what providers offer.
    pub phrases: Arc<Phrases>,
    /// Takes what is kept apart.
    pub aside: Arc<dyn aside::Takes>,
    /// What this process counted; absent in tests.
    pub metrics: Option<PrometheusHandle>,
}

/// Built once, shared by all workers.
#[derive(Clone)]
pub struct Api {
    state: Data<State>,
}

pub(crate) struct State {
    store: Store,
    door: Door,
    flows: Flows,
    health: Health,
    clock: Arc<dyn Clock>,
    chance: Arc<dyn Chance>,
    rests: Arc<dyn Rests>,
    answers: Answers,
    aside: Arc<dyn aside::Takes>,
    metrics: Option<PrometheusHandle>,
    grants: grants::Grants,
    figures: figures::Last,
    limits: Limits,
}

#[derive(Clone, Copy)]
struct Limits {
    figures: Millis,
    ready_timeout: Millis,
    action: usize,
    body_within: Millis,
    /// Whether `/metrics` has an address of its own.
    private: bool,
}

impl std::fmt::Debug for Api {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Api(…)")
    }
}

impl Api {
    /// An API over these parts.
    #[must_use]
    pub fn new(parts: Parts, settings: &ServerSettings) -> Self {
        let answers = Answers {
            store: parts.store.clone(),
            flows: parts.flows.clone(),
            phrases: parts.phrases,
            rests: Arc::clone(&parts.rests),
            clock: Arc::clone(&parts.clock),
            kinds: parts.identifier_kinds.into(),
        };
        let state = State {
            answers,
            store: parts.store,
            door: parts.door,
            flows: parts.flows,
            health: parts.health,
            clock: parts.clock,
            chance: parts.chance,
            rests: parts.rests,
            aside: parts.aside,
            metrics: parts.metrics,
            grants: grants::Grants::new(settings.token_cache),
            figures: figures::Last::default(),
            limits: Limits {
                figures: settings.figures,
                ready_timeout: settings.ready_timeout,
                action: settings.action_limit,
                body_within: parts.body_within,
                private: settings.private_address().is_some(),
            },
        };
        Self { state: Data::new(state) }
    }

    /// Mounts the probes and `/v1`; `publish` is the handler of `POST /v1/events`. Wrap the application in
    /// [`observe`], and mount everything else (webhooks) beside this.
    pub fn mount(&self, config: &mut ServiceConfig, publish: Option<Route>) {
        problem::extractors(config, self.state.limits.action);
        config.app_data(self.state.clone());
        config
            .service(probe("/healthz", || web::get().to(probes::alive), || web::head().to(probes::alive)))
            .service(probe("/readyz", || web::get().to(probes::ready), || web::head().to(probes::ready)))
            .service(Self::v1(publish));
        if !self.state.limits.private {
            config.service(metrics());
        }
        config.default_service(web::to(problem::not_found));
    }

    /// Mounts the probes alone, whole: for an address that strangers do not reach.
    pub fn mount_private(&self, config: &mut ServiceConfig) {
        config.app_data(self.state.clone());
        config
            .service(probe("/healthz", || web::get().to(probes::alive), || web::head().to(probes::alive)))
            .service(probe("/readyz", || web::get().to(probes::ready_whole), || web::head().to(probes::ready_whole)))
            .service(metrics())
            .default_service(web::to(problem::not_found));
    }

    fn v1(publish: Option<Route>) -> impl actix_web::dev::HttpServiceFactory {
        let events = match publish {
            Some(publish) => resource("/events", "GET, POST").route(publish),
            None => resource("/events", "GET"),
        };
        web::scope("/v1")
            .service(resource("/users", "GET").route(web::get().to(users::find)))
            .service(resource("/users/{id}", "GET").route(web::get().to(users::one)))
            .service(resource("/onboardings", "GET").route(web::get().to(onboardings::list)))
            .service(resource("/causes", "GET").route(web::get().to(onboardings::causes)))
            .service(resource("/onboardings/{id}", "GET").route(web::get().to(onboardings::one)))
            .service(resource("/onboardings/{id}/events", "GET").route(web::get().to(onboardings::journal)))
            .service(resource("/onboardings/{id}/story", "GET").route(web::get().to(onboardings::story)))
            .service(resource("/onboardings/{id}/mails", "GET").route(web::get().to(onboardings::mails)))
            .service(resource("/onboardings/{id}/{act}", "POST").route(web::post().to(actions::act)))
            .service(resource("/providers/{name}/resume", "POST").route(web::post().to(providers::resume)))
            .service(events.route(web::get().to(events::list)))
            .service(resource("/events/{id}/adopt", "POST").route(web::post().to(events::adopt)))
            .service(resource("/aside", "GET").route(web::get().to(aside::list)))
            .service(resource("/aside/{id}/take", "POST").route(web::post().to(aside::take)))
            .default_service(web::to(problem::not_found))
            .wrap(from_fn(auth::guard))
    }
}

/// An address that takes only these methods.
fn resource(path: &str, allow: &'static str) -> Resource {
    web::resource(path).default_service(problem::only(allow))
}

fn metrics() -> Resource {
    resource("/metrics", "GET").route(web::get().to(probes::metrics))
}

fn probe(path: &str, get: impl Fn() -> Route, head: impl Fn() -> Route) -> Resource {
    resource(path, "GET, HEAD").route(get()).route(head())
}
