//! Entering and leaving states. A state's name enters; effects, deadlines and reviews leave. States that are left at
//! once are followed in a loop with a bound, never by recursion.

use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::keep;
use super::turn::Turn;
use crate::decision::Verdict;
use crate::effect::Request;
use crate::flow::expr::{ExprError, Mapping, Scope, eval_all, secret_places};
use crate::flow::model::{Await, Choose, End, EndStatus, Mail, Outcomes, Verb};
use crate::onboarding::{Purpose, Review, ReviewCause, Status};

impl<'a> Turn<'a> {
    /// Enters a state and whatever it leads to at once. A chain longer than the flow has states goes in a circle
    /// without ever asking for anything: a person must look. Internal events that came early each begin a new chain:
    /// they are used up, so there is an end to it.
    pub(super) fn enter(&mut self, state: &str) {
        let mut entering = self.flow.states.get_key_value(state);
        if entering.is_none() {
            self.let_go();
            return self.review(ReviewCause::Flow, format!("the flow has no state {state}"));
        }
        let longest = self.flow.states.len().saturating_add(1);
        let mut bound = longest;
        while let Some((name, state)) = entering.take() {
            self.arrive_in(name);
            if bound == 0 {
                return self.review(ReviewCause::Circle, format!("the flow goes in a circle through {name}"));
            }
            bound -= 1;
            let known = self.it.memory.facts.len();
            let next = self.act(&state.verb);
            if self.it.memory.facts.len() < known {
                bound = longest;
            }
            entering = next.and_then(|next| self.flow.states.get_key_value(next));
            if let (Some(next), None) = (next, &entering) {
                self.review(ReviewCause::Flow, format!("the flow has no state {next}"));
            }
        }
    }

    /// Leaves the state by an outcome and enters what follows.
    pub(super) fn go(&mut self, outcome: &str, fields: &Map<String, Value>) {
        if let Some(next) = self.leave(outcome, fields) {
            self.enter(next);
        }
    }

    fn arrive_in(&mut self, name: &str) {
        self.let_go();
        let memory = &mut self.it.memory;
        (memory.deadline, memory.next_poll, memory.polls, memory.review) = (None, None, 0, None);
        name.clone_into(&mut self.it.state);
        self.it.since = self.now;
        self.verdict = Verdict::Applied;
        self.say(format_args!("in {name}"));
        self.comes_round();
        self.forget();
    }

