//! What a round will write, beside the onboardings that it changed. The step adds to it, `commit` takes it whole. No
//! SQL here.

use std::collections::BTreeMap;

use gangway_core::decision::{Decision, Verdict};
use gangway_core::effect::EffectId;
use gangway_core::event::OnboardingId;
use gangway_core::time::Timestamp;

use crate::store::types::{Adopted, EffectFollowUp, EventOwner, NewEffect, NewEvent, Shut};

use super::batch::Item;
use super::door::Arrival;
use super::kept::{Waited, retold};
use super::secrets::SecretWrites;

/// Where an event is in the journal.
#[derive(Debug)]
pub(super) enum Place {
    /// It came now.
    New(Item),
    /// It waited there, held or kept, and is taken out.
    Waited(Box<Waited>),
}

/// What became of an event.
#[derive(Debug)]
pub(super) struct Became {
    pub verdict: Verdict,
    pub detail: String,
    pub from: Option<String>,
    pub to: Option<String>,
    pub revision: Option<u64>,
    /// When it was decided, where that is not when it was received.
    pub decided_at: Option<Timestamp>,
    /// As of [`Row`].
    pub keeps: bool,
}

impl Became {
    /// Without a move.
    pub(super) fn plain(verdict: Verdict, detail: impl Into<String>) -> Self {
        Self { verdict, detail: detail.into(), from: None, to: None, revision: None, decided_at: None, keeps: false }
    }

    pub(super) fn of(decision: Decision, revision: Option<u64>) -> Self {
        let Decision { verdict, detail, from, to, .. } = decision;
        Self { verdict, detail, from, to, revision, decided_at: None, keeps: false }
    }
}

/// A new row of the journal, with every arrival that brought its event.
#[derive(Debug)]
pub(super) struct Row {
    pub event: NewEvent,
    pub callers: Vec<usize>,
    /// The answer of a poll that keeps the wait.
    pub keeps: bool,
}

/// Everything to write.
#[derive(Debug, Default)]
pub(super) struct Writes {
    /// The journal: new rows, and those that waited there.
    pub rows: Vec<Row>,
    pub adopted: Vec<Adopted>,
    pub effects: Vec<NewEffect>,
    pub follow_ups: Vec<EffectFollowUp>,
    /// Attempts with kept outcomes: their leases must not run out.
    pub parked: Vec<(EffectId, u32)>,
    /// Marks to set or to take back, of onboardings for which something may be kept.
    pub marks: BTreeMap<OnboardingId, bool>,
    /// Onboardings that operators ended of which only the columns can be read.
    pub ended: BTreeMap<OnboardingId, Shut>,
    pub secrets: SecretWrites,
}

impl Writes {
    /// An event with what became of it: a new row, or the one move of a row that waited there.
    pub(super) fn record(&mut self, place: Place, arrival: &Arrival, owner: Option<EventOwner>, became: Became) {
        let Became { verdict, detail, from, to, revision, decided_at, keeps } = became;
        match (place, owner) {
            (Place::New(item), owner) => {
                let event = NewEvent {
                    dedupe: item.dedupe,
                    digest: item.digest,
                    event: arrival.event.clone(),
                    raw: arrival.raw.clone(),
                    owner,
                    verdict,
                    from,
                    to,
                    detail,
                    revision,
                    decided_at,
                    held_on: Vec::new(),
                    copies: u32::try_from(item.callers.len()).unwrap_or(u32::MAX),
                };
                self.rows.push(Row { event, callers: item.callers, keeps });
            }
            // What is kept already, or has no owner, stays as it is.
            (Place::Waited(waited), Some(owner)) if verdict != Verdict::Kept || waited.was != Verdict::Kept => {
                let Waited { held, was } = *waited;
                let detail = format!("{detail} ({} since {})", was.word(), held.event.received_at);
                let held = retold(held, &arrival.event);
                let seq = held.seq;
                let held = Some(held);
                let moved = Adopted { seq, held, was, owner, verdict, from, to, detail, revision, decided_at };
                self.adopted.push(moved);
            }
            (Place::Waited(_), _) => {}
        }
    }

    /// Takes out the new rows that match, with their secrets; answers the arrivals that brought them.
    pub(super) fn take_out(&mut self, which: impl Fn(&Row) -> bool) -> Vec<usize> {
        let (out, rows): (Vec<Row>, Vec<Row>) = std::mem::take(&mut self.rows).into_iter().partition(which);
        self.rows = rows;
        self.secrets.held.retain(|(dedupe, _)| out.iter().all(|row| row.event.dedupe != *dedupe));
        out.into_iter().flat_map(|row| row.callers).collect()
    }
}
