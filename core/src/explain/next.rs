//! What happens by itself, and when.

use super::{Line, Piece, Slot, View};
use crate::effect::Mode;
use crate::flow::model::Verb;
use crate::onboarding::{Purpose, Status};

impl View<'_> {
    pub(super) fn next_line(&self) -> Option<Line> {
        let pieces = match self.onboarding.status {
            Status::Completed | Status::Failed | Status::Cancelled => return None,
            Status::Review => vec!["Nothing happens by itself.".into()],
            Status::Active => self.tries_again(),
            Status::Waiting => self.goes_on(),
        };
        Line::of(Slot::Next, pieces, vec![self.proof_row()])
    }

    fn tries_again(&self) -> Vec<Piece> {
        let Some(pending) = &self.onboarding.memory.pending else { return Vec::new() };
        let mode = if pending.mode == Mode::LookUp { "We look whether it was done " } else { "We try again " };
        match (pending.tried, self.at(pending.due_at)) {
            (0, _) => vec!["The answer moves it on.".into()],
            (_, at) => vec![mode.into(), at, ".".into()],
        }
    }

    /// When an effect is tried: what rests is not tried before it may be.
    fn at(&self, due: crate::time::Timestamp) -> Piece {
        match &self.facts.rest {
            Some(super::Rest::Until { until, .. }) if *until > due => Piece::Until(*until),
            _ => Piece::Until(due),
        }
    }

    fn goes_on(&self) -> Vec<Piece> {
        let memory = &self.onboarding.memory;
        let mut pieces: Vec<Piece> = Vec::new();
        match (&memory.pending, memory.next_poll) {
            (Some(pending), _) if pending.purpose != Purpose::Work && pending.due_at > self.now => {
                pieces.extend(["We ask again ".into(), self.at(pending.due_at), ".".into()]);
            }
            (Some(_), _) => pieces.push("We are asking now.".into()),
            (None, Some(at)) => pieces.extend(["We ask again ".into(), Piece::Until(at), ".".into()]),
            (None, None) => {}
        }
        let outcome = if matches!(self.verb(), Some(Verb::Wait { .. })) { "over" } else { "late" };
        let next = self.verb().and_then(Verb::outcomes).and_then(|outcomes| outcomes.get(outcome));
        if let (Some(at), Some(next)) = (memory.deadline, next) {
            let gap = if pieces.is_empty() { "At " } else { " At " };
            pieces.extend([gap.into(), Piece::At(at), format!(" {}.", self.leads(next)).into()]);
        }
        if pieces.is_empty() {
            pieces.push("It is looked at when something comes.".into());
        }
        pieces
    }
}
