//! An onboarding as the API and the lifecycle events show it. One rendering, so that both say the same.

use gangway_core::explain::{Rest, explain};
use gangway_core::flow::model::Flow;
use gangway_core::onboarding::Onboarding;
use serde_json::{Value, json};

/// The contract's onboarding: `{id, user_id, flow, version, state, status, since, why, next, revision, created_at,
/// ended_at}`. A flow that this process does not know leaves `why` to say so.
#[must_use]
pub fn onboarding(flow: Option<&Flow>, onboarding: &Onboarding) -> Value {
    with_rest(flow, onboarding, None)
}

/// The same, with what holds its effect back by the experience of the process that shows it.
#[must_use]
pub fn with_rest(flow: Option<&Flow>, onboarding: &Onboarding, rest: Option<&Rest>) -> Value {
    let explained = flow.map(|flow| explain(flow, onboarding));
    let explained = explained.map(|said| rest.into_iter().fold(said, |said, rest| said.resting(onboarding, rest)));
    let (why, next) = match explained {
        Some(said) => (said.why, said.next),
        None => (
            format!("this process does not know flow {} version {}", onboarding.flow.name, onboarding.flow.version),
            None,
        ),
    };
    json!({
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
    })
}
