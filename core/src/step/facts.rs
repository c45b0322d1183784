//! What is known: facts and hints, merged so that any order and any number of copies end the same. Reports and
//! messages enter. A fact that is known stays known; a hint moves nothing by itself.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::keep;
use super::turn::Turn;
use crate::decision::Verdict;
use crate::event::{Event, FactReport, OF_FLOWS, Trust};
use crate::flow::model::Verb;
use crate::onboarding::{Known, Status};
use crate::time::Timestamp;

/// What merging a report did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Merge {
    /// It is news, and remembered.
    News,
    /// It was known already.
    Known,
    /// Something newer is known, or as many of its name are as may be.
    Older,
    /// Nothing that can follow awaits it.
    Unheard,
}

impl Turn<'_> {
    /// An internal system speaks. Remembered only when a state awaits it, now or later.
    pub(super) fn message(&mut self, event: &Event, data: &Value) {
        if event.kind.starts_with(OF_FLOWS) {
            return self.say("only gangway itself can tell how an onboarding ended");
        }
        if Some(event.kind.as_str()) == self.flow.begins_on() {
            let running = !self.it.status.ended();
            return self.say(if running { "already running" } else { "this onboarding has ended" });
        }
        if self.it.status.ended() {
            return self.say("this onboarding has ended");
        }
        // Each event is one of its own: two of one type are two, and settle two waits.
        let report = FactReport {
            name: event.kind.clone(),
            resource: format!("{} {}", event.source, event.key),
            fields: data.as_object().cloned().unwrap_or_default(),
            time: event.occurred_at,
            rank: 0,
            trust: Trust::Fact,
        };
        self.report(&[report], event.received_at);
    }

    /// Something is said to be true. Everything is remembered first; then the wait is looked at once.
    pub(super) fn report(&mut self, facts: &[FactReport], received_at: Timestamp) {
        if facts.is_empty() {
            return self.say("says nothing that a flow can await");
        }
        if self.it.status.ended() {
            return self.say("this onboarding has ended");
        }
        let (mut news, mut older, mut hinted) = (false, false, false);
        for fact in facts {
            let merge = self.remember(fact.clone(), received_at);
            news |= merge == Merge::News;
            older |= merge == Merge::Older;
            hinted |= merge == Merge::News && fact.trust == Trust::Hint && self.awaits(&fact.name);
            let hint = if fact.trust == Trust::Hint { "hint of " } else { "" };
            self.say(match merge {
                Merge::News => format!("{hint}{} remembered", fact.name),
                Merge::Known => format!("{hint}{} was known already", fact.name),
                Merge::Older => format!("{hint}{} is older than what is known", fact.name),
                Merge::Unheard => format!("no state that can follow awaits {}", fact.name),
            });
        }
        if older && !news {
            self.verdict = Verdict::Superseded;
        }
        if news {
            self.news();
            if !self.arrived() && hinted {
                self.hinted();
            }
        }
    }

    /// Merges one report into what is known, at most one for each name and resource, in order of these two: what the
    /// flow reads of one that a state which can follow awaits. A fact beats a hint; otherwise the greater one wins (see
    /// [`order`]).
    pub(super) fn remember(&mut self, mut report: FactReport, received_at: Timestamp) -> Merge {
        if self.it.status.ended() || !self.flow.hears(&self.it.state, &report.name) {
            return Merge::Unheard;
        }
        report.fields = keep::of_fact(self.flow, &report.name, &report.fields);
        let key = (report.name.as_str(), report.resource.as_str());
        let facts = &mut self.it.memory.facts;
        let place =
            facts.binary_search_by(|known| (known.report.name.as_str(), known.report.resource.as_str()).cmp(&key));
        let at = match place {
            Ok(at) => at,
            Err(at) => {
                let name = report.name.clone();
                facts.insert(at, Known { report, received_at });
                return if self.bound(&name, at) { Merge::News } else { Merge::Older };
            }
        };
        let Some(known) = facts.get_mut(at) else { return Merge::Known };
        match (known.report.trust, report.trust) {
            (Trust::Fact, Trust::Hint) => return Merge::Known,
            (Trust::Hint, Trust::Fact) => {}
            _ => match order(&report, &known.report) {
                Ordering::Less => return Merge::Older,
                Ordering::Equal => return Merge::Known,
                Ordering::Greater => {}
            },
        }
        let news = report.clone();
        let old = std::mem::replace(known, Known { report, received_at });
        self.refresh(&old.report, &news);
        Merge::News
    }

    /// Keeps as many facts of this name as may be: the greatest, and facts before hints, so that it cannot matter in
    /// which order they came; of internal events the earliest, whose turn is next. Answers whether the one at `new` is
    /// among them.
    fn bound(&mut self, name: &str, new: usize) -> bool {
        let used_up = self.flow.uses_up(name);
        let most = usize::try_from(self.flow.limits.facts.max(1)).unwrap_or(usize::MAX);
        let facts = &mut self.it.memory.facts;
        let mut of_name: Vec<(usize, &Known)> =
            facts.iter().enumerate().filter(|(_, known)| known.report.name == name).collect();
        if of_name.len() <= most {
            return true;
        }
        of_name.sort_by(|(_, a), (_, b)| if used_up { turn_of(a, b) } else { among(&b.report, &a.report) });
        let gone: BTreeSet<usize> = of_name.iter().skip(most).map(|(at, _)| *at).collect();
        let mut at = 0..;
        facts.retain(|_| at.next().is_none_or(|at| !gone.contains(&at)));
        !gone.contains(&new)
    }

    /// Drops what no state that can follow awaits.
    pub(super) fn forget(&mut self) {
        let (flow, state) = (self.flow, &self.it.state);
        self.it.memory.facts.retain(|known| flow.hears(state, &known.report.name));
    }

    /// It has ended: nothing of what was said can move it any more.
    pub(super) fn remember_nothing(&mut self) {
        self.it.memory.facts.clear();
        self.it.memory.rounds.clear();
    }

    /// A newer version of the fact by which a wait was left: what later states read of it is the newer one.
    fn refresh(&mut self, old: &FactReport, new: &FactReport) {
        for (name, state) in &self.flow.states {
            let Verb::Await(wait) = &state.verb else { continue };
            if !wait.arrivals.values().any(|awaited| awaited.name == new.name) {
                continue;
            }
            if let Some(written) = self.it.memory.states.get_mut(name)
                && keep::of_state(self.flow, name, &old.fields).as_ref() == Some(written)
                && let Some(kept) = keep::of_state(self.flow, name, &new.fields)
            {
                *written = kept;
            }
        }
    }

    /// Whether the current state awaits this name.
    fn awaits(&self, name: &str) -> bool {
        self.wait().is_some_and(|wait| wait.arrivals.values().any(|awaited| awaited.name == name))
    }

    /// Leaves the current wait when a fact that it awaits is known.
    pub(super) fn arrived(&mut self) -> bool {
        let Some(wait) = self.wait() else { return false };
        let Some((outcome, fields)) = self.settled(wait) else { return false };
        self.go(outcome, &fields);
        true
    }

    /// An awaited hint is news: asks the read that confirms it. While a read is pending it is only remembered; when
    /// it came after that read was sent, its negative answer leads to one more (see `wait`).
    fn hinted(&mut self) {
        if self.it.status != Status::Waiting {
            return;
        }
        if self.it.memory.pending.is_some() {
            return self.say("a read is under way already");
        }
        if let Some(wait) = self.wait() {
            self.it.memory.polls = 0;
            if !self.read(wait) {
                self.say("no read can confirm it");
            }
        }
    }
}

