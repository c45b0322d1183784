//! The heart: one event in, one decision out. Total: every event in every state is answered; never an error, never
//! a panic. Pure: same input, same answer, on every machine and at every replay.
//!
//! `turn` is the sheet on which one event is worked out. `enter` enters and leaves states, `wait` looks back, polls and
//! confirms hints, `facts` merges what is known, `outcome` and `trouble` take up how attempts ended, `names` remembers
//! by which identifiers a person is known, `objected` what far ends object to, `rounds` stops what goes in a circle, `operator` does what a person asks,
//! `keep` cuts answers down to what the flow reads, `without` answers what needs no flow.

mod enter;
mod facts;
mod keep;
mod names;
mod objected;
mod operator;
mod outcome;
mod rounds;
mod trouble;
mod turn;
mod wait;
mod without;

use crate::decision::{Decision, Verdict};
use crate::event::{Body, Event, OnboardingId};
use crate::flow::model::{Flow, Verb};
use crate::onboarding::{Memory, Onboarding, Pending, ReviewCause, Status, User};
use crate::time::Timestamp;
use serde_json::Value;
use turn::Turn;

pub(crate) use enter::choices;
pub(crate) use trouble::manner;
pub(crate) use turn::about;
pub(crate) use wait::names;
pub use without::without_flow;

/// Begins an onboarding with its start event: revision 1, in the flow's first state or wherever that leads at once.
/// Keeps only what the flow reads of the event's data.
#[must_use]
pub fn start(flow: &Flow, id: OnboardingId, user: &User, event: &Event, now: Timestamp) -> Decision {
    let mut memory = Memory::default();
    let mut by = event.kind.clone();
    match &event.body {
        Body::Message { data: Value::Object(data), .. } => memory.data = keep::of_data(flow, data),
        Body::Child { parent, data, .. } => {
            memory.data = keep::of_data(flow, data);
            memory.parents.insert(*parent);
            by = format!("onboarding {parent}");
        }
        _ => {}
    }
    let new = Onboarding {
        id,
        user: user.clone(),
        flow: flow.id.clone(),
        state: flow.initial().to_owned(),
        status: Status::Active,
        since: now,
        wake_at: None,
        revision: 0,
        created_at: now,
        ended_at: None,
        memory,
    };
    let mut turn = Turn::new(flow, new, now);
    turn.verdict = Verdict::Applied;
    turn.say(format_args!("started by {by}"));
    turn.enter(flow.initial());
    turn.finish(None)
}

/// Answers one event. What does not change the onboarding leaves it as it is, revision included.
#[must_use]
pub fn step(flow: &Flow, onboarding: &Onboarding, event: &Event, now: Timestamp) -> Decision {
    let mut turn = Turn::new(flow, onboarding.clone(), now);
    match &event.body {
        Body::Operator { act, revision, .. } => turn.operator(act, *revision),
        body => {
            let lost = turn.lost();
            turn.hear(event, body);
            if lost {
                turn.verdict = Verdict::Applied;
            }
        }
    }
    turn.finish(Some(onboarding))
}

/// Whether a look-up can find out what a pending effect of a state that does this has done.
pub(crate) fn looks_up(verb: Option<&Verb>, pending: &Pending) -> bool {
    manner(verb, pending).look_up
}

impl Turn<'_> {
    /// Opens a review when the flow does not have the onboarding's state: nothing else could ever move it.
    fn lost(&mut self) -> bool {
        let lost = !self.it.status.ended() && self.it.memory.review.is_none() && self.verb().is_none();
        if lost {
            self.let_go();
            let state = self.it.state.clone();
            self.review(ReviewCause::Flow, format!("the flow has no state {state}; possible: move, cancel"));
        }
        lost
    }

    /// Nothing would ever move it again (a broken row, never a normal course): a person is asked.
    fn stranded(&mut self) {
        if self.it.status.ended() || self.it.memory.review.is_some() {
            return self.say("it has ended or a person is asked already");
        }
        // Whether the work of a pending effect was done is not known: a retry asks it anew, a move leaves it.
        let detail = "nothing would have moved it: no effect, no timer, no question; possible: retry, move, cancel";
        self.review(ReviewCause::Flow, detail.into());
    }

    /// Another onboarding of the user wants what this one does: it is told of the end too.
    fn joined(&mut self, parent: OnboardingId) {
        if self.it.status.ended() {
            return self.say("this onboarding has ended");
        }
        let news = self.it.memory.parents.insert(parent);
        let what = if news { "joins it" } else { "has joined it already" };
        self.say(format_args!("already running; onboarding {parent} {what}"));
    }

    fn hear(&mut self, event: &Event, body: &Body) {
        match body {
            Body::Message { data, .. } => self.message(event, data),
            Body::Report { facts, .. } => self.report(facts, event.received_at),
            Body::Child { parent, .. } => self.joined(*parent),
            Body::Outcome { effect, attempt, sent_at, result, taken, unspent } => {
                let of = outcome::Of { n: *effect, attempt: *attempt, sent_at: *sent_at, unspent: *unspent };
                match taken {
                    Some(taken) => self.taken(of, taken),
                    None => self.outcome(of, result, event.received_at),
                }
            }
            Body::Timer { .. } => self.timer(),
            Body::Adopt { .. } => self.say("held events are being adopted"),
            Body::Stranded => self.stranded(),
            Body::Operator { act, revision, .. } => self.operator(act, *revision),
        }
    }
}
