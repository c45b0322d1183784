//! The audit: every onboarding equals the replay of its journal, and what must always hold does. A database enters,
//! faults and sums leave. Nothing is changed; it may run beside processes that serve.

use std::collections::BTreeMap;

use gangway_core::event::OnboardingId;
use gangway_core::onboarding::{Onboarding, Status};

use crate::engine::Flows;
use crate::engine::replay::replay;
use crate::settings::Settings;
use crate::store::figures::Miscount;
use crate::store::{Blind, Store, StoreError};
use crate::terminal::Failure;

/// Onboardings, or identifiers, of one page.
const PAGE: u32 = 200;
/// Rows of the journal that one statement adds up.
const ROWS: i64 = 100_000;
/// How often an onboarding that moves meanwhile is read again.
const READS: usize = 5;

/// Something that must hold and does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The onboarding concerned, if there is one.
    pub onboarding: Option<OnboardingId>,
    /// Which rule, in one word: `unreadable`, `flow`, `revisions`, `replay`, `reason`, `identifiers`, `held`,
    /// `figures`.
    pub rule: &'static str,
    /// What is found; no personal data.
    pub detail: String,
}

/// What an audit adds up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Onboardings that were looked at.
    pub onboardings: u64,
    /// Those for which replaying the journal gives exactly what is stored.
    pub replayed: u64,
    /// Rows of the journal and events received, copies included, by verdict.
    pub verdicts: BTreeMap<String, (i64, i64)>,
    /// Faults.
    pub faults: u64,
}

impl Sums {
    /// Events received, copies included.
    #[must_use]
    pub fn received(&self) -> i64 {
        self.verdicts.values().map(|(_, copies)| copies).sum()
    }
}

/// Audits everything; tells each fault when it is found, and after each page how far it is.
///
/// # Errors
/// When the database cannot be asked.
pub async fn audit(
    settings: &Settings,
    store: &Store,
    mut tell: impl FnMut(Fault),
    mut progress: impl FnMut(&Sums),
) -> Result<Sums, Failure> {
    let flows = super::stored_flows(store, &super::catalogue(settings)?).await?;
    let mut sums = Sums::default();
    let mut after = None;
    loop {
        let ids = store.onboarding_ids(after, PAGE).await?;
        let Some(last) = ids.last() else { break };
        after = Some(*last);
        let mut found = Vec::new();
        for id in ids {
            sums.onboardings += 1;
            let before = found.len();
            one(store, &flows, id, &mut found).await?;
            sums.replayed +=
                u64::from(found.get(before..).is_none_or(|new| new.iter().all(|fault| !fault.of_journal())));
        }
        sums.faults += found.len() as u64;
        found.into_iter().for_each(&mut tell);
        progress(&sums);
    }
    let mut others = Vec::new();
    held_and_owned(store, &mut others).await?;
    figures(store, &mut others).await?;
    sums.faults += others.len() as u64;
    others.into_iter().for_each(&mut tell);
    let mut seq = 0;
    while let Some(tallies) = store.tally(seq, seq.saturating_add(ROWS)).await? {
        seq = seq.saturating_add(ROWS);
        for tally in tallies {
            let sum = sums.verdicts.entry(tally.verdict).or_default();
            *sum = (sum.0 + tally.rows, sum.1 + tally.copies);
        }
        progress(&sums);
    }
    Ok(sums)
}

impl Fault {
    /// Whether what is stored is not what the journal gives.
    fn of_journal(&self) -> bool {
        ["unreadable", "flow", "revisions", "replay"].contains(&self.rule)
    }
}

