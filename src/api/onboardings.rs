//! `/v1/onboardings`: where everyone is, and one onboarding's journal.

use actix_web::{HttpResponse, web};
use gangway_core::event::OnboardingId;
use gangway_core::explain;
use gangway_core::onboarding::Status;
use gangway_core::time::Timestamp;
use serde::Deserialize;
use uuid::Uuid;

use super::auth::Caller;
use super::failed::failed;
use super::{State, page, shape};
use crate::answer::{self, Reader};
use crate::problem::{Problem, ProblemType};
use crate::store::search::{Filter, JournalEntry, Seen};

/// What is listed; an empty word is no filter.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Query {
    flow: String,
    state: String,
    status: String,
    cause: String,
    order: String,
    cursor: String,
    limit: Option<u32>,
}

impl Query {
    fn filter(self) -> Result<Filter, Problem> {
        if !self.status.is_empty() && Status::from_word(&self.status).is_none() {
            let words = Status::ALL.map(Status::word).join(", ");
            return Err(Problem::new(ProblemType::Invalid, format!("status is one of {words}")));
        }
        let longest = match self.order.as_str() {
            "" | "newest" => false,
            "longest" if matches!(self.status.as_str(), "review" | "waiting") => true,
            "longest" => return Err(invalid("order=longest needs status=review or status=waiting")),
            _ => return Err(invalid("order is newest or longest")),
        };
        if !self.cause.is_empty() && self.status != Status::Review.word() {
            return Err(invalid("cause needs status=review: only reviews have one"));
        }
        let cursor = match self.cursor.as_str() {
            "" => None,
            text => Some(read_cursor(text, longest).ok_or_else(|| invalid("cursor is the `next` of a list"))?),
        };
        let some = |text: String| (!text.is_empty()).then_some(text);
        Ok(Filter {
            flow: some(self.flow),
            state: some(self.state),
            status: some(self.status),
            cause: some(self.cause),
            longest,
            cursor,
            limit: page::limit(self.limit)?,
        })
    }
}

fn invalid(detail: &str) -> Problem {
    Problem::new(ProblemType::Invalid, detail)
}

/// A cursor: the id of the last one, with its `since` before it when the list is by that.
fn read_cursor(text: &str, longest: bool) -> Option<(Timestamp, OnboardingId)> {
    let (since, id) = if longest { text.split_once('_')? } else { ("0", text) };
    Some((Timestamp(since.parse().ok()?), OnboardingId(Uuid::parse_str(id).ok()?)))
}

fn cursor(seen: &Seen, longest: bool) -> String {
    let (since, id) = seen.as_ref().map_or_else(|shut| (shut.since, shut.id), |one| (one.since, one.id));
    if longest { format!("{}_{id}", since.0) } else { id.to_string() }
}

/// `GET /v1/onboardings?flow=&state=&status=&cause=&order=&cursor=&limit=`, newest first, or those first that have been
/// in their state longest.
pub(crate) async fn list(state: web::Data<State>, query: web::Query<Query>) -> Result<HttpResponse, Problem> {
    let mut filter = query.into_inner().filter()?;
    let (limit, longest) = (filter.limit, filter.longest);
    filter.limit = limit + 1;
    let rows = state.store.onboardings(&filter).await.map_err(|error| failed(&error))?;
    let item = |row: &Seen| {
        let mut shown = shape::onboarding(row, &state.flows, &*state.rests);
        let headline = row.as_ref().ok().and_then(|onboarding| state.answers.headline(onboarding));
        let headline = headline.map(|pieces| Reader::Whole.text(&pieces, state.clock.now()));
        if let Some(fields) = shown.as_object_mut() {
            fields.extend(headline.map(|text| ("headline".to_owned(), text.into())));
        }
        shown
    };
    let shown = page::list(rows, limit, |row| cursor(row, longest), item);
    Ok(HttpResponse::Ok().json(shown))
}

/// `GET /v1/onboardings/{id}`, with its explanation; with `show` when its state has something for the front end of a
/// waiting person.
pub(crate) async fn one(state: web::Data<State>, caller: Caller, id: web::Path<Uuid>) -> Result<HttpResponse, Problem> {
    let seen = load(&state, OnboardingId(id.into_inner())).await?;
    let mut shown = shape::onboarding(&seen, &state.flows, &*state.rests);
    let show = seen.as_ref().ok().and_then(|onboarding| {
        let flow = state.flows.get(&onboarding.flow)?;
        explain::shown(&flow, onboarding)
    });
    let explanation = match &seen {
        Ok(onboarding) => state.answers.explain(onboarding).await.map_err(|error| failed(&error))?,
        Err(_) => None,
    };
    if let Some(fields) = shown.as_object_mut() {
        fields.extend(show.map(|show| ("show".to_owned(), show.into())));
        let now = state.clock.now();
        let told = explanation.map(|told| answer::shape::explanation(&told, now, Reader::Whole, caller.operates));
        fields.extend(told.map(|told| ("explanation".to_owned(), told)));
    }
    Ok(HttpResponse::Ok().json(shown))
}

