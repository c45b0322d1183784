//! The sentence that is read first. It needs flow and onboarding, and says more when rows say more.

use super::deed::{Kind, begin, mail};
use super::{Facts, Piece, View};
use crate::effect::Mode;
use crate::flow::model::{Await, EndStatus, Verb};
use crate::objection::Objection;
use crate::onboarding::{Onboarding, Pending, ReviewCause, Status};

/// Stands for the provider's own words.
const REASON: &str = "{reason}";

impl View<'_> {
    /// The sentence to read first.
    #[must_use]
    pub fn headline(&self) -> Vec<Piece> {
        let memory = &self.onboarding.memory;
        match (self.onboarding.status, self.facts.child.as_ref()) {
            (Status::Completed | Status::Failed | Status::Cancelled, _) => self.ended(),
            (Status::Waiting, Some(child)) if child.status == Status::Review => {
                vec![format!("\u{201c}{}\u{201d} waits for a person's decision.", child.title).into()]
            }
            (Status::Review, _) => self.stuck(),
            (Status::Waiting, _) => self.waits(),
            (Status::Active, _) => match &memory.pending {
                Some(pending) => self.works(pending),
                None => vec!["Nothing is under way.".into()],
            },
        }
    }

    fn ended(&self) -> Vec<Piece> {
        let at = Piece::At(self.onboarding.ended_at.unwrap_or(self.onboarding.since));
        match self.onboarding.status {
            Status::Completed => match untold(self.onboarding) {
                Some(objection) => {
                    let refused = format!(", but {} was refused (", named(objection));
                    vec![
                        "On board since ".into(),
                        at,
                        refused.into(),
                        Piece::Quote(objection.reason.clone()),
                        ").".into(),
                    ]
                }
                None => vec!["On board since ".into(), at, ".".into()],
            },
            Status::Cancelled => vec!["Called off at ".into(), at, ".".into()],
            _ => vec!["Ended as failed at ".into(), at, ".".into()],
        }
    }

    /// A person must decide.
    fn stuck(&self) -> Vec<Piece> {
        let memory = &self.onboarding.memory;
        if let Some(happened) = self.after_all() {
            return vec![format!("{} after all.", begin(&happened)).into()];
        }
        if let Some(headline) = self.flow.states.get(&self.onboarding.state).and_then(|state| state.headline.clone()) {
            return vec![headline.into()];
        }
        let cause = memory.review.as_ref().map(|review| review.cause);
        let told = match (cause, &memory.pending) {
            (Some(ReviewCause::Unknown), Some(pending)) => {
                let deed = self.deed(&pending.target);
                match deed.kind {
                    Kind::Mail(template) => format!("We do not know whether {} was sent.", mail(template)),
                    _ => format!("We do not know whether {} {}.", deed.who, deed.done),
                }
            }
            (Some(ReviewCause::Exhausted), Some(pending)) => self.exhausted(pending),
            (Some(ReviewCause::Broken), Some(pending)) => {
                let deed = self.deed(&pending.target);
                format!("{} answered what gangway does not understand.", begin(&deed.who))
            }
            (Some(ReviewCause::Expression), _) => "A value that the flow needs could not be worked out.".into(),
            (Some(ReviewCause::Flow), _) => "This flow does not say how to go on from here.".into(),
            (Some(ReviewCause::Circle), _) => "It went round and round without news, so it was stopped.".into(),
            _ => return self.objected(),
        };
        vec![told.into()]
    }

    fn exhausted(&self, pending: &Pending) -> String {
        let deed = self.deed(&pending.target);
        match deed.kind {
            Kind::Mail(template) if self.ends_well_either_way() => {
                format!("On board, but not told: {} was not taken.", mail(template))
            }
            Kind::Mail(template) => format!("{} was not taken.", begin(&mail(template))),
            _ => format!("{} could not {}.", begin(&deed.who), deed.clause),
        }
    }

    /// Whether every outcome of the state ends well at once.
    fn ends_well_either_way(&self) -> bool {
        let outcomes = self.verb().and_then(Verb::outcomes);
        let is_good = |name: &String| {
            let verb = self.flow.states.get(name).map(|state| &state.verb);
            matches!(verb, Some(Verb::End(end)) if end.status == EndStatus::Completed)
        };
        outcomes.is_some_and(|outcomes| outcomes.values().all(is_good))
    }

    /// The flow asks: because of what a far end objected to, if the flow itself says nothing. Of several objections the
    /// newest, but one whose words name the cause stands over one that only follows from it.
    fn objected(&self) -> Vec<Piece> {
        let all = || self.onboarding.memory.objections.iter().rev();
        let headline = |one: &Objection| self.phrases.outcome(&one.target, &one.outcome)?.headline.as_deref();
        let names_the_cause = |one: &&Objection| headline(one).is_some_and(|headline| headline.contains(REASON));
        if let Some(objection) = all().find(names_the_cause).or_else(|| all().next()) {
            if let Some(headline) = headline(objection) {
                return filled(headline, &objection.reason);
            }
            let deed = self.deed(&objection.target);
            return match deed.kind {
                Kind::Mail(template) => vec![format!("{} was refused.", begin(&mail(template))).into()],
                _ => {
                    let said = format!("{} refuses to {}: ", begin(&deed.who), deed.clause);
                    vec![said.into(), Piece::Quote(objection.reason.clone()), ".".into()]
                }
            };
        }
        if let Some((answer, outcome)) = self.facts.answers.iter().find_map(|one| Some((one, one.outcome.as_deref()?)))
            && let Some(headline) =
                self.phrases.outcome(&answer.target, outcome).and_then(|one| one.headline.as_deref())
        {
            return filled(headline, "");
        }
        vec![format!("A person must decide: {}.", self.state_title(&self.onboarding.state)).into()]
    }

    /// What was in doubt and has been reported since.
    pub(super) fn after_all(&self) -> Option<String> {
        let pending = self.onboarding.memory.pending.as_ref()?;
        pending.uncertain_since?;
        let proves = |name: &str| {
            let fact = self.phrases.facts.get(name);
            fact.is_some_and(|fact| fact.proves.as_deref() == Some(pending.target.as_str()))
        };
        let known = self.onboarding.memory.facts.iter().any(|known| proves(&known.report.name));
        if !known && !self.facts.came.iter().any(|came| proves(&came.name)) {
            return None;
        }
        let deed = self.deed(&pending.target);
        Some(deed.happened.unwrap_or_else(|| format!("{} {}", deed.who, deed.done)))
    }

    /// A fact, an event or a time is awaited.
    fn waits(&self) -> Vec<Piece> {
        if let Some(headline) = self.answer_now(self.facts).and_then(|(_, headline)| headline) {
            return filled(headline, "");
        }
        if let Some(headline) = self.flow.states.get(&self.onboarding.state).and_then(|state| state.headline.clone()) {
            return vec![headline.into()];
        }
        match self.verb() {
            Some(Verb::Await(wait)) => match self.missing(wait) {
                Some(missing) => vec![missing.to_owned().into()],
                None => vec![format!("Still in \u{201c}{}\u{201d}.", self.state_title(&self.onboarding.state)).into()],
            },
            Some(Verb::Wait { .. }) => {
                let until = self.onboarding.memory.deadline.unwrap_or(self.onboarding.since);
                vec!["It rests until ".into(), Piece::At(until), ", as the flow says.".into()]
            }
            _ => vec!["Nothing is under way.".into()],
        }
    }

    /// The newest answer of the poll that goes on, with the headline that its outcome has.
    fn answer_now<'f>(&'f self, facts: &'f Facts) -> Option<(&'f super::Answered, Option<&'f str>)> {
        let Some(Verb::Await(wait)) = self.verb() else { return None };
        let poll = wait.poll.as_ref()?;
        let newest = facts.answers.iter().find(|one| one.target == poll.action && one.outcome.is_some())?;
        let phrases = self.phrases.outcome(&newest.target, newest.outcome.as_deref()?);
        Some((newest, phrases.and_then(|phrases| phrases.headline.as_deref())))
    }

    fn missing(&self, wait: &Await) -> Option<&str> {
        wait.arrivals.values().find_map(|awaited| self.phrases.facts.get(&awaited.name)?.missing.as_deref())
    }

    /// An effect is being performed.
    fn works(&self, pending: &Pending) -> Vec<Piece> {
        let deed = self.deed(&pending.target);
        let told = match (pending.mode, &pending.trouble) {
            (Mode::LookUp, _) => format!("We do not know yet whether {} {}.", deed.who, deed.done),
            (Mode::Do, Some(_)) => match deed.kind {
                Kind::Mail(template) => format!("{} was not taken yet.", begin(&mail(template))),
                _ => format!("{} did not {} yet.", begin(&deed.who), deed.clause),
            },
            (Mode::Do, None) => match deed.kind {
                Kind::Mail(template) => format!("{} is being sent.", begin(&mail(template))),
                _ => format!("{} is being asked to {}.", begin(&deed.who), deed.clause),
            },
        };
        vec![told.into()]
    }
}

/// The mail of which the person was not told, if any.
fn untold(onboarding: &Onboarding) -> Option<&Objection> {
    onboarding.memory.objections.iter().rev().find(|objection| objection.is_about_a_mail())
}

fn named(objection: &Objection) -> String {
    mail(objection.target.strip_prefix("mail ").unwrap_or(&objection.target))
}

/// A headline with the provider's own words in place of `{reason}`: of several clauses the last one, which says the most.
fn filled(headline: &str, reason: &str) -> Vec<Piece> {
    match headline.split_once(REASON) {
        Some((before, after)) if !reason.is_empty() => {
            let told = reason.rsplit(": ").next().unwrap_or(reason).trim_end_matches('.');
            vec![before.into(), Piece::Quote(told.to_owned()), after.into()]
        }
        Some((before, _)) => vec![format!("{}.", before.trim_end_matches([':', ' '])).into()],
        None => vec![headline.into()],
    }
}
