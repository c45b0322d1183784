//! The decisions of gangway. Events, onboardings and flows enter; decisions leave.
//! Never here: async, a clock, randomness, the network, SQL. The manifest and the lints hold it.
//!
//! Five nouns carry everything: an [`event::Event`] happened, an [`onboarding::Onboarding`] is one user in one
//! [`flow::model::Flow`], [`step::step`] answers every event with a [`decision::Decision`], and what a decision asks of
//! the world is an [`effect::Effect`]. The result of an effect is again an event.

pub mod address;
pub mod catalogue;
pub mod decision;
pub mod effect;
pub mod event;
pub mod explain;
pub mod flow;
pub mod forecast;
pub mod json;
pub mod matching;
pub mod objection;
pub mod onboarding;
pub mod outcome;
pub mod phrases;
pub mod retry;
pub mod secret;
pub mod step;
pub mod time;
