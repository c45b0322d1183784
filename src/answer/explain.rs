//! The rows that an explanation stands on, read, and the explanation. One person, a handful of queries.

use gangway_core::event::{Body, Event, Identifier, OnboardingId};
use gangway_core::explain::{Answered, Came, Child, Explanation, Facts};
use gangway_core::flow::model::Verb;
use gangway_core::onboarding::{Onboarding, Status};
use gangway_core::outcome::AttemptResult;
use gangway_core::time::{Millis, Timestamp};

use super::Answers;
use crate::store::StoreError;
use crate::store::story::Told;

/// Events that are looked at.
const RECENT: u32 = 60;
/// Held events that are told.
const HELD: u32 = 3;
/// A report of an attempt whose answer was lost comes this long before or after it.
const NEAR: Millis = Millis::secs(120);
/// Children of children that are followed: a flow that starts itself has no end.
const DEPTH: u32 = 4;

impl Answers {
    /// The explanation of an onboarding. `None` when its flow is not loaded here.
    ///
    /// # Errors
    /// [`StoreError::Passing`].
    pub async fn explain(&self, onboarding: &Onboarding) -> Result<Option<Explanation>, StoreError> {
        let Some(flow) = self.flows.get(&onboarding.flow) else { return Ok(None) };
        let facts = self.facts(onboarding).await?;
        Ok(Some(self.view(&flow, onboarding, &facts).explain()))
    }

    /// What rows say beside the onboarding.
    async fn facts(&self, onboarding: &Onboarding) -> Result<Facts, StoreError> {
        let recent = self.store.story(onboarding.id, None, RECENT).await?;
        let effects: Vec<i64> = recent.iter().filter_map(|told| effect(told.event.as_ref().ok()?)).collect();
        let targets = self.store.targets(onboarding.id, &effects).await?;
        let answers = recent.iter().filter_map(|told| answered(told, |n| targets.get(&n).cloned())).collect();
        let rested = onboarding.memory.review.as_ref().map_or(onboarding.since, |review| review.since);
        let came = recent.iter().filter(|told| told.entry.at >= rested).filter_map(came).collect();
        Ok(Facts {
            answers,
            came,
            held: self.held(onboarding).await?,
            rest: self.rest(onboarding),
            child: self.child(onboarding, DEPTH).await?,
            ..Facts::default()
        })
    }

    /// Held events that name this person, or that came about when an attempt's answer was lost.
    async fn held(&self, onboarding: &Onboarding) -> Result<Option<Vec<Came>>, StoreError> {
        if onboarding.status.ended() {
            return Ok(None);
        }
        let mut named = onboarding.memory.identifiers.clone();
        named.push(Identifier::new(Identifier::EXTERNAL_ID, &onboarding.user.external_id));
        named.extend(onboarding.user.email.as_ref().map(|email| Identifier::new(Identifier::EMAIL, email)));
        let mut held = self.store.held_naming(&named, HELD).await?;
        let pending = onboarding.memory.pending.as_ref();
        let lost = pending.and_then(|pending| Some((pending.target.split_once('.')?.0, pending.uncertain_since?)));
        if let Some((provider, since)) = lost.filter(|_| held.is_empty()) {
            let from = Timestamp(since.0.saturating_sub(i64::try_from(NEAR.0).unwrap_or(0)));
            let source = format!("webhook:{provider}");
            held = self.store.held_between(&source, from, since.plus(NEAR), HELD).await?;
        }
        Ok(Some(held.iter().filter_map(came).collect()))
    }

    /// The onboarding of the same person that this one waits for, with its own headline.
    async fn child(&self, onboarding: &Onboarding, depth: u32) -> Result<Option<Child>, StoreError> {
        let Some((flow, id)) = self.awaited_child(onboarding).filter(|_| depth > 0) else { return Ok(None) };
        let Some(Ok(child)) = self.store.seen(id).await? else { return Ok(None) };
        let grandchild = Box::pin(self.child(&child, depth - 1)).await?;
        let title = self.flows.get(&child.flow).map_or(flow, |flow| flow.title.clone());
        let facts = Facts { child: grandchild, ..Facts::default() };
        let headline = self.flows.get(&child.flow).map(|flow| self.view(&flow, &child, &facts).headline());
        Ok(Some(Child { id, title, status: child.status, headline: headline.unwrap_or_default() }))
    }

    fn awaited_child(&self, onboarding: &Onboarding) -> Option<(String, OnboardingId)> {
        let flow = self.flows.get(&onboarding.flow).filter(|_| onboarding.status == Status::Waiting)?;
        let Verb::Await(wait) = &flow.states.get(&onboarding.state)?.verb else { return None };
        wait.arrivals.values().find_map(|awaited| {
            let flow = gangway_core::event::flow_of(&awaited.name)?;
            Some((flow.to_owned(), *onboarding.memory.children.get(flow)?))
        })
    }
}

/// The effect that an outcome is of. What is published of the onboarding, or told to its parents, has negative numbers: its
/// outcome is no answer of a far end.
fn effect(event: &Event) -> Option<i64> {
    match &event.body {
        Body::Outcome { effect, .. } => Some(*effect).filter(|n| *n > 0),
        _ => None,
    }
}

/// An answer of a far end.
fn answered(told: &Told, target: impl Fn(i64) -> Option<String>) -> Option<Answered> {
    let event = told.event.as_ref().ok()?;
    let Body::Outcome { effect, result, .. } = &event.body else { return None };
    let outcome = match result {
        AttemptResult::Done(answer) => Some(answer.outcome.clone()),
        _ => None,
    };
    Some(Answered {
        event: told.entry.seq,
        target: target(*effect)?,
        outcome,
        at: told.entry.last.unwrap_or(told.entry.at),
        times: told.entry.times,
    })
}

/// A report that moved nothing.
fn came(told: &Told) -> Option<Came> {
    if !matches!(told.entry.verdict.as_str(), "noted" | "superseded" | "held") {
        return None;
    }
    let by_webhook = told.entry.source.starts_with("webhook:");
    let event = told.event.as_ref().ok();
    let fact = event.and_then(|event| match &event.body {
        Body::Report { facts, .. } => facts.first(),
        _ => None,
    });
    let is_message = event.is_some_and(|event| matches!(event.body, Body::Message { .. }));
    (by_webhook || is_message).then(|| Came {
        event: told.entry.seq,
        name: fact.map_or_else(|| told.entry.kind.clone(), |fact| fact.name.clone()),
        at: told.entry.at,
        by_webhook,
        is_hint: fact.is_some_and(|fact| fact.trust == gangway_core::event::Trust::Hint),
    })
}
