//! What all providers share: what a call is about, and what it is answered. The way of a call itself is in `pass`.
//! Nothing here knows what any provider does.

mod cut;
pub(crate) mod pass;

use std::future::Future;
use std::pin::Pin;

use actix_web::http::StatusCode;
use actix_web::http::header::RETRY_AFTER;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::Value;

use crate::calls::{Call, Effect};
use crate::mischief::Mishap;

/// What a call is about, as far as its request tells.
#[derive(Clone, Default)]
pub(crate) struct About {
    pub(crate) action: &'static str,
    /// The caller's name for the user; the e-mail address where there is no other.
    pub(crate) external_id: Option<String>,
    pub(crate) email: Option<String>,
    /// The provider's name for the user, or for whatever else the path names.
    pub(crate) user_uid: Option<String>,
    /// The caller's name for the asset, where there is one.
    pub(crate) asset_external_id: Option<String>,
    /// A trap for this call, and whether it strikes each time or only the first.
    pub(crate) trap: Option<(Mishap, bool)>,
}

impl About {
    pub(crate) fn new(action: &'static str) -> Self {
        Self { action, ..Self::default() }
    }

    /// Says that it is about the user with this e-mail address, which is also the name in the lists if there is no
    /// other.
    pub(crate) fn email(mut self, email: Option<String>) -> Self {
        self.external_id = self.external_id.or_else(|| email.clone());
        self.email = email;
        self
    }

    /// What stays the same when the call is repeated.
    pub(crate) fn key(&self) -> String {
        [&self.external_id, &self.email, &self.user_uid].map(|part| part.as_deref().unwrap_or_default()).join("\n")
    }

    /// The line for the list. `status` is what the caller was told, if it was told anything.
    fn call(
        &self,
        provider: &'static str,
        effect: Effect,
        answer: Option<&Answer>,
        status: Option<StatusCode>,
    ) -> Call {
        // Whole, unless a caller sent a book: bounds what a million listed calls can take.
        let clipped = |name: &Option<String>| name.as_ref().map(|name| name.chars().take(256).collect());
        Call {
            id: 0,
            at: String::new(),
            provider,
            action: self.action,
            external_id: clipped(&self.external_id),
            email: clipped(&self.email),
            user_uid: answer.and_then(|answer| answer.found.user_uid.clone()).or_else(|| clipped(&self.user_uid)),
            asset_external_id: clipped(&self.asset_external_id),
            asset_uid: answer.and_then(|answer| answer.found.asset_uid.clone()),
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

/// The user that a call turned out to be about.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) user_uid: Option<String>,
    pub(crate) asset_uid: Option<String>,
}

/// What a call leads to, before mischief decides whether the caller hears of it.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Body,
    /// The user that the call turned out to be about.
    pub(crate) found: Box<Found>,
    /// Whether something was made.
    pub(crate) made: bool,
    /// After how many seconds the caller may come again, if it came too often.
    pub(crate) again: Option<i64>,
    /// The answer that the caller gets instead, when it is there; the work is done already.
    later: Option<Later>,
}

impl Answer {
    pub(crate) fn new(status: StatusCode, body: Body) -> Self {
        Self { status, body, found: Box::default(), made: false, again: None, later: None }
    }

    /// 200 with what was asked for.
    pub(crate) fn found(body: Value) -> Self {
        Self::new(StatusCode::OK, Body::Json(body))
    }

    /// Something was made, for the status and body that tell of it.
    pub(crate) fn made(status: StatusCode, body: Body) -> Self {
        Self { made: true, ..Self::new(status, body) }
    }

    pub(crate) fn about_user(mut self, uid: &str) -> Self {
        self.found.user_uid = Some(uid.to_owned());
        self
    }

    pub(crate) fn about_asset(mut self, uid: &str) -> Self {
        self.found.asset_uid = Some(uid.to_owned());
        self
    }

    /// This answer, but the caller waits for what this future gives.
    pub(crate) fn later(self, answer: impl Future<Output = Self> + Send + 'static) -> Self {
        Self { later: Some(Box::pin(answer)), ..self }
    }

    /// This answer, with the time to come again.
    pub(crate) fn again_after(self, seconds: i64) -> Self {
        Self { again: Some(seconds), ..self }
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
        if let Some(seconds) = self.again {
            reply.insert_header((RETRY_AFTER, seconds));
        }
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
