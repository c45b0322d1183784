//! What is going on, and since when.

use super::deed::begin;
use super::{Line, Piece, Proof, Rest, Slot, View};
use crate::effect::Mode;
use crate::flow::model::Verb;
use crate::onboarding::{Pending, ReviewCause, Status};

impl View<'_> {
    pub(super) fn now_line(&self) -> Option<Line> {
        let it = self.onboarding;
        let mut proof = vec![self.proof_row()];
        proof.extend(it.memory.pending.as_ref().map(|pending| Proof::Effect(pending.n)));
        let mut pieces = match (it.status, &it.memory.pending) {
            (Status::Completed | Status::Failed | Status::Cancelled, _) => self.over(),
            (Status::Review, pending) => self.asked(pending.as_ref()),
            (Status::Active, Some(pending)) => self.tried(pending),
            (Status::Active, None) => vec!["Nothing is under way; the sweep of this process looks at it.".into()],
            (Status::Waiting, _) => self.waited(),
        };
        if let Some(rest) = &self.facts.rest {
            pieces.extend(held_back(rest));
            proof.push(Proof::Outlook);
        }
        Line::of(Slot::Now, pieces, proof)
    }

    fn over(&self) -> Vec<Piece> {
        let it = self.onboarding;
        let took = it.ended_at.unwrap_or(it.since).since(it.created_at);
        vec![
            "It ended in \u{201c}".into(),
            self.state_title(&it.state).into(),
            "\u{201d} after ".into(),
            Piece::For(took),
            ".".into(),
        ]
    }

    fn asked(&self, pending: Option<&Pending>) -> Vec<Piece> {
        let review = self.onboarding.memory.review.as_ref();
        let since = review.map_or(self.onboarding.since, |review| review.since);
        let mut pieces: Vec<Piece> = vec!["A person must decide, since ".into(), Piece::At(since), ".".into()];
        let cause = review.map(|review| review.cause);
        if let (Some(ReviewCause::Unknown), Some(pending)) = (cause, pending) {
            let trouble = pending.trouble.as_deref().unwrap_or("no clear answer came");
            pieces.push(format!(" We asked: {trouble}.").into());
            if !crate::step::looks_up(self.verb(), pending) {
                let who = begin(&self.deed(&pending.target).who);
                pieces.push(format!(" {who} offers no way to ask afterwards.").into());
            }
        }
        if let (Some(ReviewCause::Flow | ReviewCause::Expression | ReviewCause::Circle), Some(review)) = (cause, review)
        {
            let detail = review.detail.split("; possible:").next().unwrap_or(&review.detail);
            pieces.push(format!(" The reason: {detail}.").into());
        }
        pieces
    }

    fn tried(&self, pending: &Pending) -> Vec<Piece> {
        match (pending.mode, &pending.trouble, pending.uncertain_since) {
            (Mode::LookUp, _, Some(since)) => {
                vec!["We asked ".into(), Piece::Ago(since), " and got no clear answer.".into()]
            }
            (Mode::Do, Some(_), _) => {
                vec!["We have tried for ".into(), Piece::For(self.now.since(pending.asked_at)), ".".into()]
            }
            _ => vec!["We asked ".into(), Piece::Ago(pending.asked_at), ".".into()],
        }
    }

    fn waited(&self) -> Vec<Piece> {
        let since = self.onboarding.since;
        let waited = Piece::For(self.now.since(since));
        match (&self.facts.child, self.verb()) {
            (Some(child), _) => {
                let mut pieces: Vec<Piece> = vec!["It waits for another flow of this person: ".into()];
                pieces.extend(child.headline.clone());
                pieces.push(" (onboarding ".into());
                pieces.push(Piece::Onboarding(child.id));
                pieces.push(")".into());
                pieces
            }
            (None, Some(Verb::Await(wait))) if wait.arrivals.values().any(|awaited| !awaited.from_provider) => {
                vec!["We have waited for ".into(), waited, " for the internal systems to tell.".into()]
            }
            _ => vec!["We have waited for ".into(), waited, ".".into()],
        }
    }
}

fn held_back(rest: &Rest) -> Vec<Piece> {
    match rest {
        Rest::Until { what, since, until, cause } => vec![
            format!(" As this process sees it, {what} rests since ").into(),
            Piece::At(*since),
            format!(" ({cause}), until ").into(),
            Piece::At(*until),
            ".".into(),
        ],
        Rest::Elsewhere { cause } => vec![format!(" In this process {cause}: it waits for one that is.").into()],
    }
}
