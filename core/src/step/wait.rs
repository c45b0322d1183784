//! A wait: looks back over known facts, confirms hints, polls, and is late at its deadline. Asks reads only, and at
//! most one at a time.
//!
//! Back-off: a poll's `every` doubles with each read since the state was entered or a hint came. A wait without a poll
//! reads again for an unconfirmed hint after 2 s, 4 s, …, at most six times; then the hint is dropped.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::facts::{order, turn_of};
use super::turn::{Turn, about};
use crate::catalogue::Confirm;
use crate::effect::Request;
use crate::event::{FactReport, Identifier, Trust, flow_of};
use crate::flow::expr::secret_places;
use crate::flow::model::{Await, Awaited, Poll, Verb};
use crate::onboarding::{Known, Onboarding, Purpose, Status};
use crate::time::{Millis, Timestamp};

/// Reads of a hint in a wait without a poll.
const CONFIRMING_READS: u32 = 6;
/// Wait after the first of them; doubles.
const CONFIRM_AGAIN: Millis = Millis::secs(2);

/// A finished read: when it was asked and sent, and of what. Hints that came later are not answered by it.
pub(super) struct Read {
    pub(super) purpose: Purpose,
    pub(super) target: String,
    pub(super) asked_at: Timestamp,
    pub(super) sent_at: Timestamp,
    /// Whether the provider answered at all.
    pub(super) answered: bool,
}

impl<'a> Turn<'a> {
    /// The awaited fact that is known, with its outcome. The greatest of several wins, so that the order in which they
    /// came cannot matter. Of internal events the earliest wins, as if each had come while it was awaited.
    pub(super) fn look_back(&self, wait: &'a Await) -> Option<(&'a str, &Known)> {
        let awaited = |known: &&Known| self.concerns(&known.report) && known.report.trust == Trust::Fact;
        let (used_up, stays): (Vec<_>, Vec<_>) = self
            .it
            .memory
            .facts
            .iter()
            .filter(awaited)
            .filter_map(|known| {
                let (outcome, _) = wait.arrivals.iter().find(|(_, awaited)| awaited.name == known.report.name)?;
                Some((outcome.as_str(), known))
            })
            .partition(|(_, known)| self.flow.uses_up(&known.report.name));
        let earliest = used_up.into_iter().min_by(|(_, a), (_, b)| turn_of(a, b));
        stays.into_iter().chain(earliest).max_by(|(_, a), (_, b)| {
            order(&a.report, &b.report)
                .then_with(|| a.report.name.cmp(&b.report.name))
                .then_with(|| a.report.resource.cmp(&b.report.resource))
        })
    }

    /// What settles the wait now, with the fields that it brought. A provider's fact stays known, and so does the end
    /// of a child. An internal event is used up by the wait that it settles: the next wait for its type waits for the
    /// next event, which may be there already. That is news, as it would be had it come only now.
    pub(super) fn settled(&mut self, wait: &'a Await) -> Option<(&'a str, Map<String, Value>)> {
        let (outcome, known) = self.look_back(wait)?;
        let FactReport { name, resource, fields, .. } = known.report.clone();
        if self.flow.uses_up(&name) {
            self.it.memory.facts.retain(|known| known.report.name != name || known.report.resource != resource);
            self.news();
        }
        Some((outcome, fields))
    }

    /// Whether this onboarding waits for a fact. Of a flow's ends only that of the child begun or joined last counts,
    /// or a child that failed would speak for its second try.
    fn concerns(&self, report: &FactReport) -> bool {
        let Some(flow) = flow_of(&report.name) else { return true };
        self.it.memory.children.get(flow).is_some_and(|child| child.to_string() == report.resource)
    }

    /// Unconfirmed hints of what is awaited, in order of name and resource.
    pub(super) fn hints(&self, wait: &'a Await) -> impl Iterator<Item = (&'a Awaited, &Known)> {
        let hints = self.it.memory.facts.iter().filter(|known| known.report.trust == Trust::Hint);
        hints.filter_map(|hint| awaited(wait, &hint.report.name).map(|awaited| (awaited, hint)))
    }

    /// Asks the next read: of a hint if one can be confirmed (of several in turn), else the poll. False when there
    /// is nothing to ask.
    pub(super) fn read(&mut self, wait: &'a Await) -> bool {
        let mut confirms: Vec<(&Confirm, Map<String, Value>)> = self
            .hints(wait)
            .filter_map(|(awaited, _)| awaited.confirm.as_ref())
            .filter_map(|confirm| Some((confirm, fill(confirm, &self.it)?)))
            .collect();
        let turn = self.it.memory.polls as usize % confirms.len().max(1);
        let (purpose, action, input, secrets) = if turn < confirms.len() {
            let (confirm, input) = confirms.swap_remove(turn);
            (Purpose::Confirm, &confirm.action, input, BTreeMap::new())
        } else if let Some(poll) = &wait.poll {
            let Some(input) = self.evaluate(&poll.with) else { return true };
            (Purpose::Poll, &poll.action, input, secret_places(&poll.with))
        } else {
            return false;
        };
        self.it.memory.polls = self.it.memory.polls.saturating_add(1);
        self.it.memory.next_poll = None;
        self.ask(purpose, action.clone(), Request::Call { action: action.clone(), input, secrets });
        true
    }

