//! `GET /v1/events?verdict=`: events of one verdict; held ones wait for an owner. And giving one to its owner.

use std::fmt;

use actix_web::{HttpResponse, web};
use async_trait::async_trait;
use gangway_core::decision::Verdict;
use gangway_core::event::OnboardingId;
use serde::Deserialize;
use uuid::Uuid;

use super::auth::Caller;
use super::failed::failed;
use super::{State, actions, onboardings, page, shape};
use crate::engine::{NotAccepted, Receipt};
use crate::problem::{Kind, Problem};

/// Gives a held event to the onboarding that it belongs to; the engine does it.
#[async_trait]
pub trait Adopter: Send + Sync + fmt::Debug {
    /// Adopts the event of this number for that onboarding. The receipt tells what became of it; a refusal
    /// (not held any more, its identifier has another owner) is a receipt with the verdict `refused`.
    async fn adopt(
        &self,
        event: i64,
        onboarding: OnboardingId,
        actor: &str,
        reason: &str,
    ) -> Result<Receipt, NotAccepted>;
}

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
        Problem::new(Kind::Invalid, format!("verdict is one of {words}"))
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
    adopter: web::Data<dyn Adopter>,
    caller: Caller,
    id: web::Path<i64>,
    asked: web::Json<Adoption>,
) -> Result<HttpResponse, Problem> {
    let reason = actions::reason(&asked.reason)?;
    let onboarding = OnboardingId(asked.onboarding);
    onboardings::load(&state, onboarding).await?;
    let receipt = adopter.adopt(id.into_inner(), onboarding, &caller.name, &reason).await?;
    actions::allowed(&receipt)?;
    let after = onboardings::load(&state, onboarding).await?;
    Ok(HttpResponse::Ok().json(shape::onboarding(&after, &state.flows)))
}
