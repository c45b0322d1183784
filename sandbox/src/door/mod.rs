//! What the providers besides Original share: what a call is about, what it is answered, and how often it came. The way of a call
//! itself is in `pass`. Nothing here knows what any provider does.

pub(crate) mod pass;

use std::future::Future;
use std::pin::Pin;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::Value;

use crate::calls::{Call, Effect};
use crate::mischief::Kind;
use crate::original::about::Occasions;
use crate::world::World;

/// A provider's name in the lists, and the shape of its errors.
pub(crate) struct Provider {
    pub(crate) name: &'static str,
    pub(crate) error: fn(StatusCode, &str) -> Answer,
}

/// How often each occasion came.
#[derive(Default)]
pub(crate) struct Door {
    occasions: Occasions,
}

/// How often this came, this time included.
pub(crate) fn nth(world: &World, words: &[&str]) -> u32 {
    world.door.occasions.next(world.dice.number(words))
}

/// What a call is about, as far as its request tells.
#[derive(Clone)]
pub(crate) struct About {
    pub(crate) provider: &'static Provider,
    pub(crate) action: &'static str,
    /// The caller's name for the user; the e-mail address where there is no other.
    pub(crate) external_id: Option<String>,
    pub(crate) email: Option<String>,
    /// The provider's name for the user, or for whatever else the path names.
    pub(crate) user_uid: Option<String>,
    /// A trap for this call, and whether it strikes each time or only the first.
    pub(crate) trap: Option<(Kind, bool)>,
}

impl About {
    pub(crate) fn new(provider: &'static Provider, action: &'static str) -> Self {
        Self { provider, action, external_id: None, email: None, user_uid: None, trap: None }
    }

    /// The same about a user by its e-mail address, which is also the name in the lists if there is no other.
    pub(crate) fn email(mut self, email: Option<String>) -> Self {
        self.external_id = self.external_id.or_else(|| email.clone());
        self.email = email;
        self
    }

    /// What stays the same when the call is repeated.
    fn key(&self) -> String {
        [&self.external_id, &self.email, &self.user_uid].map(|part| part.as_deref().unwrap_or_default()).join("\n")
    }

    /// The line for the list. `status` is what the caller was told, if it was told anything.
    fn call(&self, effect: Effect, answer: Option<&Answer>, status: Option<StatusCode>) -> Call {
        let clipped = |name: &Option<String>| name.as_ref().map(|name| name.chars().take(256).collect());
        Call {
            id: 0,
            at: String::new(),
            provider: self.provider.name,
            action: self.action,
            external_id: clipped(&self.external_id),
            email: clipped(&self.email),
            user_uid: answer.and_then(|answer| answer.user_uid.clone()).or_else(|| clipped(&self.user_uid)),
            asset_external_id: None,
            asset_uid: None,
            effect,
            status: status.map(|status| status.as_u16()),
        }
    }
}

/// What an answer says.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    Json(Value),
    Text(String),
    /// What something in front of the provider says.
    Html(String),
    Empty,
}

/// An answer that is not known yet, or held back.
type Later = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// What a call leads to, before mischief decides whether the caller hears of it.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Body,
    /// The user the call turned out to be about.
    pub(crate) user_uid: Option<String>,
    /// Whether something was made.
    pub(crate) made: bool,
    /// The answer that the caller gets instead, when it is there; the work is done already.
    later: Option<Later>,
}

impl Answer {
    pub(crate) fn new(status: StatusCode, body: Body) -> Self {
        Self { status, body, user_uid: None, made: false, later: None }
    }

    /// 200 with what was asked for.
    pub(crate) fn found(body: Value) -> Self {
        Self::new(StatusCode::OK, Body::Json(body))
    }

    /// Something was made, for the status and body that tell of it.
    pub(crate) fn made(status: StatusCode, body: Body) -> Self {
        Self { made: true, ..Self::new(status, body) }
    }

    pub(crate) fn about_user(self, uid: &str) -> Self {
        Self { user_uid: Some(uid.to_owned()), ..self }
    }

    /// The same, but the caller waits for what this future gives.
    pub(crate) fn later(self, answer: impl Future<Output = Self> + Send + 'static) -> Self {
        Self { later: Some(Box::pin(answer)), ..self }
    }

    fn text(&self) -> String {
        match &self.body {
            Body::Json(value) => value.to_string(),
            Body::Text(text) | Body::Html(text) => text.clone(),
            Body::Empty => String::new(),
        }
    }

    pub(crate) fn response(&self) -> HttpResponse {
        let mut reply = HttpResponse::build(self.status);
        match &self.body {
            Body::Json(value) => reply.json(value),
            Body::Text(text) => reply.content_type("text/plain; charset=utf-8").body(text.clone()),
            Body::Html(text) => reply.content_type("text/html").body(text.clone()),
            Body::Empty => reply.finish(),
        }
    }
}

/// What stands in `Authorization` after `Bearer `.
pub(crate) fn bearer(request: &HttpRequest) -> Option<&str> {
    request.headers().get("authorization")?.to_str().ok()?.strip_prefix("Bearer ")
}
