//! walt.id Enterprise, played under `/waltid` (the global host: logins, accounts, roles) and `/waltid-org` (the
//! organisation's host: tenants, services, API keys). Calls enter; answers leave. There are no account webhooks.
//!
//! Source of everything here: the given "Create Account" and docs/providers/waltid.md. What no source tells, such as
//! the answer to a duplicate, is an option with a stated default or said to be open where it stands.

mod accounts;
mod auth;
mod options;
mod org;
mod roles;
mod store;
mod wish;

use actix_web::http::StatusCode;
use actix_web::web;
use serde::Serialize;
use serde_json::json;

use crate::door::{Answer, Body, Provider};
use crate::options::Options;

pub use options::{WaltidDuplicate, WaltidLogin, WaltidOptions};

/// The largest body of a call; not documented.
const BODY: usize = 256 * 1024;

pub(crate) static PROVIDER: Provider = Provider { name: "waltid", error };

/// walt.id's state.
pub(crate) struct Waltid {
    store: store::Store,
    tokens: auth::Tokens,
}

impl Waltid {
    pub(crate) fn new(options: &Options) -> Self {
        Self { store: store::Store::new(options.seed, options.limits.records), tokens: auth::Tokens::new(options) }
    }

    pub(crate) fn count(&self) -> WaltidCount {
        self.store.count()
    }
}

/// What there is at walt.id, in numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct WaltidCount {
    /// Accounts, the administrator's not counted.
    pub accounts: u64,
    /// Accounts that have a role.
    pub with_role: u64,
    /// Tenants.
    pub tenants: u64,
    /// Services of tenants, such as wallets.
    pub services: u64,
}

/// An error as the platform's framework prints it. The shape is not documented for these routes; clients are told to
/// look at the status and for telltale words only.
fn error(status: StatusCode, message: &str) -> Answer {
    let reason = status.canonical_reason().unwrap_or_default();
    let body = json!({ "exception": true, "status": reason, "code": status.as_str(), "message": message });
    Answer::new(status, Body::Json(body))
}

/// The routes below both base URLs.
pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config
        .service(
            web::scope("/waltid")
                .app_data(web::PayloadConfig::new(BODY))
                .route("/auth/account/emailpass", web::post().to(auth::login))
                .route("/v1/admin/account/register", web::post().to(accounts::register))
                .route("/v1/account/register", web::post().to(accounts::register_open))
                .route("/v1/admin/accounts", web::get().to(accounts::list))
                .route("/v1/admin/account/{id}/roles/add/{org}/{role}", web::post().to(roles::add)),
        )
        .service(
            web::scope("/waltid-org")
                .app_data(web::PayloadConfig::new(BODY))
                .route("/v1/{target}/roles-api/roles/account/assign", web::post().to(roles::assign))
                .route("/v1/{target}/resource-api/tenants/create", web::post().to(org::create_tenant))
                .route("/v1/{target}/resource-api/services/init", web::post().to(org::init))
                .route("/v1/{target}/resource-api/services/create", web::post().to(org::create_service))
                .route("/v1/{target}/apikeys-api/api-keys/create", web::post().to(org::create_key)),
        );
}
