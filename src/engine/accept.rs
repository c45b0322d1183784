//! The loop of the door: one batch, one transaction, five stations.
//!
//! 1. known already? (`batch`)
//! 2. whose? (`find`, then the locks: `load`)
//! 3. step, pure (`round`)
//! 4. claim, and step what was held (`claim`)
//! 5. write (`commit`)
//!
//! What raced with another process goes into another round; a row that the database refuses is found by halving the
//! batch and kept in quarantine, so that its neighbours land.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use gangway_core::decision::Verdict;
use gangway_core::event::{Body, OnboardingId, OperatorAct, UserId};
use gangway_core::time::Millis;

use crate::clock::{Chance, Clock, Stopwatch, Trust};
use crate::store::aside::{AsideCap, NewAside};
use crate::store::{Store, StoreError, Tx};

use super::alarm::Alarm;
use super::aside;
use super::batch::sift;
use super::claim::claim;
use super::commit;
use super::door::{Arrival, NotAccepted, Receipt};
use super::find::find;
use super::flows::Flows;
use super::kept::{take_kept, take_starts};
use super::load::{load, lock, lock_users};
use super::performer::Performer;
use super::round::{Left, Round};
use super::secrets;

/// Limits of the engine; each a named setting.
#[derive(Clone, Debug)]
pub struct Options {
    /// Events in one transaction, at most.
    pub batch: usize,
    /// Whether lifecycle events are published (a broker is configured).
    pub lifecycle: bool,
    /// Length of a lease; longer than any attempt.
    pub lease: Millis,
    /// Held events adopted in one transaction, at most; the rest follow in the next.
    pub adopt: u32,
    /// How often a batch that raced or met a passing error is run again before its senders are asked to try again.
    pub reruns: u32,
    /// What senders are told to wait when the database is away.
    pub come_again: Millis,
    /// When what the database's clock says is believed.
    pub trust: Trust,
    /// How long a batch that cannot be written is retried, whole and in halves, before the rest is refused for now.
    pub patience: Millis,
    /// How much is kept of what the database refuses; beyond it the sender keeps it.
    pub quarantine: AsideCap,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            batch: 256,
            lifecycle: false,
            lease: Millis::secs(30),
            adopt: 100,
            reruns: 8,
            come_again: Millis::secs(2),
            trust: Trust::default(),
            patience: Millis::secs(5),
            quarantine: AsideCap { rows: 10_000, bytes: 64 << 20 },
        }
    }
}

/// The engine: everything that the one door needs.
pub struct Engine {
    /// The database.
    pub store: Store,
    /// The flows.
    pub flows: Flows,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ids.
    pub chance: Arc<dyn Chance>,
    /// Performs effects; `outbound`.
    pub performer: Arc<dyn Performer>,
    /// Wakes the timers.
    pub alarm: Alarm,
    /// Limits.
    pub options: Options,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("options", &self.options).finish_non_exhaustive()
    }
}

/// One answer for each arrival of a batch.
pub type Answers = Vec<Result<Receipt, NotAccepted>>;

impl Engine {
    /// Accepts a batch and whatever follows up on it: one answer for each arrival, in order. What is answered with a
    /// receipt is on disk.
    pub async fn accept(&self, arrivals: &[Arrival]) -> Answers {
        let mut own = Vec::new();
        let answers = self.batch(arrivals, &mut own).await;
        while !own.is_empty() {
            let follow_up = std::mem::take(&mut own);
            drop(self.batch(&follow_up, &mut own).await);
        }
        answers
    }

    /// Like [`Engine::accept`], but leaves the engine's own follow-up events to the caller. One that is lost, with its
    /// process or because the database is away, is made up for by the sweep.
    pub(super) async fn batch(&self, arrivals: &[Arrival], own: &mut Vec<Arrival>) -> Answers {
        let arrivals = &*secrets::cut(&self.flows, arrivals);
        let mut answers: Vec<Option<Result<Receipt, NotAccepted>>> = vec![None; arrivals.len()];
        self.part((0..arrivals.len()).collect(), arrivals, &mut answers, own, Stopwatch::start()).await;
        let away = || Err(NotAccepted::Away(self.options.come_again));
        answers.into_iter().map(|answer| answer.unwrap_or_else(away)).collect()
    }

