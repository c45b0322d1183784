//! What is told to the outside when something is not right: RFC 9457 problem+json, from one closed catalogue.
//! `type` is `urn:gangway:problem:ID`; docs/reference/problems.md describes each, and a test keeps both in step.
//! Never in here: what the database or a provider said, personal data, secrets.

use std::fmt;

use actix_web::body::BoxBody;
use actix_web::error::{JsonPayloadError, PathError, PayloadError, QueryPayloadError};
use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpRequest, HttpResponse, Responder, ResponseError, web};
use gangway_core::time::Millis;
use serde_json::json;

/// Media type of every error's body.
pub const CONTENT: &str = "application/problem+json";

macro_rules! catalogue {
    ($($name:ident, $id:literal, $status:literal, $title:literal, $help:literal;)+) => {
        /// Every kind of problem. Closed: code that handles these has handled all.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ProblemType {
            $(#[doc = $title] $name,)+
        }

        impl ProblemType {
            /// The whole catalogue, in the order of the documentation.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// The id, last part of `type`.
            #[must_use]
            pub const fn id(self) -> &'static str {
                match self { $(Self::$name => $id,)+ }
            }

            /// HTTP status.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Self::$name => $status,)+ }
            }

            /// The same for every occurrence.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)+ }
            }

            /// What to do about it.
            #[must_use]
            pub const fn help(self) -> &'static str {
                match self { $(Self::$name => $help,)+ }
            }
        }
    };
}

catalogue! {
    Unreadable, "unreadable", 400, "The request cannot be read",
        "The body, path or query is not what this address takes. `detail` says where. Correct the request; repeating it does not help.";
    Invalid, "invalid", 400, "A value is missing or not allowed",
        "The request was read, but a value in it cannot be used. `detail` names it and what is allowed.";
    Unauthorized, "unauthorized", 401, "A token is needed",
        "Send `Authorization: Bearer TOKEN` with a token made by `gangway token add`. The token may be mistyped, removed or expired.";
    Signature, "signature", 401, "The signature or secret is wrong",
        "The delivery was not verified and is not an event. Compare the webhook secret at the provider with the settings, and the clocks.";
    Forbidden, "forbidden", 403, "The token does not allow this",
        "`detail` names the scope that is missing: read, publish or operate. Make a token that has it.";
    NotFound, "not-found", 404, "There is no such thing",
        "Nothing has this id or lives at this address. Search with `GET /v1/users?q=`.";
    UnknownProvider, "unknown-provider", 404, "There is no such provider",
        "No provider with the name in this address is set up. Compare the address with the settings.";
    MethodNotAllowed, "method-not-allowed", 405, "This address does not take this method",
        "The header `Allow` lists the methods that it takes.";
    Revision, "revision", 409, "It has changed in the meantime",
        "The revision that you named is not the current one. Look at the onboarding again, then decide again.";
    Refused, "refused", 409, "This is not possible now",
        "The request is well formed, but the present state does not allow it. `detail` says why.";
    Reused, "reused-key", 409, "This key was used for something else",
        "An earlier request with the same `Idempotency-Key` or event id had other content. Use a new key for a new request.";
    TooLarge, "too-large", 413, "The body is too large",
        "The limits are the settings `intake.body_max`, for webhooks and events, `intake.batch_max`, for the number of events in a batch, and `server.action_limit`, for acts.";
    MediaType, "media-type", 415, "This media type is not taken",
        "Send JSON with `Content-Type: application/json`, or CloudEvents with one of their media types.";
    Busy, "busy", 429, "Too much at once",
        "The intake queue is full and nothing was kept. Try again after `Retry-After`.";
    Internal, "internal", 500, "Something is wrong inside gangway",
        "It is logged with its cause. Repeating the request is safe.";
    Unavailable, "unavailable", 503, "Temporarily unavailable",
        "The database is away or busy, or this process is stopping; nothing was kept. Try again after `Retry-After`. `/readyz` says what is missing.";
}

impl ProblemType {
    /// `type` of the body.
    #[must_use]
    pub fn urn(self) -> String {
        format!("urn:gangway:problem:{}", self.id())
    }

    /// The kind for an error that something else answered with this status.
    #[must_use]
    pub fn for_status(status: u16) -> Self {
        match status {
            401 => Self::Unauthorized,
            403 => Self::Forbidden,
            404 => Self::NotFound,
            405 => Self::MethodNotAllowed,
            409 => Self::Refused,
            413 => Self::TooLarge,
            415 => Self::MediaType,
            429 => Self::Busy,
            502..=504 => Self::Unavailable,
            400..=499 => Self::Unreadable,
            _ => Self::Internal,
        }
    }
}

