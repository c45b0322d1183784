//! `POST /v1/events`: CloudEvents 1.0 over HTTP, structured, binary and in batches. A 202 leaves only after the commit
//! of every event in it. The right to publish is checked before this handler is reached.
//!
//! A batch with one unreadable event is refused whole, and every bad one is named: 2xx means all of it.

#[cfg(test)]
mod spec;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use gangway_core::time::{Millis, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};

use super::answer::{answer, bad_batch, come_again, count, unreadable, word};
use super::cloudevents::{self, NotAnEvent, essence, header_decoded, is_core};
use super::{body, coding, json as text};
use crate::clock::Clock;
use crate::engine::{Arrival, Door, NotAccepted, Receipt};
use crate::problem::ProblemType;
use crate::settings::IntakeSettings;

const SOURCE: &str = "http";

/// What the handler shares.
#[derive(Debug)]
pub struct Events {
    door: Door,
    clock: Arc<dyn Clock>,
    limits: IntakeSettings,
}

impl Events {
    /// The handler's share.
    #[must_use]
    pub const fn new(door: Door, clock: Arc<dyn Clock>, limits: IntakeSettings) -> Self {
        Self { door, clock, limits }
    }
}

/// What became of one event.
#[derive(Debug, Serialize)]
struct Item {
    id: String,
    verdict: &'static str,
    copy: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    onboarding_id: Option<String>,
    detail: String,
}

/// What a request holds.
struct Published {
    arrivals: Vec<Arrival>,
    batch: bool,
}

/// Why a request holds nothing.
enum Refused {
    One(NotAnEvent),
    Batch(Vec<(usize, NotAnEvent)>),
    TooMany(usize),
}

/// Takes the events of one request; mount it as `POST /v1/events` behind the check for scope `publish`. Only those of
/// these sources, where there are any: a forged event published first under a source and an id would make the genuine
/// one a duplicate.
pub async fn publish(
    events: web::Data<Events>,
    request: HttpRequest,
    mut payload: web::Payload,
    sources: &[String],
) -> HttpResponse {
    let raw = match body::read(&request, &mut payload, &events.limits).await {
        Ok(raw) => raw,
        Err(none) => {
            let (response, verdict) = none.told();
            count(SOURCE, verdict);
            return response;
        }
    };
    let headers = body::headers(&request);
    let decoded = match coding::decoded(coding::of(&headers).as_deref(), &raw, events.limits.body_max) {
        Ok(decoded) => decoded,
        Err(undecoded) => {
            let (response, verdict) = body::undecoded(undecoded);
            count(SOURCE, verdict);
            return response;
        }
    };
    match read(&headers, decoded, events.clock.now(), events.limits.batch_max) {
        Ok(Published { arrivals, .. }) if !all_of(sources, &arrivals) => {
            count(SOURCE, "forbidden");
            answer(ProblemType::Forbidden, "this token publishes under other sources; nothing was taken")
        }
        Ok(Published { arrivals, batch }) => match events.hand_in(arrivals).await {
            Ok(items) if batch => HttpResponse::Accepted().json(json!({ "items": items })),
            Ok(items) => HttpResponse::Accepted().json(items.first()),
            Err(why) => come_again(&why),
        },
        Err(Refused::One(why)) => {
            count(SOURCE, "unreadable");
            unreadable(&why.0)
        }
        Err(Refused::Batch(bad)) => {
            bad.iter().for_each(|_| count(SOURCE, "unreadable"));
            bad_batch(bad.into_iter().map(|(index, why)| json!({ "index": index, "reason": why.0 })).collect())
        }
        Err(Refused::TooMany(given)) => {
            count(SOURCE, "too_large");
            let most = events.limits.batch_max;
            answer(
                ProblemType::TooLarge,
                &format!("the batch has {given} events, and at most {most} are taken at once"),
            )
        }
    }
}

fn all_of(sources: &[String], arrivals: &[Arrival]) -> bool {
    sources.is_empty() || arrivals.iter().all(|arrival| sources.contains(&arrival.event.source))
}

