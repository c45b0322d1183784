//! How long it takes for others. Said only of enough others.

use super::{Line, Piece, Proof, Slot, View};

/// Fewer others than this say nothing.
const ENOUGH: u64 = 30;

impl View<'_> {
    pub(super) fn usual_line(&self) -> Option<Line> {
        let usual = self.facts.usual.filter(|usual| usual.others >= ENOUGH)?;
        let others = format!("; longer than {} % of {} others in {} days.", usual.faster, usual.others, usual.days);
        Line::of(Slot::Usually, vec![Piece::For(usual.half), others.into()], vec![self.figures()])
    }

    pub(super) fn figures(&self) -> Proof {
        let it = self.onboarding;
        Proof::Figures { flow: it.flow.name.clone(), version: it.flow.version, state: it.state.clone() }
    }
}
