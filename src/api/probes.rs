//! `/healthz`, `/readyz`, `/metrics`: for orchestrators and collectors; without a token, and so without anything
//! that names a person.

use std::time::Duration;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::{HttpResponse, web};

use super::{State, figures};

/// Alive: this process answers. Says nothing of what it depends on, so that nobody restarts it for a broken broker.
pub(crate) async fn alive() -> HttpResponse {
    HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(serde_json::json!({ "alive": true }))
}

/// Ready: 200, or 503 with the names of what is missing.
pub(crate) async fn ready(state: web::Data<State>) -> HttpResponse {
    let readiness = state.health.look().await;
    let mut answer = if readiness.ready { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    answer.insert_header((CACHE_CONTROL, "no-store")).json(readiness)
}

/// What this process counted, and what the database knows.
pub(crate) async fn metrics(state: web::Data<State>) -> HttpResponse {
    let now = state.clock.now();
    let mut known = state.figures.get(now, state.limits.figures);
    if known.is_none() {
        // A database that hangs must not take the process's own figures with it.
        let patience = Duration::from_millis(state.limits.ready_timeout.0);
        match tokio::time::timeout(patience, state.store.figures(now)).await {
            Ok(Ok(read)) => {
                state.figures.put(&read, now);
                known = Some(read);
            }
            Ok(Err(error)) => tracing::warn!(%error, "the database's figures cannot be read"),
            Err(_) => tracing::warn!(?patience, "the database's figures cannot be read in time"),
        }
    }
    let mut text = state.metrics.as_ref().map(|handle| handle.render()).unwrap_or_default();
    text.push_str(&figures::text(known.as_ref(), state.door.depth(), now));
    HttpResponse::Ok().insert_header((CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")).body(text)
}