    /// The time came: late when the deadline passed, else the next read when that is due.
    pub(super) fn timer(&mut self) {
        let due = |at: Option<Timestamp>| at.is_some_and(|at| at <= self.now);
        let memory = &self.it.memory;
        let (late, read) = (due(memory.deadline), due(memory.next_poll) && memory.pending.is_none());
        let waiting = self.it.status == Status::Waiting;
        match self.verb() {
            Some(Verb::Wait { .. }) if waiting && late => {
                self.news();
                self.go("over", &Map::new());
            }
            Some(Verb::Await(wait)) if waiting && (late || read) => {
                self.news();
                if self.arrived() {
                    return;
                }
                if late {
                    self.unwell = true;
                    self.go("late", &Map::new());
                } else if !self.read(wait) {
                    self.it.memory.next_poll = None;
                    self.say("nothing to read");
                }
            }
            _ => self.say("nothing is due"),
        }
    }

    /// A read did not bring what is awaited: plans the next one. A hint that came after it was sent asks one more
    /// at once, if the provider answers at all.
    pub(super) fn keep_waiting(&mut self, wait: &'a Await, read: &Read) {
        let unanswered = |hint: &Known| hint.received_at > read.asked_at && hint.received_at >= read.sent_at;
        if read.answered && self.hints(wait).any(|(_, hint)| unanswered(hint)) {
            self.it.memory.polls = 0;
            if self.read(wait) {
                return;
            }
        }
        let polls = self.it.memory.polls;
        let spent = wait.poll.is_some() || polls >= CONFIRMING_READS;
        if spent {
            let of_this_read = |awaited: &Awaited| {
                read.purpose == Purpose::Poll || awaited.confirm.as_ref().is_some_and(|c| c.action == read.target)
            };
            self.it.memory.facts.retain(|known| {
                known.report.trust == Trust::Fact
                    || unanswered(known)
                    || !awaited(wait, &known.report.name).is_some_and(of_this_read)
            });
        }
        let after = match &wait.poll {
            Some(poll) => Some(doubled(poll.every_min, polls).min(poll.every_max.max(poll.every_min))),
            None if self.hints(wait).next().is_none() => None,
            None if spent => {
                self.it.memory.polls = 0;
                Some(CONFIRM_AGAIN)
            }
            None => Some(doubled(CONFIRM_AGAIN, polls)),
        };
        self.it.memory.next_poll = after.map(|after| self.now.plus(after));
        self.say_waiting(wait);
    }

    /// What is awaited, and when the next read is.
    pub(super) fn say_waiting(&mut self, wait: &Await) {
        let names = names(wait);
        match self.it.memory.next_poll {
            Some(at) => self.say(format_args!("waiting for {names}; poll in {}", about(at.since(self.now)))),
            None => self.say(format_args!("waiting for {names}")),
        }
    }
}

/// What a wait is for, in words.
pub(crate) fn names(wait: &Await) -> String {
    let names: Vec<&str> = wait.arrivals.values().map(|awaited| awaited.name.as_str()).collect();
    match (&wait.poll, names.is_empty()) {
        (Some(Poll { action, .. }), true) => format!("an answer of {action}"),
        _ => names.join(" or "),
    }
}

fn awaited<'a>(wait: &'a Await, name: &str) -> Option<&'a Awaited> {
    wait.arrivals.values().find(|awaited| awaited.name == name)
}

/// The `base`, doubled with each read after the first.
fn doubled(base: Millis, reads: u32) -> Millis {
    Millis(base.0.saturating_mul(1_u64 << reads.saturating_sub(1).min(32)))
}

/// The input of a confirming read: every kind by the onboarding's newest identifier of it, or by the user's own.
/// `None` when one is missing: then nothing can be read.
fn fill(confirm: &Confirm, it: &Onboarding) -> Option<Map<String, Value>> {
    let value = |kind: &str| {
        let own = it.memory.identifiers.iter().rev().find(|identifier| identifier.kind == kind);
        own.map(|identifier| identifier.value.clone()).or_else(|| match kind {
            Identifier::EXTERNAL_ID => Some(it.user.external_id.clone()),
            Identifier::EMAIL => it.user.email.clone(),
            _ => None,
        })
    };
    confirm.input.iter().map(|(field, kind)| Some((field.clone(), Value::String(value(kind)?)))).collect()
}
