//! `POST /v1/providers/{name}/resume`: an operator knows that a provider is well again. What rests or waits there goes
//! on now, one at first. An act on this process alone: nothing is stored, and no onboarding is touched.

use actix_web::{HttpResponse, web};
use serde_json::json;

use super::State;
use super::auth::Caller;
use crate::problem::{Problem, ProblemType};

/// Ends rests and waits of a provider, of `mail` or of `publish`, in the process that answers.
pub(crate) async fn resume(
    state: web::Data<State>,
    caller: Caller,
    name: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    if !state.rests.resume(&name) {
        return Err(Problem::new(
            ProblemType::UnknownProvider,
            "this process makes no requests to anything with this name",
        ));
    }
    tracing::info!(provider = %name, by = caller.name, "what rests or waits there is tried again");
    Ok(HttpResponse::Ok().json(json!({ "provider": *name })))
}
