//! `GET /v1/events?verdict=`: events of one verdict; held ones wait for an owner. And giving one to its owner.

use actix_web::{HttpRequest, HttpResponse, web};
use gangway_core::decision::Verdict;
use gangway_core::event::{OnboardingId, OperatorAct};
use serde::Deserialize;
use uuid::Uuid;

use super::auth::Caller;
use super::body::Said;
use super::failed::failed;
use super::{State, actions, page, shape};
use crate::problem::{Problem, ProblemType};

/// What is listed.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Query {
    verdict: String,
    cursor: Option<i64>,
    limit: Option<u32>,
}

/// `GET /v1/events?verdict=held&cursor=&limit=`, newest first.
pub(crate) async fn list(state: web::Data<State>, query: web::Query<Query>) -> Result<HttpResponse, Problem> {
    let limit = page::limit(query.limit)?;
    let verdict = Verdict::from_word(&query.verdict).ok_or_else(|| {
        let words = Verdict::ALL.map(Verdict::word).join(", ");
        Problem::new(ProblemType::Invalid, format!("verdict is one of {words}"))
    })?;
    let rows =
        state.store.events_by_verdict(verdict.word(), query.cursor, limit + 1).await.map_err(|error| failed(&error))?;
    Ok(HttpResponse::Ok().json(page::list(rows, limit, |row| row.seq.to_string(), shape::event)))
}

/// What adopting takes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Adoption {
    onboarding: Uuid,
    reason: String,
}

/// `POST /v1/events/{id}/adopt`; answers the onboarding after.
pub(crate) async fn adopt(
    state: web::Data<State>,
    caller: Caller,
    request: HttpRequest,
    id: web::Path<i64>,
    Said(asked): Said<Adoption>,
) -> Result<HttpResponse, Problem> {
    let reason = actions::reason(&asked.reason)?;
    let act = OperatorAct::Adopt { event: id.into_inner() };
    let onboarding = OnboardingId(asked.onboarding);
    actions::done(&state, &caller, actions::key(&request)?, onboarding, act, reason, None).await
}
