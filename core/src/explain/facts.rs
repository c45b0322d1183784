//! What rows say beside the onboarding itself: the input of an explanation. Whoever explains reads as much of it as the
//! reader has time for: what is absent is not spoken of.

use crate::event::OnboardingId;
use crate::explain::Rest;
use crate::onboarding::Status;
use crate::time::{Millis, Timestamp};

/// What rows say beside the onboarding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The newest answers of far ends, the newest first.
    pub answers: Vec<Answered>,
    /// What was reported since the onboarding came to rest, and moved nothing; the newest first.
    pub came: Vec<Came>,
    /// Events that belong to nobody and may be this person's, the newest first; `None`: not looked for.
    pub held: Option<Vec<Came>>,
    /// How long others are in this state.
    pub usual: Option<Usual>,
    /// Whether others get through.
    pub others: Option<Flowing>,
    /// What holds its effect back.
    pub rest: Option<Rest>,
    /// The onboarding of the same person that it waits for.
    pub child: Option<Child>,
}

/// An answer, or several equal ones that share a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// Number of its event.
    pub event: i64,
    /// What was asked: `original.get_user`.
    pub target: String,
    /// The outcome; `None` when the attempt brought none.
    pub outcome: Option<String>,
    /// When the last of them came.
    pub at: Timestamp,
    /// How many there are.
    pub times: u32,
}

/// An event that moved nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Came {
    /// Its number.
    pub event: i64,
    /// Its type, or the fact that it reports.
    pub name: String,
    /// When it was received.
    pub at: Timestamp,
    /// Whether it came by webhook.
    pub by_webhook: bool,
    /// Whether it is a hint that no read has confirmed.
    pub is_hint: bool,
}

/// How long others are in a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usual {
    /// How many others were counted.
    pub others: u64,
    /// In how many days.
    pub days: u32,
    /// Half of them took no longer.
    pub half: Millis,
    /// Of a hundred, how many were faster than this one is by now.
    pub faster: u32,
}

/// Whether others get through the state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flowing {
    /// How many left it well since this one entered it.
    pub through: u64,
    /// How many of them by webhook.
    pub by_webhook: u64,
    /// How many others are in it now.
    pub waiting: u64,
    /// How many others are in review with the same cause.
    pub same_cause: u64,
    /// When the last one left it well.
    pub last: Option<Timestamp>,
}

/// The onboarding of the same person that is waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Child {
    /// Its id.
    pub id: OnboardingId,
    /// What people call its flow.
    pub title: String,
    /// What its position means.
    pub status: Status,
    /// Its headline.
    pub headline: Vec<crate::explain::Piece>,
}