/// Which of two reports wins: the greater provider time, else the greater rank, else the greater content. Total, so
/// that the order of arrival cannot matter.
pub(super) fn order(a: &FactReport, b: &FactReport) -> Ordering {
    a.time.cmp(&b.time).then(a.rank.cmp(&b.rank)).then_with(|| {
        if a.fields == b.fields { Ordering::Equal } else { canonical(&a.fields).cmp(&canonical(&b.fields)) }
    })
}

/// Which of two internal events has its turn first: the earlier one by its sender's clock, else by ours. Total, as
/// [`order`] is.
pub(super) fn turn_of(a: &Known, b: &Known) -> Ordering {
    let at = |known: &Known| known.report.time.unwrap_or(known.received_at);
    at(a).cmp(&at(b)).then_with(|| order(&a.report, &b.report)).then_with(|| {
        let name = |known: &Known| (known.report.name.clone(), known.report.resource.clone());
        name(a).cmp(&name(b))
    })
}

/// Which of two of one name and of two resources stays when one must go.
fn among(a: &FactReport, b: &FactReport) -> Ordering {
    let is_fact = |report: &FactReport| report.trust == Trust::Fact;
    is_fact(a).cmp(&is_fact(b)).then_with(|| order(a, b)).then_with(|| a.resource.cmp(&b.resource))
}

/// The fields as text with sorted keys: equal for equal content, whatever order the sender wrote them in.
fn canonical(fields: &Map<String, Value>) -> String {
    let mut sorted = Value::Object(fields.clone());
    sorted.sort_all_objects();
    sorted.to_string()
}
