//! IBM Digital Asset Haven (the API of Dfns), played under `/haven`. Calls enter; answers leave, and signed webhooks
//! follow. Two parties call: our service account, with its token and a signed user action for each changing call, and
//! the end user, with a device that answers a challenge and a one-time token that is relayed.
//!
//! Source of everything here: the given "POST /auth/registration/enduser" and docs/providers/haven.md; lists and
//! webhooks in the shape of `dfns/dfns-api-docs`, `api-docs/webhooks`. What no source tells is an option, or is marked
//! as open in its place.

mod actions;
mod auth;
mod chain;
mod deliver;
mod enduser;
mod events;
mod hooks;
mod ids;
mod keys;
mod login;
mod options;
mod people;
mod registration;
mod sign;
mod store;
pub mod traps;
mod wallets;
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

pub use options::HavenOptions;

/// What is known of it before it is played.
pub const ROLE: Role = Role {
    name: "haven",
    title: "Haven",
    at: &[("haven", "/haven")],
    steered_by: "external id, e-mail address",
    traps: traps::ALL,
    tells: true,
};

/// The largest body of a call; not documented.
const BODY: usize = 256 * 1024;

/// Haven: what it knows, and how it is set up.
pub(crate) struct Haven {
    stage: Arc<Stage>,
    options: HavenOptions,
    store: store::Store,
    actions: actions::Actions,
    hooks: hooks::Hooks,
    key: keys::Key,
}

impl Haven {
    /// Refused if the public key of the options is not supported.
    pub(crate) fn new(options: HavenOptions, stage: Arc<Stage>) -> std::io::Result<Self> {
        let unsupported = "haven.public_key is no PEM of an Ed25519, P-256 or RSA public key";
        let haven = Self {
            store: store::Store::new(stage.dice, stage.limits.records),
            actions: actions::Actions::new(stage.limits.listed),
            hooks: hooks::Hooks::default(),
            key: keys::Key::read(&options.public_key)
                .ok_or_else(|| std::io::Error::new(std::io::ErrorKind::InvalidInput, unsupported))?,
            options,
            stage,
        };
        haven.set_webhook_url(haven.options.webhook_url.as_deref());
        Ok(haven)
    }

    pub(crate) fn count(&self) -> HavenCount {
        self.store.count()
    }
}

/// What there is at Haven, in numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct HavenCount {
    /// Users with a started registration.
    pub started: u64,
    /// Users who finished it.
    pub registered: u64,
    /// Wallets.
    pub wallets: u64,
    /// Wallets that are active.
    pub active: u64,
    /// Users with more wallets than they asked for.
    pub doubled: u64,
}

/// An error as it is documented.
fn error(status: StatusCode, message: &str) -> Answer {
    Answer::new(status, Body::Json(json!({ "error": { "message": message } })))
}

impl Player for Haven {
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
        config.app_data(web::Data::from(self)).service(
            web::scope("/haven")
                .app_data(web::PayloadConfig::new(BODY))
                .route("/auth/action/init", web::post().to(actions::init))
                .route("/auth/action", web::post().to(actions::sign))
                .route("/auth/registration/delegated", web::post().to(registration::delegated))
                .route("/auth/registration/delegated/restart", web::post().to(registration::restart))
                .route("/auth/registration/init", web::post().to(registration::by_code))
                .route("/auth/registration/enduser", web::post().to(enduser::complete))
                .route("/auth/login/delegated", web::post().to(login::delegated))
                .route("/auth/users", web::get().to(people::list))
                .route("/auth/users", web::post().to(people::create))
                .route("/wallets", web::get().to(wallets::list))
                .route("/wallets/{id}", web::get().to(wallets::get))
                .route("/wallets/{id}/activate", web::post().to(wallets::activate))
                .route("/webhooks", web::post().to(hooks::create))
                .route("/webhooks", web::get().to(hooks::list))
                .route("/webhooks/{id}", web::get().to(hooks::get))
                .route("/webhooks/{id}/ping", web::post().to(hooks::ping))
                .route("/webhooks/{id}/events", web::get().to(events::list))
                .route("/webhooks/{id}/events/{event}", web::get().to(events::get)),
        );
    }

    /// The private key is on one line: `\\n` stands for each of its line breaks, as a TOML text has it.
    fn keys(&self) -> Vec<(&'static str, String)> {
        let HavenOptions { service_token, credential_id, org_id, webhook_secret, .. } = &self.options;
        vec![
            ("haven_service_token", service_token.clone()),
            ("haven_credential_id", credential_id.clone()),
            ("haven_service_key", HavenOptions::PRIVATE_KEY.trim().replace('\n', "\\n")),
            ("haven_org_id", org_id.clone()),
            ("haven_webhook_secret", webhook_secret.clone()),
        ]
    }

    /// Sends every event there from now on, signed under the secret of the options; None: sends none there any more.
    fn set_webhook_url(&self, url: Option<&str>) {
        self.hooks.set_preset(&self.options.webhook_secret, url);
    }
}

impl Running {
    /// The base URL to give to a client of Haven.
    pub fn haven_url(&self) -> String {
        self.at("/haven")
    }

    /// Sends every event of Haven there from now on, signed under `options.haven.webhook_secret`, in addition to the
    /// webhooks that calls register; None: sends none there any more. What was sent there is read back as webhook
    /// `wh-00000-00000-preset0000000000`.
    pub fn set_haven_webhook_url(&self, url: Option<&str>) {
        self.tell(ROLE.name, url);
    }
}
