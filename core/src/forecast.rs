//! What an operator's act would do, told before it is done: the decision itself, never committed. Flow, onboarding and
//! act enter; what would be asked of the world leaves. Pure.

use serde::{Deserialize, Serialize};

use crate::decision::{Decision, FollowUp, Verdict};
use crate::effect::{Effect, Mode, Request};
use crate::event::{Body, Event, OperatorAct};
use crate::flow::model::{Flow, Verb};
use crate::onboarding::{Onboarding, Pending, Purpose, Status};
use crate::step::{self, looks_up};
use crate::time::Timestamp;

/// What an act would do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forecast {
    /// Whether it would be taken.
    pub allowed: bool,
    /// Why it would be refused.
    pub why_not: Option<String>,
    /// The revision that it was worked out for.
    pub revision: u64,
    /// Where the onboarding would be at once.
    pub after: Option<After>,
    /// The calls of providers that would be made.
    pub calls: Vec<Asked>,
    /// Templates of the mails that would be sent.
    pub mails: Vec<String>,
    /// Types of the messages that would be published; lifecycle events not counted.
    pub publishes: Vec<String>,
    /// Flows that would begin.
    pub starts: Vec<String>,
    /// Onboardings that would be told of the end.
    pub tells: usize,
    /// Names of the secrets that would be erased.
    pub erases: Vec<String>,
    /// Whether what would be done may have been done already, and nothing finds out.
    pub may_repeat: bool,
    /// Where each outcome of the state after would lead.
    pub then: Vec<Then>,
}

/// A state and what it means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct After {
    /// Name of the state.
    pub state: String,
    /// What that means to an onlooker.
    pub status: Status,
}

/// A call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// `PROVIDER.ACTION`.
    pub action: String,
    /// Whether it may change something at the provider.
    pub changes: bool,
}

/// Where an outcome would lead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Then {
    /// The outcome.
    pub outcome: String,
    /// The next state.
    pub state: String,
}

/// What this act would do to an onboarding now.
#[must_use]
pub fn forecast(flow: &Flow, onboarding: &Onboarding, act: &OperatorAct, now: Timestamp) -> Forecast {
    let body = Body::Operator { actor: String::new(), reason: String::new(), act: act.clone(), revision: None };
    let kind = "operator.forecast".to_owned();
    let event =
        Event { source: "operator:".to_owned(), key: String::new(), kind, received_at: now, occurred_at: None, body };
    of(flow, onboarding, &step::step(flow, onboarding, &event, now))
}

/// What a decision would do.
fn of(flow: &Flow, before: &Onboarding, decision: &Decision) -> Forecast {
    let after = &decision.onboarding;
    if decision.verdict == Verdict::Refused {
        let why_not = Some(decision.detail.clone());
        return Forecast { why_not, revision: before.revision, ..Forecast::default() };
    }
    let verb = flow.states.get(&after.state).map(|state| &state.verb);
    let mut told = Forecast {
        allowed: true,
        revision: before.revision,
        after: Some(After { state: after.state.clone(), status: after.status }),
        tells: decision.tells.len(),
        erases: erased(flow, before, after),
        then: then(verb, after),
        ..Forecast::default()
    };
    for effect in &decision.asks {
        told.asks(effect, effectful(verb, after));
    }
    if let (Some(pending), true) = (&after.memory.pending, tried_again(decision)) {
        told.again(pending, effectful(verb, after));
    }
    told.may_repeat = may_repeat(flow, before, decision);
    told
}

impl Forecast {
    fn asks(&mut self, effect: &Effect, changes: bool) {
        match &effect.request {
            Request::Call { action, .. } => self.calls.push(Asked { action: action.clone(), changes }),
            Request::Mail { template, .. } => self.mails.push(template.clone()),
            Request::Publish { event_type, .. } => self.publishes.push(event_type.clone()),
            Request::Start { flow, .. } => self.starts.push(flow.clone()),
            Request::Lifecycle { .. } | Request::Tell { .. } => {}
        }
    }

    /// The effect that is pending would be tried again.
    fn again(&mut self, pending: &Pending, changes: bool) {
        let changes = changes && pending.mode == Mode::Do;
        match pending.target.split_once(' ') {
            Some(("mail", template)) => self.mails.push(template.to_owned()),
            Some(("publish", kind)) => self.publishes.push(kind.to_owned()),
            Some(("start", flow)) => self.starts.push(flow.to_owned()),
            _ => self.calls.push(Asked { action: pending.target.clone(), changes }),
        }
    }

    /// Whether nothing would change at a far end: no work, no mail, no message.
    #[must_use]
    pub fn only_reads(&self) -> bool {
        self.mails.is_empty()
            && self.publishes.is_empty()
            && self.starts.is_empty()
            && self.calls.iter().all(|call| !call.changes)
    }
}

fn tried_again(decision: &Decision) -> bool {
    decision.follow_ups.iter().any(|one| matches!(one, FollowUp::Due { .. }))
}

/// Whether the pending effect changes something at the far end.
fn effectful(verb: Option<&Verb>, after: &Onboarding) -> bool {
    match (&after.memory.pending, verb) {
        (Some(Pending { purpose: Purpose::Poll | Purpose::Confirm, .. }), _) => false,
        (_, Some(Verb::Call(call))) => call.effectful,
        _ => true,
    }
}

/// Whether work is done again of which nobody knows whether it was done: there is no look-up, or the look-ups have said
/// nothing.
fn may_repeat(flow: &Flow, before: &Onboarding, decision: &Decision) -> bool {
    let Some(unknown) = before.memory.pending.as_ref().filter(|pending| pending.uncertain_since.is_some()) else {
        return false;
    };
    let verb = flow.states.get(&before.state).map(|state| &state.verb);
    if looks_up(verb, unknown) {
        return false;
    }
    let after = decision.onboarding.memory.pending.as_ref();
    let asked = tried_again(decision) || !decision.asks.is_empty();
    asked && after.is_some_and(|after| after.target == unknown.target && after.mode == Mode::Do)
}

/// The secrets that nothing will read any more.
fn erased(flow: &Flow, before: &Onboarding, after: &Onboarding) -> Vec<String> {
    let kept = |it: &Onboarding, name: &str| !it.status.ended() && flow.keeps(&it.state, name);
    flow.secrets.keys().filter(|name| kept(before, name) && !kept(after, name)).cloned().collect()
}

fn then(verb: Option<&Verb>, after: &Onboarding) -> Vec<Then> {
    let outcomes = verb.filter(|_| !after.status.ended()).and_then(Verb::outcomes);
    let named = outcomes.into_iter().flatten();
    named.map(|(outcome, state)| Then { outcome: outcome.clone(), state: state.clone() }).collect()
}
