//! Why an onboarding is where it is and what happens next, in one sentence each: the contract's `why` and `next`, also of
//! every lifecycle event. Flow and onboarding enter, and nothing else: no row is read for it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::effect::Mode;
use crate::event::{Trust, flow_of};
use crate::flow::expr::Scope;
use crate::flow::model::{Await, Flow, Outcomes, Verb};
use crate::onboarding::{Onboarding, Pending, Purpose, ReviewCause, Status};
use crate::step::{about, choices, manner, names};
use crate::time::Timestamp;

/// Why an onboarding is where it is, and what happens next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Names what is awaited, from where, since when. No personal data.
    pub why: String,
    /// What a far end objected to, in its own words, which may repeat personal data; absent when nothing stands.
    pub said: Option<String>,
    /// What happens next; absent after an end.
    pub next: Option<Next>,
}

/// What happens next, and when at the latest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Next {
    /// What.
    pub what: String,
    /// When; absent when it depends on a person.
    pub at: Option<Timestamp>,
}

/// Why an onboarding that has not ended will move again (rule 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LiveReason {
    /// An effect is pending: its row must be due or leased.
    Effect {
        /// The effect's number.
        n: i64,
    },
    /// Something is awaited, no longer than until a time.
    Awaited {
        /// When it is late.
        until: Timestamp,
    },
    /// It is woken at a time.
    Timer {
        /// When it is woken.
        at: Timestamp,
    },
    /// A person must decide.
    Review,
}

/// The live reason of an onboarding. `None` when it has ended, or when its row is broken.
#[must_use]
pub fn live_reason(onboarding: &Onboarding) -> Option<LiveReason> {
    let memory = &onboarding.memory;
    match onboarding.status {
        Status::Completed | Status::Failed | Status::Cancelled => None,
        Status::Review => memory.review.as_ref().map(|_| LiveReason::Review),
        Status::Active => memory.pending.as_ref().map(|pending| LiveReason::Effect { n: pending.n }),
        Status::Waiting => match (memory.deadline, onboarding.wake_at) {
            (Some(until), Some(at)) if at <= until => Some(LiveReason::Awaited { until }),
            (None, Some(at)) => Some(LiveReason::Timer { at }),
            _ => None,
        },
    }
}

/// Sums an onboarding up.
#[must_use]
pub fn summary(flow: &Flow, onboarding: &Onboarding) -> Summary {
    let verb = flow.states.get(&onboarding.state).map(|state| &state.verb);
    let memory = &onboarding.memory;
    match (onboarding.status, &memory.pending, verb) {
        (Status::Completed | Status::Failed | Status::Cancelled, ..) => ended(onboarding),
        (Status::Review, ..) => review(onboarding, verb),
        (Status::Active, Some(pending), verb) => {
            let at = Some(pending.due_at);
            Summary { why: effect(verb, pending), said: None, next: Some(Next { what: attempt(pending), at }) }
        }
        (Status::Waiting, _, Some(Verb::Wait { outcomes, .. })) => passing(onboarding, outcomes),
        (Status::Waiting, pending, Some(Verb::Await(wait))) => waiting(onboarding, wait, pending.as_ref()),
        (status, ..) => Summary {
            why: format!("{} in {}, with nothing under way", status.word(), onboarding.state),
            said: None,
            next: onboarding.wake_at.map(|at| Next { what: "it is looked at".into(), at: Some(at) }),
        },
    }
}

/// What holds an effect back, apart from its own time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rest {
    /// The far end failed, or asked to be left alone.
    Until {
        /// What rests: a provider, an action, `mail`, `publish`.
        what: String,
        /// When the rest began.
        since: Timestamp,
        /// Until when at least.
        until: Timestamp,
        /// Why it rests.
        cause: String,
    },
    /// The process that is asked is not set up for the far end; another may be.
    Elsewhere {
        /// What is missing.
        cause: String,
    },
}

