//! How attempts of effects ended. The pending one moves the onboarding; any other still leaves what is true of it:
//! late truth stays truth. Never trusts that an outcome comes once, or in order.

use serde_json::Value;
use uuid::Uuid;

use super::turn::Turn;
use super::wait::Read;
use crate::decision::Verdict;
use crate::event::{OnboardingId, Taken, Trust};
use crate::flow::model::Verb;
use crate::onboarding::{Pending, Purpose, ReviewCause, Status};
use crate::outcome::{Answer, AttemptResult};
use crate::time::Timestamp;

/// Which attempt of which effect, and when its request was sent.
#[derive(Clone, Copy)]
pub(super) struct Of {
    pub(super) n: i64,
    pub(super) attempt: u32,
    pub(super) sent_at: Timestamp,
    /// Whether it counts against no attempts.
    pub(super) unspent: bool,
}

impl Turn<'_> {
    /// An attempt ended. An earlier attempt's `Done` that comes late is the answer all the same; anything else that
    /// is late, or comes while a person is asked, says nothing new.
    pub(super) fn outcome(&mut self, of: Of, result: &AttemptResult, received_at: Timestamp) {
        if of.n < 0 {
            return self.told(of, result);
        }
        let pending = self.it.memory.pending.as_ref().filter(|pending| pending.n == of.n);
        match (pending, result) {
            (None, AttemptResult::Done(answer)) => {
                self.say(format_args!("late answer of effect {}: {}", of.n, answer.outcome));
                self.learn(answer, of.sent_at, received_at);
                self.arrived();
            }
            (None, _) => self.say(format_args!("late outcome of effect {}, nothing waits for it", of.n)),
            (Some(pending), AttemptResult::Done(answer)) => {
                let pending = pending.clone();
                self.done(&pending, answer, of.sent_at, received_at);
            }
            (Some(pending), _) if of.attempt <= pending.tried => {
                let target = pending.target.clone();
                self.say(format_args!("attempt {} of {target} was over already", of.attempt));
            }
            (Some(_), _) if self.it.status == Status::Review => self.say("a person is asked already"),
            (Some(_), _) => self.not_done(of, result),
        }
    }

    /// The far end answered with an identifier that another user has: one account there, two people here. Nothing of
    /// the answer becomes this onboarding's; a person must look.
    pub(super) fn taken(&mut self, of: Of, taken: &Taken) {
        let whose = format!("its {} belongs to onboarding {} of another user", taken.kind, taken.by);
        let Some(mut pending) = self.it.memory.pending.clone().filter(|pending| pending.n == of.n) else {
            return self.say(format_args!("late answer of effect {}: {whose}", of.n));
        };
        if self.it.status == Status::Review {
            return self.say("a person is asked already");
        }
        pending.tried = of.attempt;
        let detail = format!("{} was answered, but {whose}; possible: retry, move, cancel", pending.target);
        pending.trouble = Some(whose);
        self.give_up(pending, "broken", ReviewCause::Broken, detail);
    }

    fn done(&mut self, pending: &Pending, answer: &Answer, sent_at: Timestamp, received_at: Timestamp) {
        self.verdict = Verdict::Applied;
        self.say(format_args!("{} answered {}", pending.target, answer.outcome));
        self.settle(pending.n, &answer.outcome);
        self.it.memory.pending = None;
        self.heard(&pending.target, answer);
        self.learn(answer, sent_at, received_at);
        self.began(answer);
        match pending.purpose {
            Purpose::Work => self.go(&answer.outcome, &answer.fields),
            Purpose::Poll | Purpose::Confirm => self.was_read(pending, answer, sent_at),
        }
    }

    /// A child was begun or joined: its end is the one that is awaited from now on.
    fn began(&mut self, answer: &Answer) {
        let child = answer.fields.get("onboarding_id").and_then(Value::as_str).and_then(|id| Uuid::parse_str(id).ok());
        if let (Some(Verb::Start(start)), Some(child)) = (self.verb(), child) {
            self.it.memory.children.insert(start.flow.clone(), OnboardingId(child));
        }
    }

    /// What an answer says is true: identifiers and facts. A fact without a time ranks by when its request was sent.
    fn learn(&mut self, answer: &Answer, sent_at: Timestamp, received_at: Timestamp) {
        self.name(&answer.identifiers);
        for fact in &answer.facts {
            let mut fact = fact.clone();
            fact.time = fact.time.or(Some(sent_at));
            fact.trust = Trust::Fact;
            self.remember(fact, received_at);
        }
    }

    /// A poll or a confirming read answered: the awaited fact, or an outcome that settles the wait, or neither.
    fn was_read(&mut self, pending: &Pending, answer: &Answer, sent_at: Timestamp) {
        let Some(wait) = self.wait() else { return };
        if self.arrived() {
            return;
        }
        let poll = wait.poll.as_ref().filter(|poll| poll.action == pending.target);
        if let Some(Some(outcome)) = poll.and_then(|poll| poll.outcomes.get(&answer.outcome)) {
            return self.go(outcome, &answer.fields);
        }
        self.it.memory.review = None;
        self.it.status = Status::Waiting;
        self.keep_waiting(wait, &Read::of(pending, sent_at, true));
    }
}

impl Read {
    /// This pending read, which is over.
    pub(super) fn of(pending: &Pending, sent_at: Timestamp, answered: bool) -> Self {
        let (purpose, asked_at) = (pending.purpose, pending.asked_at);
        Self { purpose, target: pending.target.clone(), asked_at, sent_at, answered }
    }
}
