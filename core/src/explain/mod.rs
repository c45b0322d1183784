//! Where is this person, why, and what happens next: in words that support can read out, each with the rows that prove
//! it. Flow, onboarding, [`Facts`] and the time enter; an [`Explanation`] leaves. No guess, no second source: what no row
//! says is not said, and what is not known is said to be unknown.
//!
//! `summary` is the contract's `why` and `next`, from flow and onboarding alone. The explanation has a headline and six
//! lines: `now`, `usual`, `seen`, `others`, `next`, `can`. `deed` finds the words for what was asked, `piece` the words
//! for times, addresses and quotes.

mod can;
mod deed;
mod facts;
mod headline;
mod next;
mod now;
mod others;
pub mod piece;
mod seen;
mod summary;
mod usual;

use serde::{Deserialize, Serialize};

use crate::event::OnboardingId;
use crate::flow::model::{Flow, Verb};
use crate::onboarding::Onboarding;
use crate::phrases::Phrases;
use crate::time::Timestamp;

pub use can::{Offer, Way};
pub use facts::{Answered, Came, Child, Facts, Flowing, Usual};
pub use piece::Piece;
pub use summary::{LiveReason, Next, Rest, Summary, asks, live_reason, shown, summary};

/// Why an onboarding is where it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    /// The one sentence to read first. No personal data but quotes.
    pub headline: Vec<Piece>,
    /// At most one of each slot, in the order of [`Slot`].
    pub lines: Vec<Line>,
    /// What an operator can do; what would be refused is left out.
    pub acts: Vec<Offer>,
}

/// One line of an explanation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// What it is about.
    pub slot: Slot,
    /// Its sentences.
    pub pieces: Vec<Piece>,
    /// The rows that prove it.
    pub proof: Vec<Proof>,
}

/// What a line is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Slot {
    /// What is going on.
    Now,
    /// How long it takes for others.
    Usually,
    /// What was asked, answered and reported.
    Seen,
    /// Whether others get through.
    Others,
    /// What happens by itself.
    Next,
    /// What an operator, or somebody else, can do.
    Can,
}

impl Slot {
    /// Its label for people.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Now => "Now",
            Self::Usually => "Usually",
            Self::Seen => "Seen",
            Self::Others => "Others",
            Self::Next => "Next",
            Self::Can => "You can",
        }
    }
}

/// What proves a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// An event of the journal.
    Event(i64),
    /// An effect of this onboarding, by its number.
    Effect(i64),
    /// The row of an onboarding.
    Onboarding(OnboardingId),
    /// Figures of the people who were in this state.
    Figures {
        /// Name of the flow.
        flow: String,
        /// Its version.
        version: u32,
        /// Name of the state.
        state: String,
    },
    /// What this process knows of the far end.
    Outlook,
}

/// What is explained, and by what.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// Its flow.
    pub flow: &'a Flow,
    /// How people speak of what providers offer.
    pub phrases: &'a Phrases,
    /// The onboarding.
    pub onboarding: &'a Onboarding,
    /// What rows say beside it.
    pub facts: &'a Facts,
    /// The time.
    pub now: Timestamp,
}

impl<'a> View<'a> {
    /// The whole explanation.
    #[must_use]
    pub fn explain(&self) -> Explanation {
        let lines = [self.now_line(), self.usual_line(), self.seen_line(), self.others_line(), self.next_line()];
        let acts = self.offers();
        let can = self.can_line(&acts);
        Explanation { headline: self.headline(), lines: lines.into_iter().chain([can]).flatten().collect(), acts }
    }

    /// What the state does; `None` when the flow does not have it.
    fn verb(&self) -> Option<&'a Verb> {
        self.flow.states.get(&self.onboarding.state).map(|state| &state.verb)
    }

    /// What people call a state.
    fn state_title<'s>(&self, name: &'s str) -> &'s str
    where
        'a: 's,
    {
        self.flow.states.get(name).and_then(|state| state.title.as_deref()).unwrap_or(name)
    }

    /// Where a state leads, in words: `a person is asked`.
    fn leads(&self, name: &str) -> String {
        use crate::flow::model::EndStatus;
        match self.flow.states.get(name).map(|state| &state.verb) {
            Some(Verb::Ask { .. }) => "a person is asked".to_owned(),
            Some(Verb::End(end)) => match end.status {
                EndStatus::Completed => "it ends on board".to_owned(),
                EndStatus::Failed => "it ends as failed".to_owned(),
                EndStatus::Cancelled => "it is called off".to_owned(),
            },
            _ => format!("it goes on with \u{201c}{}\u{201d}", self.state_title(name)),
        }
    }

    fn proof_row(&self) -> Proof {
        Proof::Onboarding(self.onboarding.id)
    }
}

impl Line {
    /// A line, if it says anything.
    fn of(slot: Slot, pieces: Vec<Piece>, proof: Vec<Proof>) -> Option<Self> {
        (!pieces.is_empty()).then_some(Self { slot, pieces, proof })
    }

    /// Its text, for a reader who may see everything.
    #[must_use]
    pub fn text(&self, now: Timestamp) -> String {
        text(&self.pieces, now)
    }
}

/// Who was asked by this target, in words: `Original`, `the mail server`.
#[must_use]
pub fn who(phrases: &Phrases, target: &str) -> String {
    deed::deed(phrases, target).who
}

/// What was asked by this target, in words: `make the user`.
#[must_use]
pub fn clause(phrases: &Phrases, target: &str) -> String {
    deed::deed(phrases, target).clause
}

/// Sentences as text, for a reader who may see everything.
#[must_use]
pub fn text(pieces: &[Piece], now: Timestamp) -> String {
    pieces.iter().map(|piece| piece.text(now)).collect()
}

/// Sentences as text, for a reader who sees no personal data.
#[must_use]
pub fn masked(pieces: &[Piece], now: Timestamp) -> String {
    pieces.iter().map(|piece| piece.masked(now)).collect()
}