fn read(headers: &[(String, String)], raw: Bytes, now: Timestamp, batch_max: usize) -> Result<Published, Refused> {
    let content_type = headers.iter().find(|(name, _)| name == "content-type").map(|(_, value)| value.as_str());
    let essence = content_type.map(essence).unwrap_or_default();
    match essence.as_str() {
        "application/cloudevents+json" => one(raw, now),
        "application/cloudevents-batch+json" => batch(&raw, now, batch_max),
        _ if headers.iter().any(|(name, _)| name == "ce-specversion") => binary(headers, content_type, &raw, now),
        "application/json" => one(raw, now),
        _ => {
            let what = "the content type is neither application/cloudevents+json, application/cloudevents-batch+json \
                nor application/json, and there are no ce- headers";
            Err(Refused::One(NotAnEvent(what.into())))
        }
    }
}

fn one(raw: Bytes, now: Timestamp) -> Result<Published, Refused> {
    let event = text::read(&raw).map_err(|why| Refused::One(NotAnEvent(why.into())))?;
    single(&event, raw, now)
}

fn binary(
    headers: &[(String, String)],
    content_type: Option<&str>,
    raw: &Bytes,
    now: Timestamp,
) -> Result<Published, Refused> {
    let mut attributes = Vec::new();
    for (name, value) in headers {
        let Some(name) = name.strip_prefix("ce-") else { continue };
        // What stands for bytes that are no text: two ids that differ only there must not become the same one.
        let text = Some(value).filter(|value| !value.contains(text::LOST)).and_then(|value| header_decoded(value));
        match text {
            Some(text) => attributes.push((name.to_owned(), Value::String(text))),
            None if is_core(name) => {
                let what = "is not percent-encoded UTF-8; a percent sign is written %25";
                return Err(Refused::One(NotAnEvent(format!("header `ce-{name}` {what}"))));
            }
            // Nothing reads an extension, so nothing is lost.
            None => {}
        }
    }
    let event = cloudevents::unfold(attributes, content_type, raw).map_err(Refused::One)?;
    single(&event, event.to_string().into(), now)
}

fn single(event: &Value, raw: Bytes, now: Timestamp) -> Result<Published, Refused> {
    let arrival = cloudevents::arrival(event, raw, now).map_err(Refused::One)?;
    Ok(Published { arrivals: vec![arrival], batch: false })
}

fn batch(raw: &[u8], now: Timestamp, most: usize) -> Result<Published, Refused> {
    let Value::Array(events) = text::read(raw).map_err(|why| Refused::One(NotAnEvent(why.into())))? else {
        return Err(Refused::One(NotAnEvent("a batch is a JSON array".into())));
    };
    if events.len() > most {
        return Err(Refused::TooMany(events.len()));
    }
    let (mut arrivals, mut bad) = (Vec::with_capacity(events.len()), Vec::new());
    for (index, event) in events.iter().enumerate() {
        match cloudevents::arrival(event, event.to_string().into(), now) {
            Ok(arrival) => arrivals.push(arrival),
            Err(why) => bad.push((index, why)),
        }
    }
    if bad.is_empty() { Ok(Published { arrivals, batch: true }) } else { Err(Refused::Batch(bad)) }
}

impl Events {
    /// Hands them in; when one was not accepted, none is answered for: known ones are copies the next time.
    async fn hand_in(&self, arrivals: Vec<Arrival>) -> Result<Vec<Item>, NotAccepted> {
        let ids: Vec<String> = arrivals.iter().map(|arrival| arrival.event.key.clone()).collect();
        let within = Duration::from_millis(self.limits.answer_within.0);
        let Ok(answers) = tokio::time::timeout(within, self.door.accept_all(arrivals)).await else {
            ids.iter().for_each(|_| count(SOURCE, "unavailable"));
            return Err(NotAccepted::Away(Millis::secs(1)));
        };
        let count_one = |answer: &Result<Receipt, NotAccepted>| {
            count(SOURCE, answer.as_ref().map_or("unavailable", word));
        };
        answers.iter().for_each(count_one);
        ids.into_iter().zip(answers).map(|(id, answer)| answer.map(|receipt| Item::new(id, receipt))).collect()
    }
}

impl Item {
    fn new(id: String, receipt: Receipt) -> Self {
        Self {
            id,
            verdict: receipt.verdict.word(),
            copy: receipt.copy,
            seq: receipt.seq,
            onboarding_id: receipt.onboarding.map(|onboarding| onboarding.to_string()),
            detail: receipt.detail,
        }
    }
}
