//! Original, played under `/original/v1`. Calls enter; answers with the documented bodies leave, and webhooks follow.
//!
//! Source of everything here: `docs/providers/original.md`, the given text "Create user", and the public SDKs where
//! a comment names them. What no source tells is an option with a stated default, never a silent choice.

pub(crate) mod about;
mod assets;
mod auth;
mod chain;
pub(crate) mod cut;
mod deposit;
mod fields;
mod gate;
mod rate;
mod reply;
mod store;
mod users;

use actix_web::{HttpResponse, web};

use crate::options::Options;
use crate::world::World;

/// The largest body of a call; beyond it the answer is 413. Not documented; kept small because assets are kept.
const BODY: usize = 64 * 1024;

/// Original's state: its records and the rate window.
pub(crate) struct Original {
    store: store::Store,
    rate: rate::Rate,
    auth: auth::Auth,
    occasions: about::Occasions,
}

impl Original {
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            store: store::Store::new(options.seed, options.limits.records),
            rate: rate::Rate::new(options.original.rate_limit),
            auth: auth::Auth::new(&options.original),
            occasions: about::Occasions::default(),
        }
    }

    pub(crate) fn count(&self) -> store::Count {
        self.store.count()
    }
}

/// The routes below the base URL that a client is given.
pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config.service(
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

/// A path that the API does not have: answered before it, so without its JSON body. The SDK's own tests expect the
/// status text "Not Found" for `GET /user/` (`getoriginal/original-js`, `test/e2e/e2e.ts`).
async fn unknown(world: web::Data<World>) -> HttpResponse {
    let mut reply = HttpResponse::NotFound().content_type("text/html").body("<h1>Not Found</h1>");
    world.original.rate.mark(&mut reply);
    reply
}
