//! What was asked, answered and reported: the far ends' own words, the tries and the look-ups, each apart.

use super::deed::{Kind, begin};
use super::{Came, Line, Piece, Proof, Slot, View};
use crate::effect::Mode;
use crate::event::flow_of;
use crate::flow::model::Verb;
use crate::objection::Objection;
use crate::onboarding::{Pending, Purpose, ReviewCause, Status};
use crate::time::Timestamp;

/// Objections that are told, and events that came since.
const MOST: usize = 2;

/// A line being written.
#[derive(Default)]
struct Told {
    pieces: Vec<Piece>,
    proof: Vec<Proof>,
}

impl Told {
    fn say(&mut self, sentence: Vec<Piece>) {
        if !self.pieces.is_empty() && !sentence.is_empty() {
            self.pieces.push(" ".into());
        }
        self.pieces.extend(sentence);
    }

    fn prove(&mut self, proof: Proof) {
        if !self.proof.contains(&proof) {
            self.proof.push(proof);
        }
    }
}

impl View<'_> {
    pub(super) fn seen_line(&self) -> Option<Line> {
        let mut told = Told::default();
        self.objections(&mut told);
        self.answer(&mut told);
        self.attempts(&mut told);
        self.polls(&mut told);
        self.came(&mut told);
        self.held(&mut told);
        Line::of(Slot::Seen, told.pieces, told.proof)
    }

    /// What far ends objected to, the newest first.
    fn objections(&self, told: &mut Told) {
        for objection in self.onboarding.memory.objections.iter().rev().take(MOST) {
            let event = self.facts.answers.iter().find(|one| {
                one.target == objection.target && one.outcome.as_deref() == Some(objection.outcome.as_str())
            });
            told.say(self.objection(objection));
            told.prove(event.map_or_else(|| self.proof_row(), |event| Proof::Event(event.event)));
        }
    }

    /// The answer that led to a question, where nobody objected to anything.
    fn answer(&self, told: &mut Told) {
        let memory = &self.onboarding.memory;
        if self.onboarding.status != Status::Review || !memory.objections.is_empty() || memory.pending.is_some() {
            return;
        }
        let newest = self.facts.answers.iter().find_map(|one| Some((one, one.outcome.as_deref()?)));
        if let Some((answer, outcome)) = newest {
            let who = begin(&self.deed(&answer.target).who);
            let clause = self.phrases.outcome_clause(&answer.target, outcome);
            told.say(vec![format!("{who} answered at ").into(), Piece::At(answer.at), format!(": {clause}.").into()]);
            told.prove(Proof::Event(answer.event));
        }
    }

    fn objection(&self, objection: &Objection) -> Vec<Piece> {
        let deed = self.deed(&objection.target);
        let mut said: Vec<Piece> = match (deed.kind, &self.onboarding.user.email) {
            (Kind::Mail(_), Some(email)) => {
                vec!["The mail server of ".into(), Piece::Address(email.clone()), " said ".into()]
            }
            // It was not even asked.
            (Kind::Mail(_), None) => vec!["The mail was not sent: ".into()],
            _ => vec![format!("{} said ", begin(&deed.who)).into()],
        };
        said.push(Piece::Quote(objection.reason.clone()));
        if let Some(code) = objection.code.as_ref().filter(|code| **code != objection.reason) {
            said.push(format!(" ({code})").into());
        }
        match objection.times {
            0 | 1 => said.extend([" at ".into(), Piece::At(objection.last), ".".into()]),
            times => {
                said.push(format!(", {times} times, first at ").into());
                said.extend([Piece::At(objection.first), ", last at ".into(), Piece::At(objection.last), ".".into()]);
            }
        }
        said
    }

    /// Tries and look-ups of what is pending, each counted by itself.
    fn attempts(&self, told: &mut Told) {
        let Some(pending) = self.onboarding.memory.pending.as_ref() else { return };
        if pending.purpose != Purpose::Work || pending.tried == 0 {
            return;
        }
        told.say(self.tries(pending));
        if pending.looked > 0 {
            let times = times(pending.looked);
            let doing = if pending.mode == Mode::LookUp { ", and it is not settled" } else { ": it had not" };
            told.say(vec![format!("We looked {times} whether it had been done after all{doing}.").into()]);
        }
        told.prove(Proof::Effect(pending.n));
    }

    fn tries(&self, pending: &Pending) -> Vec<Piece> {
        let works = pending.works();
        let counted = match pending.attempts {
            counted if counted >= works => String::new(),
            0 => ", none of which counts".to_owned(),
            counted => format!(", of which {counted} count"),
        };
        let mut said: Vec<Piece> = vec![format!("We tried {} in ", times(works)).into()];
        said.push(Piece::For(self.last_try().since(pending.asked_at)));
        said.push(counted.into());
        // What made it unknown is told with what is going on.
        let is_unknown = self.onboarding.memory.review.as_ref().is_some_and(|one| one.cause == ReviewCause::Unknown);
        match pending.trouble.as_ref().filter(|_| !is_unknown) {
            Some(trouble) => said.push(format!("; the last time: {trouble}.").into()),
            None => said.push(".".into()),
        }
        said
    }

    /// When it was tried last: a review opened then, else about now.
    fn last_try(&self) -> Timestamp {
        self.onboarding.memory.review.as_ref().map_or(self.now, |review| review.since)
    }

    /// The poll that goes on, and what it answers.
    fn polls(&self, told: &mut Told) {
        let Some(Verb::Await(wait)) = self.verb() else { return };
        let Some(poll) = wait.poll.as_ref() else { return };
        let polls = self.onboarding.memory.polls;
        if polls == 0 {
            return;
        }
        let who = self.deed(&poll.action).who;
        let mut said: Vec<Piece> = vec![format!("We asked {who} {}", times(polls)).into()];
        let newest = self.facts.answers.iter().find(|one| one.target == poll.action);
        if let Some(newest) = newest {
            said.extend([", last ".into(), Piece::Ago(newest.at)]);
            if let Some(outcome) = &newest.outcome {
                said.push(format!(": {}", self.phrases.outcome_clause(&poll.action, outcome)).into());
            }
            told.prove(Proof::Event(newest.event));
        }
        said.push(".".into());
        if let Some(trouble) = self.onboarding.memory.pending.as_ref().and_then(|pending| pending.trouble.as_ref()) {
            said.push(format!(" The last time: {trouble}.").into());
        }
        told.say(said);
        told.prove(self.proof_row());
    }

    /// What was reported since the onboarding came to rest, and moved nothing.
    fn came(&self, told: &mut Told) {
        if !matches!(self.onboarding.status, Status::Review | Status::Waiting) {
            return;
        }
        let since = self.onboarding.memory.review.as_ref().map_or(self.onboarding.since, |review| review.since);
        for came in self.facts.came.iter().filter(|came| came.at >= since).take(MOST) {
            let mut said: Vec<Piece> = vec![Piece::For(came.at.since(since)), " later ".into()];
            said.push(
                format!("{} reported that {} (", self.reporter(came), self.phrases.fact_clause(&came.name)).into(),
            );
            said.extend([source(came).into(), Piece::Event(came.event)]);
            said.push(if came.is_hint { ", not confirmed by a read).".into() } else { ").".into() });
            told.say(said);
            told.prove(Proof::Event(came.event));
        }
    }

    /// What belongs to nobody and may be this person's; or that there is nothing.
    fn held(&self, told: &mut Told) {
        let Some(held) = &self.facts.held else { return };
        // What was done after all is known already, and its report with it.
        if self.onboarding.status.ended() || self.after_all().is_some() {
            return;
        }
        for came in held.iter().take(MOST) {
            let mut said: Vec<Piece> = vec!["At ".into(), Piece::At(came.at), " ".into()];
            said.push(format!("{} reported {} of nobody we know: held event ", self.reporter(came), came.name).into());
            said.extend([Piece::Event(came.event), ". It may be this person's.".into()]);
            told.say(said);
            told.prove(Proof::Event(came.event));
        }
        let awaits_a_provider = match self.verb() {
            Some(Verb::Await(wait)) => {
                wait.poll.is_some()
                    || wait.arrivals.values().any(|awaited| awaited.from_provider && flow_of(&awaited.name).is_none())
            }
            _ => false,
        };
        if held.is_empty() && awaits_a_provider {
            told.say(vec!["No held event names this person.".into()]);
            told.prove(self.proof_row());
        }
    }

    fn reporter<'c>(&'c self, came: &'c Came) -> &'c str {
        match came.name.split_once('.') {
            Some((provider, _)) if came.by_webhook => self.phrases.title(provider),
            _ => "an internal system",
        }
    }
}

fn source(came: &Came) -> &'static str {
    if came.by_webhook { "webhook, event " } else { "event " }
}

/// `once`, `twice`, `3 times`.
fn times(count: u32) -> String {
    match count {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        n => format!("{n} times"),
    }
}
