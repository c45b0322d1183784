//! Whether others get through: whether it is this person or the far end. Neither is said on thin evidence.

use super::{Line, Piece, Slot, View};
use crate::onboarding::Status;

/// Others that must have got through, or must wait, before a conclusion is drawn.
const ENOUGH: u64 = 3;

impl View<'_> {
    pub(super) fn others_line(&self) -> Option<Line> {
        let others = self.facts.others?;
        if self.onboarding.status.ended() {
            return None;
        }
        let who = self.far_end();
        let mut pieces: Vec<Piece> = Vec::new();
        if others.through >= ENOUGH {
            let by_webhook = match others.by_webhook {
                0 => String::new(),
                n => format!(", {n} of them by webhook"),
            };
            pieces.push(format!("{} got through since this one began to wait{by_webhook}: ", others.through).into());
            pieces.push(format!("it is this person, not {who}.").into());
        } else if others.through == 0 && others.waiting >= ENOUGH {
            pieces.push("Nobody got through since ".into());
            pieces.push(Piece::At(self.onboarding.since));
            pieces.push(format!(", and {} others wait: it is {who}, not this person.", others.waiting).into());
        } else if let Some(last) = others.last {
            pieces.extend(["The last of the others got through ".into(), Piece::Ago(last), ".".into()]);
        }
        if self.onboarding.status == Status::Review {
            let same = match others.same_cause {
                0 => "Nobody else has this cause now.".to_owned(),
                1 => "1 other has the same cause now.".to_owned(),
                n => format!("{n} others have the same cause now."),
            };
            let gap = if pieces.is_empty() { "" } else { " " };
            pieces.push(format!("{gap}{same}").into());
        }
        Line::of(Slot::Others, pieces, vec![self.figures()])
    }

    /// Who would be to blame if it is not this person.
    fn far_end(&self) -> String {
        let memory = &self.onboarding.memory;
        let pending = memory.pending.as_ref().map(|pending| pending.target.as_str());
        let polled = || match self.verb() {
            Some(crate::flow::model::Verb::Await(wait)) => wait.poll.as_ref().map(|poll| poll.action.as_str()),
            _ => None,
        };
        let objected = || memory.objections.last().map(|objection| objection.target.as_str());
        pending
            .or_else(polled)
            .or_else(objected)
            .map_or_else(|| "the other side".to_owned(), |target| self.deed(target).who)
    }
}
