//! What can be done: what mends it, in the words of those who know, and the acts that the step would take, each with its
//! forecast. The act that costs least comes first; what would be refused is left out.

use serde::{Deserialize, Serialize};

use super::deed::begin;
use super::{Line, Piece, Slot, View};
use crate::event::OperatorAct;
use crate::flow::model::{EndStatus, Verb};
use crate::forecast::{Forecast, forecast};
use crate::onboarding::{Purpose, ReviewCause, Status};

/// An act that the step would take now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// The act.
    pub act: OperatorAct,
    /// What it does for the person: which of the flow's ways it is.
    pub way: Way,
    /// What people call it: `Try again`.
    pub label: String,
    /// What it costs, in one sentence.
    pub text: String,
    /// What it would do.
    pub forecast: Forecast,
}

/// What kind of offer it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// What was asked is tried again.
    Retry,
    /// One of the outcomes that the flow names.
    Outcome,
    /// It ends.
    End,
    /// A line in the journal, and nothing else.
    Note,
}

impl View<'_> {
    /// What the step would take now, that which changes least at far ends first; then the ends, then the note.
    pub(super) fn offers(&self) -> Vec<Offer> {
        let mut offers: Vec<Offer> = self.acts().into_iter().filter_map(|(act, way)| self.offer(act, way)).collect();
        if self.onboarding.status == Status::Review && !offers.iter().any(|offer| goes_on(&offer.act)) {
            // The flow is not the one that led here, or says nothing of this state: there is always the beginning.
            let anew = OperatorAct::Move { state: self.flow.initial().to_owned() };
            offers.extend(self.offer(anew, Way::Outcome));
        }
        let after_all = self.after_all().is_some();
        offers.sort_by_key(|offer| {
            let group = match offer.way {
                Way::Retry | Way::Outcome => 0,
                Way::End => 1,
                Way::Note => 2,
            };
            // What was done after all is gone on with, not repeated.
            (group, after_all && !offer.forecast.only_reads(), offer.way != Way::Retry && !after_all)
        });
        offers
    }

    fn acts(&self) -> Vec<(OperatorAct, Way)> {
        let it = self.onboarding;
        let mut acts = vec![(OperatorAct::Retry, Way::Retry)];
        if it.status == Status::Review {
            for (outcome, state) in self.verb().and_then(Verb::outcomes).into_iter().flatten() {
                let is_retry = outcome == "retry" && matches!(self.verb(), Some(Verb::Ask { .. }));
                let leads_on = self.is_asked() || !self.asks_a_person(state);
                if !is_retry && leads_on && !acts.iter().any(|(act, _)| goes_to(act, state)) {
                    let way = if self.is_end(state) { Way::End } else { Way::Outcome };
                    acts.push((OperatorAct::Move { state: state.clone() }, way));
                }
            }
        }
        acts.push((OperatorAct::Cancel, Way::End));
        acts.push((OperatorAct::Note, Way::Note));
        acts
    }

    /// Whether the flow itself asks.
    fn is_asked(&self) -> bool {
        self.onboarding.memory.review.as_ref().is_some_and(|review| review.cause == ReviewCause::Asked)
    }

    fn asks_a_person(&self, state: &str) -> bool {
        matches!(self.flow.states.get(state).map(|state| &state.verb), Some(Verb::Ask { .. }))
    }

    fn is_end(&self, state: &str) -> bool {
        matches!(self.flow.states.get(state).map(|state| &state.verb), Some(Verb::End(_)))
    }

    fn offer(&self, act: OperatorAct, way: Way) -> Option<Offer> {
        let forecast = forecast(self.flow, self.onboarding, &act, self.now);
        if !forecast.allowed {
            return None;
        }
        let label = match &act {
            OperatorAct::Retry if self.onboarding.status == Status::Waiting => "Ask again now".to_owned(),
            OperatorAct::Retry => "Try again".to_owned(),
            OperatorAct::Move { state } => self.moves_to(state),
            OperatorAct::Cancel => "Call it off".to_owned(),
            OperatorAct::Note => "Write a note".to_owned(),
            OperatorAct::Adopt { event } => format!("Give held event {event}"),
        };
        let text = format!("{label}: {}.", self.cost(&forecast, &act));
        Some(Offer { act, way, label, text, forecast })
    }

    fn moves_to(&self, state: &str) -> String {
        match self.flow.states.get(state).map(|state| &state.verb) {
            Some(Verb::End(end)) => match end.status {
                EndStatus::Completed => "End it on board".to_owned(),
                EndStatus::Failed => "Give up".to_owned(),
                EndStatus::Cancelled => "Call it off".to_owned(),
            },
            _ => format!("Go on in \u{201c}{}\u{201d}", self.state_title(state)),
        }
    }

    /// What an act costs, in words.
    fn cost(&self, forecast: &Forecast, act: &OperatorAct) -> String {
        if *act == OperatorAct::Note {
            return "nothing moves".to_owned();
        }
        let mut costs: Vec<String> = Vec::new();
        for call in &forecast.calls {
            let deed = self.deed(&call.action);
            costs.push(match (call.changes, self.is_work(&call.action)) {
                (true, _) => format!("1 call that changes something at {} ({})", deed.who, deed.clause),
                (false, true) => format!("1 look-up at {}, and the call only if it was not done", deed.who),
                (false, false) => format!("1 read at {}, which changes nothing", deed.who),
            });
        }
        costs.extend(forecast.mails.iter().map(|template| format!("1 mail ({template})")));
        costs.extend(forecast.publishes.iter().map(|kind| format!("1 message ({kind})")));
        costs.extend(forecast.starts.iter().map(|flow| format!("begins the flow {flow}")));
        if costs.is_empty() {
            costs.push("nobody is asked anything".to_owned());
        }
        if forecast.after.as_ref().is_some_and(|after| after.status.ended()) {
            costs.push("it ends".to_owned());
        }
        if let [first, rest @ ..] = forecast.erases.as_slice() {
            let names = rest.iter().fold(first.clone(), |names, name| format!("{names}, {name}"));
            costs.push(format!("erases {names}"));
        }
        let safe = match (forecast.may_repeat, self.is_safe(forecast)) {
            (true, _) => ". It may do again what was done already",
            (false, true) => ". It is safe: what is there already is found",
            _ => "",
        };
        format!("{}{safe}", costs.join("; "))
    }

    /// Whether this action is the work whose outcome is pending, not a read of a wait.
    fn is_work(&self, action: &str) -> bool {
        let pending = self.onboarding.memory.pending.as_ref();
        pending.is_some_and(|pending| pending.purpose == Purpose::Work && pending.target == action)
            && matches!(self.verb(), Some(Verb::Call(call)) if call.effectful)
    }

    /// Whether what is repeated is looked up first, or found.
    fn is_safe(&self, forecast: &Forecast) -> bool {
        let pending = self.onboarding.memory.pending.as_ref();
        pending.is_some_and(|pending| {
            forecast.calls.iter().any(|call| call.changes && call.action == pending.target)
                && crate::step::looks_up(self.verb(), pending)
        })
    }

    /// Help first, then the acts.
    pub(super) fn can_line(&self, offers: &[Offer]) -> Option<Line> {
        let mut said: Vec<Piece> = Vec::new();
        let mut add = |text: String| {
            if !said.is_empty() {
                said.push(" ".into());
            }
            said.push(text.into());
        };
        self.help().into_iter().for_each(&mut add);
        let told = offers.iter().filter(|offer| offer.way != Way::Note && offer.act != OperatorAct::Cancel);
        told.for_each(|offer| add(begin(&offer.text)));
        Line::of(Slot::Can, said, vec![self.proof_row()])
    }

    /// What mends it: what the flow says of the state, and what the adapter says of the newest objection.
    fn help(&self) -> Vec<String> {
        let it = self.onboarding;
        if it.status.ended() {
            return Vec::new();
        }
        let of_state = self.flow.states.get(&it.state).and_then(|state| state.help.clone());
        let objected = it.memory.objections.last();
        let of_outcome = objected.and_then(|one| self.phrases.outcome(&one.target, &one.outcome)?.help.clone());
        let polled = self
            .facts
            .answers
            .first()
            .filter(|_| objected.is_none())
            .and_then(|one| self.phrases.outcome(&one.target, one.outcome.as_deref()?)?.help.clone());
        of_state.into_iter().chain(of_outcome).chain(polled).collect()
    }
}

fn goes_on(act: &OperatorAct) -> bool {
    matches!(act, OperatorAct::Retry | OperatorAct::Move { .. })
}

fn goes_to(act: &OperatorAct, to: &str) -> bool {
    matches!(act, OperatorAct::Move { state } if state == to)
}