/// What the effect that an onboarding waits for would ask: slot and action (the slot again where there is none), and
/// how. `None` when it waits for no effect.
#[must_use]
pub fn asks(onboarding: &Onboarding) -> Option<(&str, &str, Mode)> {
    let pending = onboarding.memory.pending.as_ref()?;
    if !matches!(onboarding.status, Status::Active | Status::Waiting) {
        return None;
    }
    let target = pending.target.as_str();
    Some(match (target.split_once(' '), target.split_once('.')) {
        (Some((slot, _)), _) => (slot, slot, pending.mode),
        (None, Some((slot, _))) => (slot, target, pending.mode),
        (None, None) => (target, target, pending.mode),
    })
}

impl Summary {
    /// Sums up an onboarding with an effect that is held back: what rests, since when, why, and when it is tried
    /// again.
    #[must_use]
    pub fn resting(mut self, onboarding: &Onboarding, rest: &Rest) -> Self {
        let pending = onboarding.memory.pending.as_ref();
        let (what, since, until, cause) = match rest {
            Rest::Until { what, since, until, cause } => (what, since, until, cause),
            Rest::Elsewhere { cause } => {
                self.why.push_str(&format!("; {cause}: it waits for one that is"));
                return self;
            }
        };
        if pending.is_none_or(|pending| pending.due_at >= *until) {
            return self;
        }
        self.why.push_str(&format!("; {what} rests since {since} ({cause}) and is tried again at {until}"));
        if let Some(next) = &mut self.next {
            next.at = Some(*until);
        }
        self
    }
}

/// What the front end of a waiting person needs, by `show` of the state; `None` when the state shows nothing. May hold
/// personal data. Evaluated whenever it is read: an absent value is left out, and a failed expression gives null.
#[must_use]
pub fn shown(flow: &Flow, onboarding: &Onboarding) -> Option<Map<String, Value>> {
    let wait = match flow.states.get(&onboarding.state).map(|state| &state.verb) {
        Some(Verb::Await(wait)) if !onboarding.status.ended() && !wait.show.is_empty() => wait,
        _ => return None,
    };
    let scope = Scope { user: Some(&onboarding.user), data: &onboarding.memory.data, onboarding: Some(onboarding) };
    let values = wait.show.iter().filter_map(|(name, mapping)| {
        let value = mapping.eval(&scope).unwrap_or(Some(Value::Null))?;
        Some((name.clone(), value))
    });
    Some(values.collect())
}

fn ended(onboarding: &Onboarding) -> Summary {
    let (word, state) = (onboarding.status.word(), &onboarding.state);
    let at = onboarding.ended_at.map_or(String::new(), |at| format!(" since {at}"));
    Summary { why: format!("{word} in {state}{at}"), said: said(onboarding), next: None }
}

/// The newest objection that was not overcome.
fn said(onboarding: &Onboarding) -> Option<String> {
    onboarding.memory.objections.last().map(ToString::to_string)
}

/// What was reported since then and could move nothing, the newest of it.
fn reported(onboarding: &Onboarding, since: Timestamp) -> String {
    let later = onboarding.memory.facts.iter().filter(|known| known.received_at > since);
    let Some(newest) = later.max_by_key(|known| known.received_at) else { return String::new() };
    let (name, after) = (&newest.report.name, about(newest.received_at.since(since)));
    let who = name.split_once('.').map_or("the internal systems", |(provider, _)| provider);
    let sure = if newest.report.trust == Trust::Hint { ", which is not confirmed" } else { "" };
    format!("; {after} later {who} reported {name}{sure}")
}

fn review(onboarding: &Onboarding, verb: Option<&Verb>) -> Summary {
    let review = onboarding.memory.review.as_ref();
    let detail = review.map_or("a person must look", |review| review.detail.as_str());
    let since = review.map_or(onboarding.since, |review| review.since);
    let what = match (review.map(|review| review.cause), verb) {
        (Some(ReviewCause::Asked), Some(Verb::Ask { whom, outcomes })) => {
            format!("{whom} chooses: {}", choices(outcomes))
        }
        _ => "a person decides: retry, move, cancel".into(),
    };
    let why = format!("review: {detail}, since {since}{}", reported(onboarding, since));
    Summary { why, said: said(onboarding), next: Some(Next { what, at: None }) }
}

