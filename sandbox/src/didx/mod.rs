//! DIDx, played under `/didx`: partner tokens, user accounts, credentials, offers and thin webhooks. Calls enter; answers
//! with the documented bodies leave, and webhooks follow.
//!
//! Source of everything here: the given "create user" text and docs/providers/didx.md. What no source
//! tells is an option with a stated default, or stands as a choice beside the code.

mod body;
mod endpoints;
mod issuances;
mod issue;
mod offer;
mod options;
mod people;
mod reply;
mod tell;
mod token;
mod users;

use std::sync::{PoisonError, RwLock};

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use serde::Serialize;

pub use options::DidxOptions;

use crate::options::Options;
use crate::webhooks::with_path;
use crate::world::World;

/// The largest body of a call; beyond it the answer is 413. Not documented; kept small because attributes are kept.
const BODY: usize = 64 * 1024;

/// DIDx's state.
pub(crate) struct Didx {
    tokens: token::Tokens,
    people: people::People,
    issuances: issuances::Issuances,
    endpoints: endpoints::Endpoints,
    webhook_url: RwLock<Option<String>>,
}

impl Didx {
    pub(crate) fn new(options: &Options) -> Self {
        let (seed, cap) = (options.seed, options.limits.records);
        let didx = Self {
            tokens: token::Tokens::default(),
            people: people::People::new(seed, cap),
            issuances: issuances::Issuances::new(seed, cap),
            endpoints: endpoints::Endpoints::default(),
            webhook_url: RwLock::default(),
        };
        didx.set_webhook_url(options.didx.webhook_url.as_deref());
        didx
    }

    pub(crate) fn set_webhook_url(&self, url: Option<&str>) {
        let url = url.map(|url| with_path(url, "didx"));
        *self.webhook_url.write().unwrap_or_else(PoisonError::into_inner) = url;
    }

    fn webhook_url(&self) -> Option<String> {
        self.webhook_url.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn count(&self) -> DidxCount {
        let (users, duplicate_users) = self.people.count();
        let issuances::Count { credentials, completed, offers, duplicate_credentials, duplicate_offers } =
            self.issuances.count();
        let endpoints = self.endpoints.all();
        let mut urls: Vec<&str> = endpoints.iter().map(|endpoint| endpoint.url.as_str()).collect();
        urls.sort_unstable();
        urls.dedup();
        DidxCount {
            users,
            credentials,
            completed,
            offers,
            endpoints: endpoints.len() as u64,
            duplicate_users,
            duplicate_credentials,
            duplicate_offers,
            duplicate_endpoints: (endpoints.len() - urls.len()) as u64,
        }
    }
}

/// What there is at DIDx, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DidxCount {
    /// User accounts, also those that a trap put there before the first call.
    pub users: u64,
    /// Credentials issued, in any state.
    pub credentials: u64,
    /// Those that the user accepted.
    pub completed: u64,
    /// Offers sent.
    pub offers: u64,
    /// Registered webhook addresses.
    pub endpoints: u64,
    /// External identifiers with more than one account.
    pub duplicate_users: u64,
    /// Credentials beyond the first with the same template and attributes for the same person.
    pub duplicate_credentials: u64,
    /// Offers that were sent more than once.
    pub duplicate_offers: u64,
    /// Registrations of an address beyond its first.
    pub duplicate_endpoints: u64,
}

/// The routes below the base URL that a client is given.
pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config.service(
        web::scope("/didx")
            .app_data(web::PayloadConfig::new(BODY))
            .route("/iam/realms/product-hub/protocol/openid-connect/token", web::post().to(token::give))
            .route("/consumer-onboarding/api/users", web::post().to(users::create))
            .route("/me-creds/api/credentials/issuance", web::post().to(issue::issue))
            .route("/me-creds/api/credentials/{id}", web::get().to(issue::get))
            .route("/me-wallet/api/orgs/credentials", web::post().to(offer::send))
            .route("/me-creds/api/endpoints", web::post().to(endpoints::register))
            .route("/me-creds/api/endpoints", web::get().to(endpoints::list))
            .default_service(web::to(unknown)),
    );
}

/// A path that the API does not have.
async fn unknown(world: web::Data<World>) -> HttpResponse {
    reply::error(&world, StatusCode::NOT_FOUND, "There is nothing at this path.").response()
}