/// One occurrence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Its entry in the catalogue.
    pub kind: ProblemType,
    /// Details for the caller; empty when the title says it all.
    pub detail: String,
    /// When to try again.
    pub retry_after: Option<Millis>,
    /// Methods that the address takes, for 405.
    pub allow: &'static str,
}

impl Problem {
    /// A problem of this kind.
    #[must_use]
    pub fn new(kind: ProblemType, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), retry_after: None, allow: "" }
    }

    /// This problem, with the time after which to try again.
    #[must_use]
    pub fn come_again(mut self, after: Millis) -> Self {
        self.retry_after = Some(after);
        self
    }

    /// The answer.
    #[must_use]
    pub fn response(&self) -> HttpResponse {
        let mut body = json!({
            "type": self.kind.urn(),
            "title": self.kind.title(),
            "status": self.kind.status(),
        });
        if let (Some(body), false) = (body.as_object_mut(), self.detail.is_empty()) {
            body.insert("detail".to_owned(), self.detail.clone().into());
        }
        let mut answer = HttpResponse::build(self.status_code());
        answer.insert_header((CONTENT_TYPE, CONTENT));
        match self.kind {
            ProblemType::Unauthorized => {
                answer.insert_header((WWW_AUTHENTICATE, "Bearer realm=\"gangway\""));
            }
            ProblemType::MethodNotAllowed if !self.allow.is_empty() => {
                answer.insert_header((ALLOW, self.allow));
            }
            _ => {}
        }
        if let Some(after) = self.retry_after {
            answer.insert_header((RETRY_AFTER, after.0.div_ceil(1000).max(1).to_string()));
        }
        answer.body(body.to_string())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.title())?;
        if self.detail.is_empty() { Ok(()) } else { write!(f, ": {}", self.detail) }
    }
}

impl std::error::Error for Problem {}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.kind.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        self.response()
    }
}

impl Responder for Problem {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        self.response()
    }
}

/// Makes actix's own extractors answer from the catalogue, with this limit for JSON bodies.
pub fn extractors(config: &mut web::ServiceConfig, limit: usize) {
    config
        .app_data(web::JsonConfig::default().limit(limit).error_handler(|error, _| json(&error).into()))
        .app_data(web::PathConfig::default().error_handler(|error, _| path(&error).into()))
        .app_data(web::QueryConfig::default().error_handler(|error, _| query(&error).into()));
}

fn json(error: &JsonPayloadError) -> Problem {
    match error {
        JsonPayloadError::OverflowKnownLength { limit, .. } | JsonPayloadError::Overflow { limit } => {
            Problem::new(ProblemType::TooLarge, format!("at most {limit} bytes are taken here"))
        }
        JsonPayloadError::ContentType => Problem::new(ProblemType::MediaType, "send Content-Type: application/json"),
        JsonPayloadError::Deserialize(error) => Problem::new(ProblemType::Unreadable, error.to_string()),
        JsonPayloadError::Payload(error) => payload(error),
        _ => Problem::new(ProblemType::Unreadable, "the body is not JSON"),
    }
}

/// The problem of a body that could not be read to its end.
#[must_use]
pub fn payload(error: &PayloadError) -> Problem {
    match error {
        PayloadError::Overflow => Problem::new(ProblemType::TooLarge, ""),
        _ => Problem::new(ProblemType::Unreadable, "the body broke off"),
    }
}

fn path(error: &PathError) -> Problem {
    // Whatever does not even look like an id names nothing.
    let _ = error;
    Problem::new(ProblemType::NotFound, "")
}

fn query(error: &QueryPayloadError) -> Problem {
    Problem::new(ProblemType::Unreadable, error.to_string())
}

/// For `default_service`: nothing lives at this address.
pub async fn not_found() -> Problem {
    Problem::new(ProblemType::NotFound, "nothing lives at this address")
}

/// For a resource's `default_service`: it takes only these methods.
#[must_use]
pub fn only(allow: &'static str) -> actix_web::Route {
    web::to(move || async move {
        Problem { allow, ..Problem::new(ProblemType::MethodNotAllowed, format!("it takes {allow}")) }
    })
}

#[cfg(test)]
mod tests {
    use super::{CONTENT, Problem, ProblemType};
    use actix_web::body::to_bytes;
    use gangway_core::time::Millis;
    use serde_json::Value;
    use std::collections::HashSet;

    #[actix_web::test]
    async fn every_kind_answers_with_its_status_and_a_body_that_says_the_same() {
        for kind in ProblemType::ALL {
            let answer = Problem::new(*kind, "the detail").response();
            assert_eq!(answer.status().as_u16(), kind.status());
            assert_eq!(answer.headers().get("content-type").unwrap(), CONTENT);
            let body: Value = serde_json::from_slice(&to_bytes(answer.into_body()).await.unwrap()).unwrap();
            assert_eq!(body["type"], kind.urn());
            assert_eq!(body["status"], kind.status());
            assert_eq!(body["title"], kind.title());
            assert_eq!(body["detail"], "the detail");
        }
    }