/// How it stands with an effect.
fn effect(verb: Option<&Verb>, pending: &Pending) -> String {
    let Pending { target, trouble, due_at, looked, .. } = pending;
    let (number, most) = (pending.attempts.saturating_add(1), manner(verb, pending).policy.attempts);
    match (pending.mode, pending.uncertain_since, trouble) {
        (Mode::LookUp, since, _) => {
            let since = since.unwrap_or(pending.asked_at);
            let number = looked.saturating_add(1);
            format!("{target}: whether it was done is not known since {since}; look-up {number} at {due_at}")
        }
        (Mode::Do, _, Some(trouble)) => {
            let (works, counted) = (pending.works(), pending.attempts);
            let free = match works > counted {
                true => format!(" (tried {works} times; {counted} of them count)"),
                false => String::new(),
            };
            format!("{target}: {trouble}; attempt {number} of {most} at {due_at}{free}")
        }
        (Mode::Do, _, None) => format!("{target} is being performed or waits for its turn, attempt {number}"),
    }
}

fn attempt(pending: &Pending) -> String {
    match pending.mode {
        Mode::Do => format!("attempt {} of {}", pending.attempts.saturating_add(1), pending.target),
        Mode::LookUp => format!("look-up of {}", pending.target),
    }
}

fn waiting(onboarding: &Onboarding, wait: &Await, pending: Option<&Pending>) -> Summary {
    let memory = &onboarding.memory;
    let mut why = format!("waiting for {}{} since {}", names(wait), whom(wait, onboarding), onboarding.since);
    if wait.poll.is_some() && memory.polls > 1 {
        why.push_str(&format!("; asked {} times so far", memory.polls));
    }
    let (what, at) = match (pending, memory.next_poll, memory.deadline) {
        (Some(pending), ..) => {
            let kind = if pending.purpose == Purpose::Confirm { "to confirm a hint" } else { "as a poll" };
            if let Some(trouble) = &pending.trouble {
                why.push_str(&format!("; {}: {trouble}", pending.target));
            }
            (format!("read {} {kind}{}", pending.target, late(wait, memory.deadline)), Some(pending.due_at))
        }
        (None, Some(at), deadline) if deadline.is_none_or(|deadline| at < deadline) => {
            let action = wait.poll.as_ref().map_or("a hint's confirmation", |poll| poll.action.as_str());
            (format!("read {action}{}", late(wait, deadline)), Some(at))
        }
        (None, _, deadline) => (format!("it is late, and goes on in {}", late_in(wait)), deadline),
    };
    Summary { why, said: None, next: Some(Next { what, at }) }
}

/// When a wait is late, and where it goes on then.
fn late(wait: &Await, deadline: Option<Timestamp>) -> String {
    deadline.map_or(String::new(), |at| format!("; if nothing comes, it goes on in {} at {at}", late_in(wait)))
}

fn late_in(wait: &Await) -> &str {
    wait.outcomes.get("late").map_or("the next state", String::as_str)
}

/// Time passes, and nothing else is waited for.
fn passing(onboarding: &Onboarding, outcomes: &Outcomes) -> Summary {
    let until = onboarding.memory.deadline;
    let why = format!("waiting until {} since {}", until.unwrap_or(onboarding.since), onboarding.since);
    let what = format!("the wait is over, in {}", outcomes.get("over").map_or("the next state", String::as_str));
    Summary { why, said: None, next: Some(Next { what, at: until }) }
}

/// Where it comes from: the providers of the awaited facts, the onboardings that must end, the internal systems for the
/// rest.
fn whom(wait: &Await, onboarding: &Onboarding) -> String {
    let mut from: Vec<String> = Vec::new();
    for awaited in wait.arrivals.values() {
        let child = flow_of(&awaited.name).map(|flow| onboarding.memory.children.get(flow));
        let one = match (child, awaited.name.split_once('.')) {
            (Some(Some(child)), _) => format!("onboarding {child}"),
            (Some(None), _) => "an onboarding that was not started".to_owned(),
            (None, Some((provider, _))) if awaited.from_provider => provider.to_owned(),
            _ => "the internal systems".to_owned(),
        };
        if !from.contains(&one) {
            from.push(one);
        }
    }
    if from.is_empty() { String::new() } else { format!(" from {}", from.join(" or ")) }
}