    /// Runs part of a batch until every one of its arrivals is answered or must be sent again.
    async fn part(
        &self,
        mut indexes: Vec<usize>,
        arrivals: &[Arrival],
        answers: &mut [Option<Result<Receipt, NotAccepted>>],
        own: &mut Vec<Arrival>,
        began: Stopwatch,
    ) {
        let mut reruns = 0_u64;
        while !indexes.is_empty() {
            // Before a rerun, never after a round that leaves nothing: every answer would wait for it.
            if reruns > 0 {
                tokio::time::sleep(Duration::from_millis(reruns * 5)).await;
            }
            let batch: Vec<&Arrival> = indexes.iter().filter_map(|index| arrivals.get(*index)).collect();
            let tx = match self.store.begin().await {
                Ok(tx) => tx,
                // It was waited for long enough already: a free connection, or the database itself.
                Err(error) => return tracing::warn!(%error, events = indexes.len(), "a batch cannot be written now"),
            };
            // Whether what is left of it is left only because other transactions hold its rows.
            let held = match self.guarded(tx, &batch).await {
                Ok(left) => {
                    own.extend(left.own);
                    for (at, receipt) in left.receipts {
                        if let Some(slot) = indexes.get(at).and_then(|index| answers.get_mut(*index)) {
                            *slot = Some(Ok(receipt));
                        }
                    }
                    indexes = left.deferred.iter().filter_map(|at| indexes.get(*at).copied()).collect();
                    if let Err(error) = self.flows.meet(left.unmet).await {
                        return tracing::warn!(%error, events = indexes.len(), "a flow cannot be read now");
                    }
                    true
                }
                Err(StoreError::Poison(error)) if indexes.len() == 1 => {
                    self.quarantine(&indexes, arrivals, answers, &error).await;
                    return;
                }
                // One row that this version cannot read, that another transaction holds, or at which the database fails
                // must not keep its neighbours out.
                Err(error) if indexes.len() > 1 && !matches!(error, StoreError::Passing(_)) => {
                    let second = indexes.split_off(indexes.len() / 2);
                    Box::pin(self.part(indexes, arrivals, answers, own, began)).await;
                    if self.tried_enough(began) {
                        tracing::warn!(%error, events = second.len(), "the rest of a batch cannot be tried now");
                        // It waited for single rows, not for the database.
                        return self.put_off(&second, answers, !matches!(error, StoreError::Setup(_)));
                    }
                    indexes = second;
                    continue;
                }
                Err(error @ (StoreError::Locked(_) | StoreError::Unlisted(_) | StoreError::OtherVersion(_))) => {
                    tracing::warn!(%error, "an event cannot be written now; its sender must send it again");
                    return self.put_off(&indexes, answers, true);
                }
                Err(error @ StoreError::Setup(_)) => {
                    return tracing::error!(%error, "an event cannot be written now");
                }
                Err(error) => {
                    tracing::warn!(%error, events = indexes.len(), "a batch must run again");
                    false
                }
            };
            reruns += 1;
            if reruns > u64::from(self.options.reruns) || (reruns > 1 && self.tried_enough(began)) {
                return self.put_off(&indexes, answers, held);
            }
        }
    }

    fn tried_enough(&self, began: Stopwatch) -> bool {
        began.elapsed() > Duration::from_millis(self.options.patience.0)
    }

    /// Says of these that they alone cannot be stored now; not when it is the database that takes nothing.
    fn put_off(&self, indexes: &[usize], answers: &mut [Option<Result<Receipt, NotAccepted>>], alone: bool) {
        for index in indexes.iter().filter(|_| alone) {
            if let Some(slot) = answers.get_mut(*index) {
                *slot = Some(Err(NotAccepted::Later(self.options.come_again)));
            }
        }
    }

    /// One transaction. An event that makes its step panic (a fault of an expression's evaluation, say) is poison like
    /// one that the database refuses: the writer must outlive it.
    async fn guarded(&self, tx: Tx, arrivals: &[&Arrival]) -> Result<Left, StoreError> {
        let round = std::panic::AssertUnwindSafe(self.round(tx, arrivals));
        round.catch_unwind().await.unwrap_or_else(|_| Err(StoreError::Poison("a fault in the step".into())))
    }

    /// One transaction, station by station.
    async fn round(&self, mut tx: Tx, arrivals: &[&Arrival]) -> Result<Left, StoreError> {
        // 1. Known already?
        let sifted = sift(&mut tx, self.store.keys(), arrivals).await?;
        // 2. Whose?
        let found = find(&mut tx, self.store.keys(), &self.flows, arrivals, &sifted.fresh).await?;
        let mut round = Round::new(self, self.clock.now());
        let targets = load(&mut tx, &mut round, found).await?;
        // 3. Step: what was kept comes before what comes now.
        take_kept(&mut tx, &mut round).await?;
        round.read.held = tx.held_by_seq(&asked_to_adopt(arrivals)).await?;
        for (item, target) in sifted.fresh.into_iter().zip(targets) {
            if let Some(arrival) = arrivals.get(item.at) {
                round.take(item, arrival, target);
            }
        }
        let mut left = finish(tx, round, &sifted.copies).await?;
        left.receipts.extend(sifted.receipts);
        Ok(left)
    }

