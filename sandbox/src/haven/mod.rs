//! IBM Digital Asset Haven (the API of Dfns), played under `/haven`. Calls enter; answers leave, and signed webhooks
//! follow. Two parties call: our service account, with its token and a signed user action for each changing call, and
//! the end user, whose device answers a challenge and whose one-time token is relayed.
//!
//! Source of everything here: the given "POST /auth/registration/enduser" and docs/providers/haven.md; lists and
//! webhooks in the shape of `dfns/dfns-api-docs`, `api-docs/webhooks`. What no source tells is an option, or is said
//! to be open where it stands.

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
mod registration;
mod sign;
mod store;
mod wallets;
mod wish;

use actix_web::http::StatusCode;
use actix_web::web;
use serde::Serialize;
use serde_json::json;

use crate::door::{Answer, Body, Provider};
use crate::options::Options;
use crate::world::World;

pub use options::HavenOptions;

/// The largest body of a call; not documented.
const BODY: usize = 256 * 1024;

pub(crate) static PROVIDER: Provider = Provider { name: "haven", error };

/// Haven's state.
pub(crate) struct Haven {
    store: store::Store,
    actions: actions::Actions,
    hooks: hooks::Hooks,
    key: keys::Key,
}

impl Haven {
    /// Refused if the public key of the options is none that is supported.
    pub(crate) fn new(options: &Options) -> std::io::Result<Self> {
        let hooks = hooks::Hooks::default();
        hooks.set_preset(options, options.haven.webhook_url.as_deref());
        let unsupported = "haven.public_key is no PEM of an Ed25519 or P-256 public key";
        Ok(Self {
            store: store::Store::new(options.seed, options.limits.records),
            actions: actions::Actions::new(options.limits.listed),
            hooks,
            key: keys::Key::read(&options.haven.public_key)
                .ok_or_else(|| std::io::Error::new(std::io::ErrorKind::InvalidInput, unsupported))?,
        })
    }

    pub(crate) fn count(&self) -> HavenCount {
        self.store.count()
    }
}

/// Sends every event there from now on, signed under the secret of the options; None: sends none there any more.
pub(crate) fn set_webhook_url(world: &World, url: Option<&str>) {
    world.haven.hooks.set_preset(&world.options, url);
}

/// What there is at Haven, in numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct HavenCount {
    /// Users whose registration was started.
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

/// The routes below the base URL that a client is given.
pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config.service(
        web::scope("/haven")
            .app_data(web::PayloadConfig::new(BODY))
            .route("/auth/action/init", web::post().to(actions::init))
            .route("/auth/action", web::post().to(actions::sign))
            .route("/auth/registration/delegated", web::post().to(registration::delegated))
            .route("/auth/registration/delegated/restart", web::post().to(registration::restart))
            .route("/auth/registration/init", web::post().to(registration::by_code))
            .route("/auth/registration/enduser", web::post().to(enduser::complete))
            .route("/auth/login/delegated", web::post().to(login::delegated))
            .route("/auth/users", web::get().to(login::users))
            .route("/wallets", web::get().to(wallets::list))
            .route("/wallets/{id}", web::get().to(wallets::get))
            .route("/wallets/{id}/activate", web::put().to(wallets::activate))
            .route("/webhooks", web::post().to(hooks::create))
            .route("/webhooks", web::get().to(hooks::list))
            .route("/webhooks/{id}", web::get().to(hooks::get))
            .route("/webhooks/{id}/ping", web::post().to(hooks::ping))
            .route("/webhooks/{id}/events", web::get().to(events::list))
            .route("/webhooks/{id}/events/{event}", web::get().to(events::get)),
    );
}
