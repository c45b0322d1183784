//! What the rest of the sandbox sees of every player. A player owns what its provider knows; it stands on the stage and
//! names no other player.

use std::any::Any;
use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};

use crate::door::{About, Answer};
use crate::role::Role;
use crate::stage::Stage;

/// A provider, played.
pub(crate) trait Player: Any + Send + Sync {
    /// Its row of the table.
    fn role(&self) -> &'static Role;

    /// What it stands on.
    fn stage(&self) -> &Arc<Stage>;

    /// An error of the provider's own that belongs to no field.
    fn error(&self, status: StatusCode, text: &str) -> Answer;

    /// Its answer to a caller that comes too often.
    fn throttled(&self) -> Answer {
        self.error(StatusCode::TOO_MANY_REQUESTS, "Too many requests.")
    }

    /// Adds what stands in the head of each of its answers.
    fn mark(&self, _answer: &Answer, _reply: &mut HttpResponse) {}

    /// The words by which the dice know this call and its repetitions.
    fn occasion(&self, about: &About) -> Vec<String> {
        vec![self.role().name.to_owned(), about.action.to_owned(), about.key()]
    }

    /// Adds its routes, below the paths of its role.
    fn routes(self: Arc<Self>, config: &mut web::ServiceConfig);

    /// What a client must know besides the base URLs: names and values.
    fn keys(&self) -> Vec<(&'static str, String)>;

    /// Posts webhooks there from now on, also those that wait for another try; None: posts none.
    fn set_webhook_url(&self, _url: Option<&str>) {}
}
