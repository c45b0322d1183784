//! A world of one onboarding, moved by hand: a flow, a clock, and events that are answered by the real `step`.
//! Every decision that passes through here is held to the laws that hold for all of them (see [`laws`]).
#![allow(dead_code, reason = "every test binary uses another part of it")]

pub mod events;
pub mod explained;
pub mod flows;
pub mod laws;
pub mod scripts;

use gangway_core::decision::{Decision, FollowUp};
use gangway_core::event::{Body, Event, OnboardingId, UserId};
use gangway_core::flow::model::Flow;
use gangway_core::onboarding::{Onboarding, User};
use gangway_core::step::{start, step};
use gangway_core::time::{Millis, Timestamp};
use uuid::Uuid;

/// When every world begins: 2026-11-22T10:00:00Z.
pub const BEGIN: Timestamp = Timestamp(1_795_341_600_000);
/// Stands for "now" in an event that is made before the clock is known.
pub const NOW: Timestamp = Timestamp(i64::MIN);

/// One onboarding and its clock.
#[derive(Clone, Debug)]
pub struct World {
    pub flow: Flow,
    pub now: Timestamp,
    pub last: Decision,
    /// Every event so far with the time at which it was answered: the journal.
    pub journal: Vec<(Event, Timestamp)>,
}

impl World {
    /// Signs a user up.
    pub fn begin(flow: Flow) -> Self {
        Self::begin_with(flow, events::signed_up())
    }

    pub fn begin_with(flow: Flow, event: Event) -> Self {
        let event = stamped(event, BEGIN);
        let last = start(&flow, onboarding_id(), &user(), &event, BEGIN);
        laws::hold(&flow, None, &last);
        Self { flow, now: BEGIN, last, journal: vec![(event, BEGIN)] }
    }

    /// Answers one event.
    pub fn hear(mut self, event: Event) -> Self {
        let event = stamped(event, self.now);
        let decision = step(&self.flow, self.it(), &event, self.now);
        laws::hold(&self.flow, Some(self.it()), &decision);
        self.journal.push((event, self.now));
        self.last = decision;
        self
    }

    /// Moves the clock on by this many seconds.
    pub fn wait(mut self, seconds: u64) -> Self {
        self.now = self.now.plus(Millis::secs(seconds));
        self
    }

    /// Takes the flow away and puts this one there.
    pub fn with_flow(mut self, flow: Flow) -> Self {
        self.flow = flow;
        self
    }

    pub fn it(&self) -> &Onboarding {
        &self.last.onboarding
    }

    /// The last decision in one line: `VERDICT STATE/STATUS (CAUSE); FOLLOW-UPS; ASKS; TELLS; wake +N; LIFECYCLE`.
    /// Times are whole seconds from now, rounded down, so that jitter does not show.
    pub fn told(&self) -> String {
        let (d, it) = (&self.last, self.it());
        let mut told = format!("{} {}/{}", d.verdict.word(), it.state, it.status.word());
        if let Some(review) = &it.memory.review {
            told += &format!(" ({})", review.cause.word());
        }
        for follow_up in &d.follow_ups {
            told += &match follow_up {
                FollowUp::Settled { n, outcome } => format!("; {n} settled {outcome}"),
                FollowUp::Due { n, at, mode, uncertain_since } => {
                    let uncertain = if uncertain_since.is_some() { " uncertain" } else { "" };
                    format!("; {n} due {} {mode:?}{uncertain}", self.ahead(*at))
                }
            };
        }
        for effect in &d.asks {
            let (kind, target) = effect.request.target();
            told += &format!("; asks {} {kind} {target}", effect.id.n);
        }
        for effect in &d.tells {
            told += &format!("; tells {} {}", effect.id.n, effect.request.target().1);
        }
        if let Some(at) = it.wake_at {
            told += &format!("; wake {}", self.ahead(at));
        }
        for lifecycle in &d.lifecycle {
            told += &format!("; {}", lifecycle.event_type());
        }
        told
    }

    fn ahead(&self, at: Timestamp) -> String {
        format!("+{}s", at.since(self.now).0 / 1000)
    }
}

/// One row of the table: in this world, this event, this decision.
#[track_caller]
pub fn check(given: World, when: Event, expect: &str) -> World {
    let world = given.hear(when);
    assert_eq!(world.told(), expect, "\n(detail: {})", world.last.detail);
    world
}

fn stamped(mut event: Event, now: Timestamp) -> Event {
    event.received_at = now;
    if let Body::Outcome { sent_at, .. } = &mut event.body
        && *sent_at == NOW
    {
        *sent_at = now;
    }
    event
}

pub fn onboarding_id() -> OnboardingId {
    OnboardingId(Uuid::from_u128(7))
}

pub fn user() -> User {
    User {
        id: UserId(Uuid::from_u128(1)),
        external_id: "u-1".into(),
        email: Some("ada@example.org".into()),
        locale: Some("de".into()),
        created_at: BEGIN,
    }
}
