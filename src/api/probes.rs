//! `/healthz`, `/readyz`, `/metrics`: for orchestrators and collectors; without a token, and so without anything
//! that names a person.

use std::time::Duration;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::{HttpRequest, HttpResponse, web};

use super::{State, auth, figures};
use crate::store::figures::Figures;

/// Alive: this process answers. Says nothing of what it depends on, so that no orchestrator restarts it for a broken
/// broker.
pub(crate) async fn alive() -> HttpResponse {
    HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(serde_json::json!({ "alive": true }))
}

/// Ready: 200, or 503 with the names of what is missing. Shows the state of every part, with causes and counts, only to
/// callers with a token that may look: webhooks come to the same address.
pub(crate) async fn ready(state: web::Data<State>, request: HttpRequest) -> HttpResponse {
    // A database that hangs must not take the answer with it: the caller then counts as a stranger.
    let patience = Duration::from_millis(state.limits.ready_timeout.0);
    let known = tokio::time::timeout(patience, auth::may_look(&state, request.headers())).await.unwrap_or(false);
    readiness(&state, known).await
}

/// Ready, with every part: on an address that strangers do not reach.
pub(crate) async fn ready_whole(state: web::Data<State>) -> HttpResponse {
    readiness(&state, true).await
}

async fn readiness(state: &State, whole: bool) -> HttpResponse {
    let readiness = state.health.look(state.door.depth()).await;
    let mut answer = if readiness.ready { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    answer.insert_header((CACHE_CONTROL, "no-store"));
    if whole {
        return answer.json(readiness);
    }
    answer.json(serde_json::json!({ "ready": readiness.ready, "missing": readiness.missing }))
}

/// What this process counted, and what the database knows.
pub(crate) async fn metrics(state: web::Data<State>) -> HttpResponse {
    // A database that hangs must not take the process's own figures with it.
    let patience = Duration::from_millis(state.limits.ready_timeout.0);
    let known = tokio::time::timeout(patience, known(&state)).await.unwrap_or_else(|_| {
        tracing::warn!(?patience, "the database's figures cannot be read in time");
        None
    });
    let mut text = state.metrics.as_ref().map(|handle| handle.render()).unwrap_or_default();
    text.push_str(&figures::text(known.as_ref(), state.door.depth(), state.clock.now()));
    HttpResponse::Ok().insert_header((CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")).body(text)
}

/// What the database knows. The look goes on after the caller has stopped waiting: its connection is busy until it
/// ends, and the next look must not take another.
async fn known(state: &web::Data<State>) -> Option<Figures> {
    let mut turn = match state.figures.look(|| state.clock.now(), state.limits.figures).await {
        Ok(known) => return known,
        Err(turn) => turn,
    };
    let state = state.clone();
    let look = tokio::spawn(async move {
        let read = state.store.figures(state.clock.now()).await;
        let read = read.inspect_err(|error| tracing::warn!(%error, "the database's figures cannot be read")).ok();
        *turn = Some((read.clone(), state.clock.now()));
        read
    });
    look.await.ok().flatten()
}