    /// Does what the state's verb says; the next state's name when the state is left at once.
    fn act(&mut self, verb: &'a Verb) -> Option<&'a str> {
        match verb {
            Verb::Call(call) => {
                self.work(&call.with, call.action.clone(), false, |_, input| Request::Call {
                    action: call.action.clone(),
                    input,
                    secrets: secret_places(&call.with),
                });
                None
            }
            Verb::Mail(mail) => self.mail(mail),
            Verb::Publish(publish) => {
                self.work(&publish.with, format!("publish {}", publish.event_type), false, |turn, data| {
                    Request::Publish {
                        event_type: publish.event_type.clone(),
                        subject: Some(turn.it.user.external_id.clone()),
                        data: Value::Object(data),
                    }
                });
                None
            }
            Verb::Await(wait) => self.begin_wait(wait),
            Verb::Ask { whom, outcomes } => {
                let because = self.left.take().map_or(String::new(), |left| format!(" because {left}"));
                let detail = format!("{whom} is asked{because}; possible: {}", choices(outcomes));
                self.say(&detail);
                self.it.status = Status::Review;
                self.it.memory.review = Some(Review { cause: ReviewCause::Asked, detail, since: self.now });
                None
            }
            Verb::Choose(choose) => self.choose(choose),
            Verb::Wait { length, .. } => {
                self.it.status = Status::Waiting;
                self.it.memory.deadline = Some(self.now.plus(*length));
                self.say(format_args!("waiting {length}"));
                None
            }
            Verb::Start(start) => {
                self.work(&start.with, format!("start {}", start.flow), false, |turn, data| Request::Start {
                    flow: start.flow.clone(),
                    user: turn.it.user.id,
                    data,
                });
                None
            }
            Verb::End(end) => {
                self.end(end);
                None
            }
        }
    }

    /// Ends, with what parents are told. When that cannot be evaluated, a person looks first.
    fn end(&mut self, end: &End) {
        let Some(tells) = self.evaluate(&end.with) else { return };
        self.it.memory.tells = tells;
        self.remember_nothing();
        self.it.status = match end.status {
            EndStatus::Completed => Status::Completed,
            EndStatus::Failed => Status::Failed,
            EndStatus::Cancelled => Status::Cancelled,
        };
        self.it.ended_at = Some(self.now);
        self.say(self.it.status.word());
    }

    /// Leaves by the first guard that is true. One that fails, or answers anything but true or false, opens a review:
    /// going on would be a guess.
    fn choose(&mut self, choose: &'a Choose) -> Option<&'a str> {
        for (outcome, guard) in &choose.guards {
            match guard.eval(&self.scope()) {
                Ok(Some(Value::Bool(true))) => return self.leave(outcome, &Map::new()),
                Ok(Some(Value::Bool(false))) => {}
                Ok(answer) => {
                    let what = if answer.is_none() { "nothing" } else { "something else" };
                    let why = format!("the guard {outcome} must be true or false, it is {what}");
                    self.undecided(guard.failed(why));
                    return None;
                }
                Err(error) => {
                    self.undecided(error);
                    return None;
                }
            }
        }
        self.leave("otherwise", &Map::new())
    }

    fn mail(&mut self, mail: &'a Mail) -> Option<&'a str> {
        let Some(to) = self.it.user.email.clone() else {
            self.say("no e-mail address");
            self.has_no_address(&mail.template);
            return self.leave("refused", &Map::new());
        };
        self.work(&mail.with, format!("mail {}", mail.template), true, |turn, values| Request::Mail {
            template: mail.template.clone(),
            to,
            locale: turn.it.user.locale.clone(),
            values,
            secrets: secret_places(&mail.with),
        });
        None
    }

    /// Asks the state's own effect; a mapping that fails opens a review instead.
    fn work(
        &mut self,
        with: &IndexMap<String, Mapping>,
        target: String,
        is_mail: bool,
        request: impl FnOnce(&Self, Map<String, Value>) -> Request,
    ) {
        self.it.status = Status::Active;
        if self.runs_away(is_mail) {
            return;
        }
        if let Some(values) = self.evaluate(with) {
            let request = request(self, values);
            self.ask(Purpose::Work, target, request);
        }
    }

    /// Evaluates mappings over what the onboarding knows; a failure opens a review and asks nothing.
    pub(super) fn evaluate(&mut self, with: &IndexMap<String, Mapping>) -> Option<Map<String, Value>> {
        match eval_all(with, &self.scope()) {
            Ok(values) => Some(values),
            Err(error) => {
                self.undecided(error);
                None
            }
        }
    }

    /// What expressions see.
    fn scope(&self) -> Scope<'_> {
        Scope { user: Some(&self.it.user), data: &self.it.memory.data, onboarding: Some(&self.it) }
    }

    fn undecided(&mut self, error: ExprError) {
        self.review(ReviewCause::Expression, format!("an expression failed: {error}"));
    }

    /// Waits, unless what is awaited is known already. A hint of it is confirmed at once.
    fn begin_wait(&mut self, wait: &'a Await) -> Option<&'a str> {
        self.it.status = Status::Waiting;
        if let Some((outcome, fields)) = self.settled(wait) {
            return self.leave(outcome, &fields);
        }
        self.it.memory.deadline = Some(self.now.plus(wait.within));
        self.it.memory.next_poll = wait.poll.as_ref().map(|poll| self.now.plus(poll.after));
        self.say_waiting(wait);
        if self.hints(wait).next().is_some() {
            self.read(wait);
        }
        None
    }

    /// Leaves the state by an outcome: keeps what later states read of its fields and names the next state. An
    /// outcome that the flow does not have opens a review.
    pub(super) fn leave(&mut self, outcome: &str, fields: &Map<String, Value>) -> Option<&'a str> {
        self.let_go();
        let state = self.it.state.clone();
        if let Some(kept) = keep::of_state(self.flow, &state, fields) {
            self.it.memory.states.insert(state.clone(), kept);
        }
        let next = self.verb().and_then(Verb::outcomes).and_then(|outcomes| outcomes.get(outcome));
        match next {
            Some(_) => {
                let left = format!("{state} ended {outcome}");
                self.say(&left);
                self.left = Some(left);
            }
            None => self.unnamed(outcome),
        }
        next.map(String::as_str)
    }

    /// An outcome that the onboarding's version of the flow does not name: the provider's definition has learned it
    /// since. A person decides for this one.
    fn unnamed(&mut self, outcome: &str) {
        let what = match self.verb() {
            Some(Verb::Call(call)) => call.action.as_str(),
            _ => self.it.state.as_str(),
        };
        let version = self.flow.id.version;
        let detail =
            format!("{what} answers `{outcome}`, which version {version} does not know; possible: move, cancel");
        self.review(ReviewCause::Flow, detail);
    }
}

/// What a person may choose: `retry`, or the states that the other outcomes lead to.
pub(crate) fn choices(outcomes: &Outcomes) -> String {
    let choices: Vec<String> = outcomes
        .iter()
        .map(|(name, target)| if name == "retry" { name.clone() } else { format!("{name} (move to {target})") })
        .collect();
    choices.join(", ")
}