/// The onboarding, or that there is none.
pub(crate) async fn load(state: &State, id: OnboardingId) -> Result<Seen, Problem> {
    let found = state.store.seen(id).await.map_err(|error| failed(&error))?;
    found.ok_or_else(|| Problem::new(ProblemType::NotFound, "no onboarding has this id"))
}

/// Most causes that are told; what is rarer is found by the list.
const CAUSES: u32 = 100;

/// `GET /v1/causes`: why people are asked now, the most frequent cause first.
pub(crate) async fn causes(state: web::Data<State>) -> Result<HttpResponse, Problem> {
    let causes = state.store.causes(CAUSES).await.map_err(|error| failed(&error))?;
    let items: Vec<_> = causes.iter().map(shape::cause).collect();
    Ok(HttpResponse::Ok().json(serde_json::json!({ "items": items, "next": null })))
}

/// `GET /v1/onboardings/{id}/story?cursor=&limit=`, newest first.
pub(crate) async fn story(
    state: web::Data<State>,
    id: web::Path<Uuid>,
    part: web::Query<Part>,
) -> Result<HttpResponse, Problem> {
    let id = OnboardingId(id.into_inner());
    if part.order.is_some() {
        return Err(Problem::new(ProblemType::Invalid, "a story is told newest first; order is for the journal"));
    }
    let limit = page::limit(part.limit)?;
    drop(load(&state, id).await?);
    let story = state.answers.story(id, part.cursor, limit).await.map_err(|error| failed(&error))?;
    Ok(HttpResponse::Ok().json(answer::shape::story(&story, state.clock.now(), Reader::Whole)))
}

/// `GET /v1/onboardings/{id}/mails`, newest first.
pub(crate) async fn mails(state: web::Data<State>, id: web::Path<Uuid>) -> Result<HttpResponse, Problem> {
    let id = OnboardingId(id.into_inner());
    drop(load(&state, id).await?);
    let mails = state.answers.mails(id).await.map_err(|error| failed(&error))?;
    let items: Vec<_> = mails.iter().map(|mail| answer::shape::mail(mail, Reader::Whole)).collect();
    Ok(HttpResponse::Ok().json(serde_json::json!({ "items": items, "next": null })))
}

/// Which part of a journal.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Part {
    cursor: Option<i64>,
    limit: Option<u32>,
    order: Option<Order>,
}

/// In which order a journal is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Order {
    Oldest,
    Newest,
}

/// `GET /v1/onboardings/{id}/events?cursor=&limit=&order=`, oldest first unless `order=newest`.
pub(crate) async fn journal(
    state: web::Data<State>,
    id: web::Path<Uuid>,
    part: web::Query<Part>,
) -> Result<HttpResponse, Problem> {
    let id = OnboardingId(id.into_inner());
    let limit = page::limit(part.limit)?;
    drop(load(&state, id).await?);
    let rows = match part.order {
        Some(Order::Newest) => {
            let told = state.store.story(id, part.cursor, limit + 1).await;
            told.map(|told| told.into_iter().map(|told| told.entry).collect())
        }
        _ => state.store.journal(id, part.cursor.unwrap_or(0), limit + 1).await,
    };
    let rows: Vec<JournalEntry> = rows.map_err(|error| failed(&error))?;
    Ok(HttpResponse::Ok().json(page::list(rows, limit, |row| row.seq.to_string(), shape::event)))
}

#[cfg(test)]
mod tests {
    use super::Query;

    #[test]
    fn a_filter_that_would_silently_list_everyone_is_refused() {
        let read = |text: &str| serde_json::from_value::<Query>(serde_json::from_str(text).unwrap());
        assert!(read("{\"stauts\":\"review\"}").is_err());
        assert!(read("{\"status\":\"stuck\"}").unwrap().filter().is_err());
        assert!(read("{\"cursor\":\"x\"}").unwrap().filter().is_err());
        assert!(read("{\"order\":\"longest\"}").unwrap().filter().is_err());
        assert!(read("{\"order\":\"oldest\",\"status\":\"review\"}").unwrap().filter().is_err());
        assert!(read("{\"cause\":\"asked review\"}").unwrap().filter().is_err());
        let filter = read("{\"status\":\"review\",\"flow\":\"\"}").unwrap().filter().unwrap();
        assert_eq!((filter.status.as_deref(), filter.flow, filter.limit), (Some("review"), None, 50));
    }
}
