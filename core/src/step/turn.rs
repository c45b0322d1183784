//! The sheet on which one event is worked out: the onboarding as it becomes, and what is asked on the way.
//! A copy of the onboarding enters, a decision leaves. Nothing is performed.

use std::fmt::{Display, Write};

use crate::decision::{Decision, FollowUp, Lifecycle, Verdict};
use crate::effect::{Effect, EffectId, Mode, Request};
use crate::event::{Identifier, OnboardingId};
use crate::flow::model::{Await, Flow, Verb};
use crate::onboarding::{Onboarding, Pending, Purpose, Review, ReviewCause, Status};
use crate::time::{Millis, Timestamp};

/// Nothing more is added to a journal line that is longer than this: a report may carry any number of facts.
const LONGEST_LINE: usize = 400;

/// One event being answered.
pub(super) struct Turn<'a> {
    pub(super) flow: &'a Flow,
    pub(super) now: Timestamp,
    /// The onboarding as it becomes.
    pub(super) it: Onboarding,
    pub(super) verdict: Verdict,
    pub(super) follow_ups: Vec<FollowUp>,
    pub(super) identifiers: Vec<Identifier>,
    /// How the state before this one ended, when this event ended it.
    pub(super) left: Option<String>,
    /// Whether a far end objected to something by this event.
    pub(super) objected: bool,
    /// Whether the state was left for another reason than that it ended well: late, or an operator's wish.
    pub(super) unwell: bool,
    asks: Vec<Effect>,
    said: String,
}

impl<'a> Turn<'a> {
    pub(super) fn new(flow: &'a Flow, it: Onboarding, now: Timestamp) -> Self {
        Self {
            flow,
            now,
            it,
            verdict: Verdict::Noted,
            follow_ups: Vec::new(),
            identifiers: Vec::new(),
            left: None,
            objected: false,
            unwell: false,
            asks: Vec::new(),
            said: String::new(),
        }
    }

    /// Adds to the journal's line. Names only: never a value of the data or of an answer.
    pub(super) fn say(&mut self, what: impl Display) {
        if self.said.len() > LONGEST_LINE {
            return;
        }
        let gap = if self.said.is_empty() { "" } else { "; " };
        let _ = write!(self.said, "{gap}{what}");
    }

    /// What the current state does; `None` when the flow does not have it.
    pub(super) fn verb(&self) -> Option<&'a Verb> {
        self.flow.states.get(&self.it.state).map(|state| &state.verb)
    }

    /// The wait that is going on, also while a review of its polls is open.
    pub(super) fn wait(&self) -> Option<&'a Await> {
        match self.verb() {
            Some(Verb::Await(wait)) if !self.it.status.ended() => Some(wait),
            _ => None,
        }
    }

    /// Asks an effect, due now, and waits for its outcome.
    pub(super) fn ask(&mut self, purpose: Purpose, target: String, request: Request) {
        self.it.memory.asked = self.it.memory.asked.saturating_add(1);
        let n = self.it.memory.asked;
        if purpose == Purpose::Work {
            self.spend(&request);
        }
        self.asks.push(Effect { id: EffectId { onboarding: self.it.id, n }, request, due_at: self.now });
        self.say(format_args!("asks {target}"));
        self.it.memory.pending = Some(Pending {
            n,
            purpose,
            target,
            attempts: 0,
            tried: 0,
            looked: 0,
            mode: Mode::Do,
            asked_at: self.now,
            due_at: self.now,
            uncertain_since: None,
            look_ups: 0,
            trouble: None,
        });
        self.verdict = Verdict::Applied;
    }

    /// Ends an effect with this outcome.
    pub(super) fn settle(&mut self, n: i64, outcome: &str) {
        self.follow_ups.push(FollowUp::Settled { n, outcome: outcome.to_owned() });
    }

    /// Makes the pending effect due at its `due_at`, in its mode.
    pub(super) fn due_again(&mut self) {
        if let Some(p) = &self.it.memory.pending {
            let (n, at, mode, uncertain_since) = (p.n, p.due_at, p.mode, p.uncertain_since);
            self.follow_ups.push(FollowUp::Due { n, at, mode, uncertain_since });
            self.verdict = Verdict::Applied;
        }
    }

    /// Stops waiting for the pending effect. One that a review keeps was settled when that review opened.
    pub(super) fn let_go(&mut self) {
        if let Some(pending) = self.it.memory.pending.take()
            && self.it.memory.review.is_none()
        {
            self.settle(pending.n, "cancelled");
        }
    }

    /// Asks a person and keeps the state, and the pending effect too, so that a retry goes on with the same one.
    pub(super) fn review(&mut self, cause: ReviewCause, detail: String) {
        self.say(format_args!("review: {detail}"));
        self.it.status = Status::Review;
        self.it.memory.review = Some(Review { cause, detail, since: self.now });
        self.verdict = Verdict::Applied;
    }

    /// The decision. The revision grows by one when anything changed, and only then.
    pub(super) fn finish(mut self, before: Option<&Onboarding>) -> Decision {
        self.overcome(before);
        self.it.wake_at = self.it.wakes_at();
        if before != Some(&self.it) {
            self.it.revision = self.it.revision.saturating_add(1);
        } else if self.verdict == Verdict::Applied {
            self.verdict = Verdict::Noted;
        }
        Decision {
            verdict: self.verdict,
            from: before.map(|before| before.state.clone()),
            to: Some(self.it.state.clone()),
            asks: self.asks,
            tells: tells(before, &self.it),
            follow_ups: self.follow_ups,
            identifiers: self.identifiers,
            lifecycle: lifecycle(before, &self.it),
            detail: self.said,
            onboarding: self.it,
        }
    }
}

/// Tells each parent of the end, when it ended by this event.
fn tells(before: Option<&Onboarding>, after: &Onboarding) -> Vec<Effect> {
    let end = match before {
        Some(before) if before.status.ended() => None,
        _ => after.end(),
    };
    let Some((fact, due_at)) = end.and_then(|fact| fact.time.map(|at| (fact, at))) else { return Vec::new() };
    let tell = |(place, parent): (u32, &OnboardingId)| Effect {
        id: EffectId::telling(after.id, place),
        request: Request::Tell { parent: *parent, fact: fact.clone() },
        due_at,
    };
    (0..).zip(&after.memory.parents).map(tell).collect()
}

fn lifecycle(before: Option<&Onboarding>, after: &Onboarding) -> Vec<Lifecycle> {
    let moved = before.is_some_and(|before| before.state != after.state);
    let asked_before = before.and_then(|before| before.memory.review.as_ref());
    let ended_before = before.is_some_and(|before| before.status.ended());
    let what = match after.status {
        _ if ended_before => None,
        Status::Completed => Some(Lifecycle::Completed),
        Status::Failed => Some(Lifecycle::Failed),
        Status::Cancelled => Some(Lifecycle::Cancelled),
        Status::Review if moved || asked_before != after.memory.review.as_ref() => Some(Lifecycle::Review),
        Status::Active | Status::Waiting if moved => Some(Lifecycle::Moved),
        Status::Active | Status::Waiting | Status::Review => None,
    };
    before.is_none().then_some(Lifecycle::Started).into_iter().chain(what).collect()
}

/// A length of time for people: whole seconds once it is one.
pub(crate) fn about(length: Millis) -> Millis {
    if length.0 < 1000 { length } else { Millis::secs(length.0.saturating_add(500) / 1000) }
}
