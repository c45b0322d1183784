//! No onboarding goes round for ever. News comes from outside: a report, a message, a person's act, a child's end, a
//! time that came. When a state that asks for something is entered again without any, a person must look at it, and so
//! with an onboarding that asked for more than any journey needs.

use super::turn::Turn;
use crate::effect::Request;
use crate::onboarding::ReviewCause;

/// Times that a state may be entered without news; the last of them asks nothing any more.
const ROUNDS: u32 = 3;

impl Turn<'_> {
    /// Something came from outside: whatever goes round now has a reason.
    pub(super) fn news(&mut self) {
        self.it.memory.rounds.clear();
    }

    /// A person lets it go on: with all that it may ask for before a person must look again.
    pub(super) fn another_round(&mut self) {
        self.news();
        (self.it.memory.mails, self.it.memory.effects) = (0, 0);
    }

    /// Counts the state that is being entered.
    pub(super) fn comes_round(&mut self) {
        let rounds = self.it.memory.rounds.entry(self.it.state.clone()).or_default();
        *rounds = rounds.saturating_add(1);
    }

    /// Counts what is asked of the world.
    pub(super) fn spend(&mut self, request: &Request) {
        let memory = &mut self.it.memory;
        memory.effects = memory.effects.saturating_add(1);
        memory.mails = memory.mails.saturating_add(u32::from(matches!(request, Request::Mail { .. })));
    }

    /// Opens a review, naming the circle or the limit, when the state must not ask for anything more.
    pub(super) fn runs_away(&mut self, is_mail: bool) -> bool {
        let (memory, limits, state) = (&self.it.memory, self.flow.limits, &self.it.state);
        let why = if memory.rounds.get(state).is_some_and(|rounds| *rounds >= ROUNDS) {
            format!("went round {ROUNDS} times through {} without news", self.circle())
        } else if is_mail && memory.mails >= limits.mails {
            format!("{} mails were sent, one more would be too many (engine.mails); it is in {state}", memory.mails)
        } else if memory.effects >= limits.effects {
            format!(
                "{} things were asked, one more would be too many (engine.effects); it is in {state}",
                memory.effects
            )
        } else {
            return false;
        };
        self.review(ReviewCause::Circle, format!("{why}; possible: retry, move, cancel"));
        true
    }

    /// The states that were entered more than once since the last news, in the order of the flow.
    fn circle(&self) -> String {
        let rounds = &self.it.memory.rounds;
        let names = self.flow.states.keys().filter(|name| rounds.get(*name).is_some_and(|rounds| *rounds > 1));
        names.map(String::as_str).collect::<Vec<_>>().join(", ")
    }
}
