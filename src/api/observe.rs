//! Outermost middleware: one span, one count and one measurement for each request, by route template, and every
//! error answered from the catalogue. Never here: the path, the query, a header: they hold secrets and e-mails.

use actix_web::Error;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, CONTENT_TYPE};
use actix_web::middleware::Next;
use tracing::Instrument;

use crate::clock::Stopwatch;
use crate::problem::{CONTENT, Problem, ProblemType};
use crate::telemetry::Metric;

/// Wraps the whole application: `App::new().wrap(from_fn(observe))`.
///
/// # Errors
/// [`Problem`]s only: what fails inside is told from the catalogue.
pub async fn observe(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let watch = Stopwatch::start();
    let route = request.match_pattern().unwrap_or_else(|| "(none)".to_owned());
    let method = method(request.method().as_str());
    let span = tracing::info_span!("request", method, route);
    // No clone of the request may live on here: actix routes through the only one there is.
    let answer = match next.call(request).instrument(span.clone()).await {
        Ok(answer) => Ok(told(answer.map_into_boxed_body())),
        Err(error) => Err(ours(error)),
    };
    let status = match &answer {
        Ok(answer) => answer.status().as_u16(),
        Err(error) => error.as_response_error().status_code().as_u16(),
    };
    let seconds = watch.elapsed().as_secs_f64();
    span.in_scope(|| match status {
        // Not ready yet is an answer, not a failure; probes ask again every second.
        503 if route == "/readyz" => tracing::debug!(status, seconds, "not ready"),
        500.. => tracing::warn!(status, seconds, "request failed"),
        _ => tracing::debug!(status, seconds, "request answered"),
    });
    metrics::counter!(Metric::Requests.name(), "method" => method, "route" => route.clone(), "status" => status.to_string())
        .increment(1);
    metrics::histogram!(Metric::RequestSeconds.name(), "method" => method, "route" => route).record(seconds);
    answer
}

/// Methods are a label, so there must be few: anybody can send any word.
fn method(word: &str) -> &'static str {
    ["GET", "POST", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"]
        .into_iter()
        .find(|known| *known == word)
        .unwrap_or("other")
}

/// The error, from the catalogue.
fn ours(error: Error) -> Error {
    match error.as_error::<Problem>() {
        Some(_) => error,
        None => Problem::new(ProblemType::for_status(error.as_response_error().status_code().as_u16()), "").into(),
    }
}

/// The answer, from the catalogue when it is an error that something else has written.
fn told(answer: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let status = answer.status();
    let ours = answer.headers().get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes() == CONTENT.as_bytes());
    let deliberate = answer.headers().contains_key(CONTENT_TYPE) && answer.response().error().is_none();
    if ours || deliberate || !(status.is_client_error() || status.is_server_error()) {
        return answer;
    }
    let allow = answer.headers().get(ALLOW).cloned();
    let mut problem = Problem::new(ProblemType::for_status(status.as_u16()), "").response();
    if status == StatusCode::METHOD_NOT_ALLOWED
        && let Some(allow) = allow
    {
        problem.headers_mut().insert(ALLOW, allow);
    }
    answer.into_response(problem)
}

#[cfg(test)]
mod tests {
    use super::{method, observe};
    use actix_web::dev::ServiceRequest;
    use actix_web::middleware::{Next, from_fn};
    use actix_web::test::{TestRequest, call_service, init_service};
    use actix_web::{App, HttpResponse, web};
    use parking_lot::Mutex;
    use std::sync::Arc;

    #[actix_web::test]
    async fn a_request_is_named_by_its_route_template_before_it_is_routed() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let note = Arc::clone(&seen);
        let app = App::new()
            .wrap(from_fn(move |request: ServiceRequest, next: Next<_>| {
                note.lock().push(request.match_pattern());
                next.call(request)
            }))
            .wrap(from_fn(observe))
            .service(
                web::scope("/webhooks")
                    .service(web::resource("/{provider}/{secret}").route(web::post().to(HttpResponse::Ok))),
            );
        let app = init_service(app).await;
        for uri in ["/webhooks/original/s3cr3t", "/elsewhere?q=ada@example.com"] {
            call_service(&app, TestRequest::post().uri(uri).to_request()).await;
        }
        let want = [Some("/webhooks/{provider}/{secret}".to_owned()), None];
        assert_eq!(*seen.lock(), want);
    }

    #[test]
    fn a_method_that_nobody_knows_makes_no_new_label() {
        assert_eq!((method("GET"), method("BREW-1"), method("BREW-2")), ("GET", "other", "other"));
    }
}
