//! `/v1/users`: who is this, and where.

use actix_web::{HttpResponse, web};
use gangway_core::event::UserId;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::failed::failed;
use super::{State, shape};
use crate::answer::search;
use crate::problem::{Problem, ProblemType};
use crate::store::search::SeenUser;

/// What is looked for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Query {
    #[serde(default)]
    q: String,
}

/// `GET /v1/users?q=ANY-IDENTIFIER`
pub(crate) async fn find(state: web::Data<State>, query: web::Query<Query>) -> Result<HttpResponse, Problem> {
    let text = query.q.as_str();
    if text.trim().is_empty() || text.len() > search::LONGEST {
        return Err(Problem::new(
            ProblemType::Invalid,
            "q is any identifier: an external id, an e-mail address, a provider's id",
        ));
    }
    let found = search::find(&state.store, text, &state.answers.kinds).await.map_err(|error| failed(&error))?;
    let mut items = Vec::with_capacity(found.people.len());
    for user in found.people {
        items.push(shown(&state, &user).await?);
    }
    let mut answer = json!({ "items": items, "next": null });
    if let (false, Some(fields)) = (found.held.is_empty(), answer.as_object_mut()) {
        fields.insert("held".to_owned(), found.held.iter().map(shape::event).collect());
    }
    Ok(HttpResponse::Ok().json(answer))
}

/// `GET /v1/users/{id}`
pub(crate) async fn one(state: web::Data<State>, id: web::Path<Uuid>) -> Result<HttpResponse, Problem> {
    let user = state.store.user(UserId(id.into_inner())).await.map_err(|error| failed(&error))?;
    let user = user.ok_or_else(|| Problem::new(ProblemType::NotFound, "no user has this id"))?;
    Ok(HttpResponse::Ok().json(shown(&state, &user).await?))
}

async fn shown(state: &State, user: &SeenUser) -> Result<Value, Problem> {
    let id = user.as_ref().map_or_else(|shut| shut.id, |user| user.id);
    let onboardings = state.store.user_onboardings(id).await.map_err(|error| failed(&error))?;
    Ok(match user {
        Ok(user) => {
            let named = shape::Named::of(&state.store, &onboardings).await.map_err(|error| failed(&error))?;
            shape::user(user, &onboardings, &named, &state.flows, &*state.rests)
        }
        Err(shut) => shape::shut_user(shut, &onboardings, &state.flows, &*state.rests),
    })
}