    #[test]
    fn no_two_kinds_share_an_id_and_every_status_has_a_kind() {
        let ids: HashSet<_> = ProblemType::ALL.iter().map(|kind| kind.id()).collect();
        assert_eq!(ids.len(), ProblemType::ALL.len());
        for kind in ProblemType::ALL.iter().filter(|kind| ![400, 409].contains(&kind.status())) {
            assert_eq!(ProblemType::for_status(kind.status()).status(), kind.status());
        }
        assert_eq!(ProblemType::for_status(418), ProblemType::Unreadable);
        assert_eq!(ProblemType::for_status(599), ProblemType::Internal);
    }

    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Asked {
        n: u32,
    }

    #[actix_web::test]
    async fn whatever_actix_itself_refuses_is_answered_from_the_catalogue() {
        use actix_web::test::{TestRequest, call_service, init_service, read_body_json};
        use actix_web::{App, HttpResponse, middleware::from_fn, web};
        async fn body(asked: web::Json<Asked>) -> HttpResponse {
            HttpResponse::Ok().body(asked.n.to_string())
        }
        async fn query(asked: web::Query<Asked>) -> HttpResponse {
            HttpResponse::Ok().body(asked.n.to_string())
        }
        async fn path(id: web::Path<uuid::Uuid>) -> HttpResponse {
            HttpResponse::Ok().body(id.to_string())
        }
        async fn foreign() -> Result<HttpResponse, actix_web::Error> {
            Err(actix_web::error::ErrorTooManyRequests("of its own making"))
        }
        let app = App::new().wrap(from_fn(crate::api::observe)).configure(|config| {
            super::extractors(config, 64);
            config
                .service(web::resource("/body").route(web::post().to(body)).default_service(super::only("POST")))
                .service(web::resource("/query").route(web::get().to(query)))
                .service(web::resource("/path/{id}").route(web::get().to(path)))
                .service(web::resource("/foreign").route(web::get().to(foreign)))
                .default_service(web::to(super::not_found));
        });
        let app = init_service(app).await;
        let json = |text: String| {
            TestRequest::post().uri("/body").insert_header(("content-type", "application/json")).set_payload(text)
        };
        let rows = [
            (json("{".into()), ProblemType::Unreadable),
            (json("{\"n\":1,\"m\":2}".into()), ProblemType::Unreadable),
            (json(format!("{{\"n\":1{}}}", " ".repeat(100))), ProblemType::TooLarge),
            (TestRequest::post().uri("/body").set_payload("{}"), ProblemType::MediaType),
            (TestRequest::get().uri("/body"), ProblemType::MethodNotAllowed),
            (TestRequest::get().uri("/query?n=x"), ProblemType::Unreadable),
            (TestRequest::get().uri("/query?n=1&m=2"), ProblemType::Unreadable),
            (TestRequest::get().uri("/path/42"), ProblemType::NotFound),
            (TestRequest::post().uri("/query"), ProblemType::MethodNotAllowed),
            (TestRequest::get().uri("/nowhere"), ProblemType::NotFound),
            (TestRequest::get().uri("/foreign"), ProblemType::Busy),
        ];
        for (request, kind) in rows {
            let request = request.to_request();
            let uri = request.uri().to_string();
            let answer = call_service(&app, request).await;
            assert_eq!(answer.status().as_u16(), kind.status(), "{uri}");
            assert_eq!(answer.headers().get("content-type").unwrap(), CONTENT, "{uri}");
            let body: Value = read_body_json(answer).await;
            assert_eq!(body["type"], kind.urn(), "{uri}");
        }
        let allowed = call_service(&app, TestRequest::get().uri("/body").to_request()).await;
        assert_eq!(allowed.headers().get("allow").unwrap(), "POST");
    }

    #[test]
    fn come_again_is_told_in_whole_seconds_and_never_zero() {
        for (after, told) in [(0, "1"), (1, "1"), (1500, "2"), (30_000, "30")] {
            let answer = Problem::new(ProblemType::Busy, "").come_again(Millis(after)).response();
            assert_eq!(answer.headers().get("retry-after").unwrap(), told);
        }
    }

    #[test]
    fn a_missing_token_says_how_to_send_one() {
        let answer = Problem::new(ProblemType::Unauthorized, "").response();
        assert!(answer.headers().get("www-authenticate").unwrap().to_str().unwrap().starts_with("Bearer"));
    }
}
