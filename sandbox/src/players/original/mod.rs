//! Original, played under `/original/v1`: users, assets, and where to deposit. Calls enter; answers with the documented
//! bodies leave, and webhooks follow.
//!
//! Source of everything here: `docs/providers/original.md`, the given text "Create user", and the public SDKs where
//! a comment names them. What no source tells is an option with a stated default, never a silent choice.

mod assets;
mod auth;
mod chain;
mod deposit;
mod fields;
mod options;
mod rate;
mod reply;
mod sign;
mod store;
pub mod traps;
mod users;

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use parking_lot::Mutex;

pub use options::{OriginalOptions, WebhookSigning};
pub use store::OriginalCount;

use crate::door::pass::told;
use crate::door::{About, Answer, Body};
use crate::player::Player;
use crate::role::Role;
use crate::running::Running;
use crate::stage::Stage;
use crate::webhooks::with_path;

/// What is known of it before it is played.
pub const ROLE: Role = Role {
    name: "original",
    title: "Original",
    at: &[("original", "/original/v1")],
    steered_by: "external id, or e-mail address",
    traps: traps::ALL,
    tells: true,
};

/// The largest body of a call; beyond it the answer is 413. Not documented; kept small because assets are kept.
const BODY: usize = 64 * 1024;

/// Original: what it knows, and how it is set up.
pub(crate) struct Original {
    stage: Arc<Stage>,
    options: OriginalOptions,
    store: store::Store,
    rate: rate::Rate,
    auth: auth::Auth,
    webhook_url: Mutex<Option<String>>,
}

impl Original {
    pub(crate) fn new(options: OriginalOptions, stage: Arc<Stage>) -> std::io::Result<Self> {
        let original = Self {
            store: store::Store::new(stage.dice, stage.limits.records),
            rate: rate::Rate::new(options.rate_limit),
            auth: auth::Auth::new(&options),
            webhook_url: Mutex::default(),
            options,
            stage,
        };
        original.set_webhook_url(original.options.webhook_url.as_deref());
        Ok(original)
    }

    pub(crate) fn count(&self) -> OriginalCount {
        self.store.count()
    }
}

impl Player for Original {
    fn role(&self) -> &'static Role {
        &ROLE
    }

    fn stage(&self) -> &Arc<Stage> {
        &self.stage
    }

    fn error(&self, status: StatusCode, text: &str) -> Answer {
        reply::error(status, text)
    }

    fn throttled(&self) -> Answer {
        reply::throttled()
    }

    fn mark(&self, answer: &Answer, reply: &mut HttpResponse) {
        self.rate.mark(answer, reply);
    }

    /// Without the provider, as when it was the only one: so a seed throws for it what it always threw.
    fn occasion(&self, about: &About) -> Vec<String> {
        let asset = about.asset_external_id.as_deref().unwrap_or_default();
        vec![about.action.to_owned(), format!("{}\n{asset}", about.key())]
    }

    fn routes(self: Arc<Self>, config: &mut web::ServiceConfig) {
        config.app_data(web::Data::from(self)).service(
            web::scope("/original/v1")
                .app_data(web::PayloadConfig::new(BODY))
                .route("/user", web::post().to(users::create))
                .route("/user", web::get().to(users::find))
                .route("/user/{uid}", web::get().to(users::get))
                .route("/asset", web::post().to(assets::create))
                .route("/asset", web::get().to(assets::list))
                .route("/asset/{uid}", web::get().to(assets::get))
                .route("/deposit", web::get().to(deposit::get))
                .default_service(web::to(unknown)),
        );
    }

    fn keys(&self) -> Vec<(&'static str, String)> {
        vec![("api_key", self.options.api_key.clone()), ("api_secret", self.options.api_secret.clone())]
    }

    fn set_webhook_url(&self, url: Option<&str>) {
        *self.webhook_url.lock() = url.map(|url| with_path(url, ROLE.name));
    }
}

/// A path that the API does not have: answered before it, so without its JSON body. The SDK's own tests expect the
/// status text "Not Found" for `GET /user/` (`getoriginal/original-js`, `test/e2e/e2e.ts`).
async fn unknown(original: web::Data<Original>) -> HttpResponse {
    told(&**original, &Answer::new(StatusCode::NOT_FOUND, Body::Html("<h1>Not Found</h1>".to_owned())))
}

impl Running {
    /// The base URL to give to a client of Original.
    pub fn original_url(&self) -> String {
        self.at("/original/v1")
    }

    /// Posts Original's webhooks there from now on, also those that wait for another try; None: posts none.
    pub fn set_webhook_url(&self, url: Option<&str>) {
        self.tell(ROLE.name, url);
    }
}