    /// Steps these onboardings with what was kept for them, without anything new; answers those that cannot be stepped
    /// here.
    ///
    /// # Errors
    /// The database's; nothing was written.
    pub(super) async fn take_up(
        &self,
        ids: &[OnboardingId],
        own: &mut Vec<Arrival>,
    ) -> Result<Vec<OnboardingId>, StoreError> {
        let round = std::panic::AssertUnwindSafe(async {
            let mut tx = self.store.begin().await?;
            let mut round = Round::new(self, self.clock.now());
            lock(&mut tx, &mut round, ids).await?;
            take_kept(&mut tx, &mut round).await?;
            let can = |id: &&OnboardingId| round.read.works.get(*id).is_some_and(|work| work.flow.is_some());
            let stuck = ids.iter().filter(|id| !can(id)).copied().collect();
            own.extend(finish(tx, round, &[]).await?.own);
            Ok(stuck)
        });
        round.catch_unwind().await.unwrap_or_else(|_| Err(StoreError::Poison("a fault in the step".into())))
    }

    /// Begins what this user's kept events begin.
    ///
    /// # Errors
    /// See [`Engine::take_up`].
    pub(super) async fn take_up_user(&self, id: UserId, own: &mut Vec<Arrival>) -> Result<(), StoreError> {
        let round = std::panic::AssertUnwindSafe(async {
            let mut tx = self.store.begin().await?;
            let mut round = Round::new(self, self.clock.now());
            lock_users(&mut tx, &mut round, &[id]).await?;
            take_starts(&mut tx, &mut round, &[id]).await?;
            own.extend(finish(tx, round, &[]).await?.own);
            Ok(())
        });
        round.catch_unwind().await.unwrap_or_else(|_| Err(StoreError::Poison("a fault in the step".into())))
    }

    /// An event that the database refuses even alone: it is kept as it came to the door, people see it and can take it
    /// again, the sender is answered. Without room, its own sender keeps it. An event that comes again by itself takes
    /// no room: it would leave none for others.
    async fn quarantine(
        &self,
        indexes: &[usize],
        arrivals: &[Arrival],
        answers: &mut [Option<Result<Receipt, NotAccepted>>],
        error: &str,
    ) {
        for index in indexes {
            let (Some(arrival), Some(slot)) = (arrivals.get(*index), answers.get_mut(*index)) else { continue };
            let source = &arrival.event.source;
            let refused = |detail: &str| {
                let (verdict, detail) = (Verdict::Refused, detail.to_owned());
                Ok(Receipt { seq: None, verdict, copy: false, onboarding: arrival.owner, detail })
            };
            if aside::comes_again(&arrival.event.body) {
                tracing::error!(onboarding = ?arrival.owner, source, %error, "the database refuses an event; it comes again");
                *slot = Some(refused("the database refuses this event; it comes again by itself"));
                continue;
            }
            let new = NewAside { source, reason: error, at: self.clock.now(), content: &aside::written(arrival) };
            *slot = Some(match self.store.quarantine(&new, self.options.quarantine).await {
                Ok(true) => {
                    tracing::error!(source, %error, "the database refuses an event; it is in quarantine");
                    metrics::counter!("gangway_quarantined_total").increment(1);
                    refused("the database refuses this event; it is in quarantine")
                }
                Ok(false) => {
                    tracing::error!(source, %error, "the database refuses an event, and the quarantine is full");
                    Err(NotAccepted::Later(self.options.come_again))
                }
                Err(StoreError::Passing(_) | StoreError::Unreachable(_)) => {
                    Err(NotAccepted::Away(self.options.come_again))
                }
                Err(_) => Err(NotAccepted::Later(self.options.come_again)),
            });
        }
    }
}

/// The last two stations.
async fn finish(mut tx: Tx, mut round: Round<'_>, copies: &[(i64, u32)]) -> Result<Left, StoreError> {
    round.put_back();
    // 4. Claim, and step what was held.
    claim(&mut tx, &mut round).await?;
    // 5. Write.
    commit::write(tx, round, copies).await
}

/// Numbers of held events that operators give to an onboarding.
fn asked_to_adopt(arrivals: &[&Arrival]) -> Vec<i64> {
    let asked = arrivals.iter().filter_map(|arrival| match &arrival.event.body {
        Body::Operator { act: OperatorAct::Adopt { event }, .. } => Some(*event),
        _ => None,
    });
    asked.collect()
}