/// One onboarding against its journal; again when it moved while it was read.
async fn one(store: &Store, flows: &Flows, id: OnboardingId, found: &mut Vec<Fault>) -> Result<(), StoreError> {
    let mut fault = |rule, detail: String| found.push(Fault { onboarding: Some(id), rule, detail });
    for read in 1.. {
        let stored = match store.onboarding(id).await {
            Ok(Some(stored)) => stored,
            Ok(None) => return Ok(()),
            Err(error) if error.passing() => return Err(error),
            Err(error) => {
                fault("unreadable", error.to_string());
                return Ok(());
            }
        };
        let journal = against_journal(store, flows, &stored).await?;
        let rest = rest(store, &stored).await?;
        let moved = store.onboarding(id).await.is_ok_and(|now| now.is_none_or(|now| now.revision != stored.revision));
        if (journal.is_none() && rest.is_empty()) || !moved || read >= READS {
            for (rule, detail) in journal.into_iter().chain(rest) {
                fault(rule, detail);
            }
            return Ok(());
        }
    }
    Ok(())
}

type Found = (&'static str, String);

async fn against_journal(store: &Store, flows: &Flows, stored: &Onboarding) -> Result<Option<Found>, StoreError> {
    let (name, version) = (&stored.flow.name, stored.flow.version);
    let Some(flow) = flows.get(&stored.flow) else {
        return Ok(Some(("flow", format!("{name} version {version} does not load, so nothing can be replayed"))));
    };
    let history = match store.history(stored.id).await {
        Ok(history) => history,
        Err(error) if error.passing() => return Err(error),
        Err(error) => return Ok(Some(("unreadable", format!("its journal: {error}")))),
    };
    let mut revisions: Vec<u64> = history.iter().filter_map(|(entry, _)| entry.revision).collect();
    revisions.sort_unstable();
    let first = revisions.first().copied().unwrap_or(stored.revision);
    if !revisions.iter().copied().eq(first..=stored.revision) {
        let what = format!("of {first} to {} the journal has {}", stored.revision, revisions.len());
        return Ok(Some(("revisions", what)));
    }
    Ok(match replay(&flow, &stored.user, &history) {
        Some(replayed) if replayed == *stored => None,
        Some(replayed) => {
            Some(("replay", format!("the journal leads to {}, stored is {}", replayed.state, stored.state)))
        }
        None => Some(("replay", "the journal leads nowhere: a step does not come out as it says".to_owned())),
    })
}

/// What else must hold of it, apart from its journal.
async fn rest(store: &Store, stored: &Onboarding) -> Result<Vec<Found>, StoreError> {
    let mut found = Vec::new();
    let waits = [Status::Active, Status::Waiting].contains(&stored.status) && stored.wake_at.is_none();
    if waits && store.still_asking(&[stored.id]).await?.is_empty() {
        found.push(("reason", format!("{} has no effect, no timer and no open review", stored.state)));
    }
    let identifiers = &stored.memory.identifiers;
    if !identifiers.is_empty() {
        let owners = store.users_of(identifiers).await?;
        for identifier in identifiers {
            match owners.get(identifier) {
                Some(owner) if *owner == stored.user.id => {}
                Some(owner) => found.push(("identifiers", format!("its {} belongs to user {owner}", identifier.kind))),
                None => found.push(("identifiers", format!("its {} has no owner", identifier.kind))),
            }
        }
    }
    Ok(found)
}

async fn held_and_owned(store: &Store, found: &mut Vec<Fault>) -> Result<(), StoreError> {
    let (mut after, mut owned): (Option<Blind>, u64) = (None, 0);
    loop {
        let page = store.held_on_after(after, PAGE).await?;
        let Some((last, _)) = page.last() else { break };
        after = Some(*last);
        owned += page.iter().filter(|(_, owned)| *owned).count() as u64;
    }
    if owned > 0 {
        let detail = format!("events are held on {owned} identifiers that have an owner; the sweep takes them there");
        found.push(Fault { onboarding: None, rule: "held", detail });
    }
    Ok(())
}

/// The counts that `/metrics` shows, against what there is.
async fn figures(store: &Store, found: &mut Vec<Fault>) -> Result<(), StoreError> {
    for Miscount { name, flow, status, kept, counted } in store.miscounted().await? {
        let of = if flow.is_empty() { name } else { format!("{name} {flow} {status}") };
        let detail = format!("{of}: {kept} are kept, there are {counted}; gangway migrate --recount counts them anew");
        found.push(Fault { onboarding: None, rule: "figures", detail });
    }
    Ok(())
}
