//! `/v1/aside`: what is kept apart from the journal, and taking it again. What it says is never shown here: it may be a
//! stranger's, and has no known owner.

use std::fmt;

use actix_web::{HttpResponse, web};
use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::auth::Caller;
use super::failed::failed;
use super::{State, page};
use crate::engine::{NotAccepted, Receipt};
use crate::problem::{Problem, ProblemType};
use crate::store::StoreError;
use crate::store::aside::{AsideFilter, AsideKind, KeptAside};

/// Takes what is kept apart.
#[async_trait]
pub trait Takes: Send + Sync + fmt::Debug {
    /// Hands an event of the quarantine in again, and a delivery that failed verification when it is believed today.
    /// Once it is in the journal, it is kept apart no longer.
    ///
    /// # Errors
    /// [`NotTaken`]: it is kept as before.
    async fn take(&self, id: Uuid) -> Result<Receipt, NotTaken>;
}

/// Why nothing was taken.
#[derive(Debug, thiserror::Error)]
pub enum NotTaken {
    /// Nothing of this id is kept apart.
    #[error("nothing with this id is kept apart")]
    Unknown,
    /// It cannot be taken; why, without anything of what it says.
    #[error("{0}")]
    Refused(String),
    /// The door takes nothing now.
    #[error(transparent)]
    NotAccepted(#[from] NotAccepted),
    /// The database cannot be asked.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<NotTaken> for Problem {
    fn from(why: NotTaken) -> Self {
        match why {
            NotTaken::Unknown => Self::new(ProblemType::NotFound, why.to_string()),
            NotTaken::Refused(why) => Self::new(ProblemType::Refused, why),
            NotTaken::NotAccepted(why) => why.into(),
            NotTaken::Store(error) => failed(&error),
        }
    }
}

/// What is listed.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Query {
    kind: String,
    source: Option<String>,
    cursor: Option<Uuid>,
    limit: Option<u32>,
}

/// `GET /v1/aside?kind=quarantine&source=&cursor=&limit=`, newest first.
pub(crate) async fn list(state: web::Data<State>, query: web::Query<Query>) -> Result<HttpResponse, Problem> {
    let limit = page::limit(query.limit)?;
    let kind = AsideKind::from_word(&query.kind)
        .ok_or_else(|| Problem::new(ProblemType::Invalid, "kind is quarantine or unverified"))?;
    let source = query.source.clone().filter(|source| !source.is_empty());
    let filter = AsideFilter { kind, source, before: query.cursor, limit: limit + 1 };
    let rows = state.store.aside(&filter).await.map_err(|error| failed(&error))?;
    Ok(HttpResponse::Ok().json(page::list(rows, limit, |row| row.id.to_string(), shown)))
}

/// `POST /v1/aside/{id}/take`; answers what became of it.
pub(crate) async fn take(
    state: web::Data<State>,
    caller: Caller,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let id = id.into_inner();
    let receipt = state.aside.take(id).await?;
    tracing::info!(actor = caller.name, %id, verdict = receipt.verdict.word(), "what was kept apart was taken");
    Ok(HttpResponse::Ok().json(json!({
        "seq": receipt.seq, "verdict": receipt.verdict.word(), "copy": receipt.copy,
        "onboarding_id": receipt.onboarding, "detail": receipt.detail,
    })))
}

/// `{id, kind, source, reason, at, size, takeable}`.
#[must_use]
pub fn shown(kept: &KeptAside) -> Value {
    json!({
        "id": kept.id, "kind": kept.kind.word(), "source": kept.source, "reason": kept.reason,
        "at": kept.at.to_string(), "size": kept.size, "takeable": kept.takeable,
    })
}
