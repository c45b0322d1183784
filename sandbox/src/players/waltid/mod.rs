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
pub mod traps;
mod wish;

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::web;
use serde::Serialize;
use serde_json::json;

use crate::door::{Answer, Body};
use crate::player::Player;
use crate::role::Role;
use crate::running::Running;
use crate::stage::Stage;

pub use options::{WaltidDuplicate, WaltidLogin, WaltidOptions};

/// What is known of it before it is played.
pub const ROLE: Role = Role {
    name: "waltid",
    title: "walt.id",
    at: &[("waltid", "/waltid"), ("waltid_org", "/waltid-org")],
    steered_by: "e-mail address",
    traps: traps::ALL,
    tells: false,
};

/// The largest body of a call; not documented.
const BODY: usize = 256 * 1024;

/// walt.id: what it knows, and how it is set up.
pub(crate) struct Waltid {
    stage: Arc<Stage>,
    options: WaltidOptions,
    store: store::Store,
    tokens: auth::Tokens,
}

impl Waltid {
    pub(crate) fn new(options: WaltidOptions, stage: Arc<Stage>) -> std::io::Result<Self> {
        Ok(Self {
            store: store::Store::new(stage.dice, stage.limits.records),
            tokens: auth::Tokens::new(&options, stage.limits.listed),
            options,
            stage,
        })
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
    /// Wallets that can hold something: with a key, a DID and the stores beside them.
    pub whole_wallets: u64,
}

/// An error as the platform's framework prints it. The shape is not documented for these routes; clients are told to
/// look at the status and for telltale words only.
fn error(status: StatusCode, message: &str) -> Answer {
    let reason = status.canonical_reason().unwrap_or_default();
    let body = json!({ "exception": true, "status": reason, "code": status.as_str(), "message": message });
    Answer::new(status, Body::Json(body))
}

/// The same with the name of the exception, which some routes give.
fn exception(id: &str, status: StatusCode, message: &str) -> Answer {
    let reason = status.canonical_reason().unwrap_or_default();
    let body = json!({ "exception": true, "id": id, "status": reason, "code": status.as_str(), "message": message });
    Answer::new(status, Body::Json(body))
}

impl Player for Waltid {
    fn role(&self) -> &'static Role {
        &ROLE
    }

    fn stage(&self) -> &Arc<Stage> {
        &self.stage
    }

    fn error(&self, status: StatusCode, text: &str) -> Answer {
        error(status, text)
    }

    fn routes(self: Arc<Self>, config: &mut web::ServiceConfig) {
        config
            .app_data(web::Data::from(self))
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

    fn keys(&self) -> Vec<(&'static str, String)> {
        let WaltidOptions { organisation, admin_email, admin_password, api_key, .. } = &self.options;
        vec![
            ("waltid_organization", organisation.clone()),
            ("waltid_email", admin_email.clone()),
            ("waltid_password", admin_password.clone()),
            ("waltid_api_key", api_key.clone()),
        ]
    }
}

impl Running {
    /// The base URL to give to a client of walt.id, for its global host: accounts and logins.
    pub fn waltid_url(&self) -> String {
        self.at("/waltid")
    }

    /// The base URL of walt.id's organisation host: tenants, services and API keys.
    pub fn waltid_org_url(&self) -> String {
        self.at("/waltid-org")
    }
}
