//! The answers that support reads: search, explanation, forecast, story and mails of a person. One room, so that API,
//! command line and console say the same. Ids and texts enter; what rows say leaves, in words, for a reader who may see
//! all of it or only what is masked. Nothing is written here, and nothing is decided: what an act would do is the step's
//! own answer.

pub mod explain;
pub mod mails;
pub mod search;
pub mod shape;
pub mod shown;
pub mod story;

use std::sync::Arc;

use gangway_core::event::OperatorAct;
use gangway_core::explain::{Facts, Piece, View, asks};
use gangway_core::flow::model::Flow;
use gangway_core::forecast::{Forecast, forecast};
use gangway_core::onboarding::Onboarding;
use gangway_core::phrases::Phrases;

use crate::clock::Clock;
use crate::engine::{Flows, Rests};
use crate::store::Store;

pub use shown::Reader;

/// What answers are made of. Clones share it.
#[derive(Clone, Debug)]
pub struct Answers {
    /// The read side.
    pub store: Store,
    /// The flows that this process knows.
    pub flows: Flows,
    /// How people speak of what providers offer.
    pub phrases: Arc<Phrases>,
    /// What rests at the far ends of this process.
    pub rests: Arc<dyn Rests>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Kinds of identifiers that the providers' adapters write.
    pub kinds: Arc<[String]>,
}

impl Answers {
    /// The sentence to read first, by the onboarding alone: for lists. `None` when its flow is not loaded here.
    #[must_use]
    pub fn headline(&self, onboarding: &Onboarding) -> Option<Vec<Piece>> {
        let flow = self.flows.get(&onboarding.flow)?;
        let facts = Facts { rest: self.rest(onboarding), ..Facts::default() };
        Some(self.view(&flow, onboarding, &facts).headline())
    }

    /// What an act would do now. `None` when the flow is not loaded here.
    #[must_use]
    pub fn forecast(&self, onboarding: &Onboarding, act: &OperatorAct) -> Option<Forecast> {
        let flow = self.flows.get(&onboarding.flow)?;
        Some(forecast(&flow, onboarding, act, self.clock.now()))
    }

    fn view<'a>(&'a self, flow: &'a Flow, onboarding: &'a Onboarding, facts: &'a Facts) -> View<'a> {
        View { flow, phrases: &self.phrases, onboarding, facts, now: self.clock.now() }
    }

    fn rest(&self, onboarding: &Onboarding) -> Option<gangway_core::explain::Rest> {
        asks(onboarding).and_then(|(slot, action, mode)| self.rests.rest(slot, action, mode))
    }
}

#[cfg(test)]
mod tests;
