//! What a person of support or operations does. A wish that does not fit is refused, and says what is possible.

use serde_json::Map;

use super::enter::choices;
use super::trouble::manner;
use super::turn::Turn;
use crate::decision::Verdict;
use crate::effect::Mode;
use crate::event::OperatorAct;
use crate::flow::model::Verb;
use crate::onboarding::{Purpose, ReviewCause, Status};

impl Turn<'_> {
    /// An operator acts, on the revision that was seen. An onboarding that has ended cannot be moved.
    pub(super) fn operator(&mut self, act: &OperatorAct, seen: Option<u64>) {
        self.unwell = true;
        match act {
            OperatorAct::Adopt { event } => self.say(format_args!("held event {event} adopted by an operator")),
            _ if seen.is_some_and(|seen| seen != self.it.revision) => {
                self.refuse(format!("it is at revision {} now; look again before deciding", self.it.revision));
            }
            OperatorAct::Note => self.say("note"),
            _ if self.it.status.ended() => {
                let word = self.it.status.word();
                self.refuse(format!("it has ended ({word}); possible: note"));
            }
            OperatorAct::Retry => self.retry(),
            OperatorAct::Move { state } => {
                if self.flow.states.contains_key(state) {
                    self.say("moved by an operator");
                    self.another_round();
                    self.enter(state);
                } else {
                    let all: Vec<&str> = self.flow.states.keys().map(String::as_str).collect();
                    self.refuse(format!("the flow has no such state; possible: {}", all.join(", ")));
                }
            }
            OperatorAct::Cancel => self.cancel(),
        }
    }

    fn refuse(&mut self, why: String) {
        self.verdict = Verdict::Refused;
        self.say(why);
    }

    fn cancel(&mut self) {
        self.let_go();
        let memory = &mut self.it.memory;
        (memory.deadline, memory.next_poll, memory.review) = (None, None, None);
        self.remember_nothing();
        self.it.status = Status::Cancelled;
        self.it.ended_at = Some(self.now);
        self.verdict = Verdict::Applied;
        self.say("cancelled by an operator");
    }

    fn retry(&mut self) {
        let asked = self.it.memory.review.as_ref().map(|review| review.cause);
        match (self.verb(), asked) {
            (None, _) => self.refuse("the flow has no such state as this one; possible: move, cancel".into()),
            (Some(Verb::Ask { whom, outcomes }), Some(ReviewCause::Asked)) => {
                if outcomes.contains_key("retry") {
                    self.tried_again();
                    self.go("retry", &Map::new());
                } else {
                    self.refuse(format!("{whom} is asked; possible: {}", choices(outcomes)));
                }
            }
            (Some(_), Some(ReviewCause::Flow)) => self.retry_anew(),
            (Some(_), Some(_)) => self.retry_reviewed(),
            (Some(_), None) => self.retry_now(),
        }
    }

    fn tried_again(&mut self) {
        self.say("retry by an operator");
        self.another_round();
    }

    /// Enters the state again. After the sweep found it stranded too: there may be no row of its effect any more that
    /// could be due again, and the numbers of its attempts are used up.
    fn retry_anew(&mut self) {
        self.tried_again();
        let state = self.it.state.clone();
        self.enter(&state);
    }

    /// Goes on with the same effect, counted anew; without one, enters the state again.
    fn retry_reviewed(&mut self) {
        let Some(pending) = self.it.memory.pending.clone() else { return self.retry_anew() };
        self.tried_again();
        let look_up = manner(self.verb(), &pending).look_up && pending.uncertain_since.is_some();
        if let Some(pending) = &mut self.it.memory.pending {
            (pending.attempts, pending.look_ups) = (0, 0);
            (pending.asked_at, pending.due_at) = (self.now, self.now);
            pending.mode = if look_up { Mode::LookUp } else { Mode::Do };
        }
        self.it.memory.review = None;
        self.it.status = match pending.purpose {
            Purpose::Work => Status::Active,
            Purpose::Poll | Purpose::Confirm => Status::Waiting,
        };
        self.due_again();
    }

    /// Without a review: whatever waits for its time is done now.
    fn retry_now(&mut self) {
        if let Some(pending) = &mut self.it.memory.pending {
            if pending.due_at <= self.now {
                let target = pending.target.clone();
                return self.refuse(format!("{target} is being performed; possible: move, cancel"));
            }
            pending.due_at = self.now;
            self.tried_again();
            return self.due_again();
        }
        match self.verb() {
            Some(Verb::Wait { .. }) => {
                self.say("the wait is ended by an operator");
                self.another_round();
                self.go("over", &Map::new());
            }
            Some(Verb::Await(wait)) => {
                if self.read(wait) {
                    self.tried_again();
                } else {
                    self.refuse("nothing can be read while it waits; possible: move, cancel".into());
                }
            }
            _ => self.refuse("nothing to try again; possible: move, cancel".into()),
        }
    }
}
