//! DIDx, played under `/didx`: partner tokens, user accounts, credentials, offers and thin webhooks. Calls enter;
//! answers with the documented bodies leave, and webhooks follow.
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
pub mod traps;
mod users;

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use parking_lot::Mutex;
use serde::Serialize;

pub use options::DidxOptions;

use crate::door::Answer;
use crate::door::pass::told;
use crate::player::Player;
use crate::role::Role;
use crate::running::Running;
use crate::stage::Stage;
use crate::webhooks::with_path;

/// What is known of it before it is played.
pub const ROLE: Role = Role {
    name: "didx",
    title: "DIDx",
    at: &[("didx", "/didx")],
    steered_by: "external identifier, user name, e-mail address",
    traps: traps::ALL,
    tells: true,
};

/// The largest body of a call; beyond it the answer is 413. Not documented; kept small because attributes are kept.
const BODY: usize = 64 * 1024;

/// DIDx: what it knows, and how it is set up.
pub(crate) struct Didx {
    stage: Arc<Stage>,
    options: DidxOptions,
    tokens: token::Tokens,
    people: people::People,
    issuances: issuances::Issuances,
    endpoints: endpoints::Endpoints,
    webhook_url: Mutex<Option<String>>,
}

impl Didx {
    pub(crate) fn new(options: DidxOptions, stage: Arc<Stage>) -> std::io::Result<Self> {
        let (dice, cap) = (stage.dice, stage.limits.records);
        let didx = Self {
            tokens: token::Tokens::default(),
            people: people::People::new(dice, cap),
            issuances: issuances::Issuances::new(dice, cap),
            endpoints: endpoints::Endpoints::default(),
            webhook_url: Mutex::default(),
            options,
            stage,
        };
        didx.set_webhook_url(didx.options.webhook_url.as_deref());
        Ok(didx)
    }

    fn webhook_url(&self) -> Option<String> {
        self.webhook_url.lock().clone()
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

impl Player for Didx {
    fn role(&self) -> &'static Role {
        &ROLE
    }

    fn stage(&self) -> &Arc<Stage> {
        &self.stage
    }

    fn error(&self, status: StatusCode, text: &str) -> Answer {
        reply::error(self, status, text)
    }

    fn routes(self: Arc<Self>, config: &mut web::ServiceConfig) {
        config.app_data(web::Data::from(self)).service(
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

    fn keys(&self) -> Vec<(&'static str, String)> {
        let DidxOptions { client_id, client_secret, .. } = &self.options;
        vec![("didx_client_id", client_id.clone()), ("didx_client_secret", client_secret.clone())]
    }

    fn set_webhook_url(&self, url: Option<&str>) {
        *self.webhook_url.lock() = url.map(|url| with_path(url, ROLE.name));
    }
}

/// A path that the API does not have.
async fn unknown(didx: web::Data<Didx>) -> HttpResponse {
    told(&**didx, &reply::error(&didx, StatusCode::NOT_FOUND, "There is nothing at this path."))
}

impl Running {
    /// The base URL to give to a client of DIDx.
    pub fn didx_url(&self) -> String {
        self.at("/didx")
    }

    /// Posts DIDx's webhooks there from now on, besides the registered addresses; None: only to those.
    pub fn set_didx_webhook_url(&self, url: Option<&str>) {
        self.tell(ROLE.name, url);
    }
}
