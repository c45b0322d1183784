//! An onboarding as the API and the lifecycle events show it. One rendering, so that both say the same.

use gangway_core::decision::{Decision, Lifecycle};
use gangway_core::effect::{Effect, EffectId, Request};
use gangway_core::explain::{Rest, Summary, summary};
use gangway_core::flow::model::Flow;
use gangway_core::objection::Objection;
use gangway_core::onboarding::{FlowRef, Onboarding};
use gangway_core::time::Timestamp;
use serde_json::{Value, json};

use crate::store::types::Shut;

/// The contract's onboarding: `{id, user_id, flow, version, state, status, since, why, next, revision, created_at,
/// ended_at}`. A flow that this process does not know leaves `why` to say so.
#[must_use]
pub fn onboarding(flow: Option<&Flow>, onboarding: &Onboarding) -> Value {
    shown(onboarding, flow.map(|flow| summary(flow, onboarding)))
}

/// What is published of a decision: each kind of change, with the onboarding as it is after it.
pub(super) fn lifecycle(flow: Option<&Flow>, decision: &Decision, due_at: Timestamp) -> Vec<Effect> {
    let after = &decision.onboarding;
    let effect = |(place, lifecycle): (u32, &Lifecycle)| Effect {
        id: EffectId::lifecycle(after.id, after.revision, place),
        request: Request::Lifecycle {
            event_type: lifecycle.event_type().to_owned(),
            subject: Some(after.user.external_id.clone()),
            data: onboarding(flow, after),
        },
        due_at,
    };
    (0..).zip(&decision.lifecycle).map(effect).collect()
}

/// An onboarding for those who may read all of it: with what holds its effect back by the experience of the process that
/// shows it, and with what far ends objected to, in their own words, which are never published.
#[must_use]
pub fn with_rest(flow: Option<&Flow>, onboarding: &Onboarding, rest: Option<&Rest>) -> Value {
    let explained = flow.map(|flow| summary(flow, onboarding));
    let explained = explained.map(|told| rest.into_iter().fold(told, |told, rest| told.resting(onboarding, rest)));
    let explained = explained.map(|mut told| {
        told.why.extend(told.said.iter().map(|said| format!("; {said}")));
        told
    });
    let mut shown = shown(onboarding, explained);
    if let Some(fields) = shown.as_object_mut() {
        let objections: Vec<Value> = onboarding.memory.objections.iter().map(objection).collect();
        fields.extend((!objections.is_empty()).then(|| ("objections".to_owned(), objections.into())));
    }
    shown
}

/// `{state, target, outcome, code, reason, first, last, times}`
fn objection(objection: &Objection) -> Value {
    json!({
        "state": objection.state,
        "target": objection.target,
        "outcome": objection.outcome,
        "code": objection.code,
        "reason": objection.reason,
        "first": objection.first.to_string(),
        "last": objection.last.to_string(),
        "times": objection.times,
    })
}

fn shown(onboarding: &Onboarding, explained: Option<Summary>) -> Value {
    let (why, next) = match explained {
        Some(said) => (said.why, said.next),
        None => (not_loaded(&onboarding.flow), None),
    };
    let mut shown = json!({
        "id": onboarding.id,
        "user_id": onboarding.user.id,
        "flow": onboarding.flow.name,
        "version": onboarding.flow.version,
        "state": onboarding.state,
        "status": onboarding.status,
        "since": onboarding.since.to_string(),
        "why": why,
        "next": next.map(|next| json!({ "what": next.what, "at": next.at.map(|at| at.to_string()) })),
        "revision": onboarding.revision,
        "created_at": onboarding.created_at.to_string(),
        "ended_at": onboarding.ended_at.map(|at| at.to_string()),
    });
    if let Some(fields) = shown.as_object_mut() {
        fields.extend(onboarding.cause().map(|cause| ("cause".to_owned(), cause.into())));
    }
    shown
}

/// What the columns say of an onboarding that cannot be read here, in the same shape; `why` says the cause.
#[must_use]
pub fn shut(shut: &Shut) -> Value {
    json!({
        "id": shut.id,
        "user_id": shut.user,
        "flow": shut.flow.name,
        "version": shut.flow.version,
        "state": shut.state,
        "status": shut.status,
        "since": shut.since.to_string(),
        "why": unreadable(shut),
        "next": null,
        "revision": shut.revision,
        "created_at": shut.created_at.to_string(),
        "ended_at": shut.ended_at.map(|at| at.to_string()),
    })
}

/// Why an onboarding can neither be shown whole nor stepped by this process.
#[must_use]
pub fn unreadable(shut: &Shut) -> String {
    format!("cannot be read here: {}", shut.why)
}

/// Why this process cannot step anyone of this flow version.
#[must_use]
pub fn not_loaded(flow: &FlowRef) -> String {
    format!("cannot be stepped here: flow {} version {} is not loaded", flow.name, flow.version)
}
