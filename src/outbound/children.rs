//! Performs what onboardings ask of each other: begins children and tells parents, both as events through the one
//! door. Reads how a child ended that had ended before; writes nothing itself, sends nothing anywhere.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use gangway_core::decision::Verdict;
use gangway_core::effect::Request;
use gangway_core::event::OnboardingId;
use gangway_core::onboarding::Onboarding;
use gangway_core::outcome::{Answer, AttemptResult};
use gangway_core::time::Millis;

use super::attempt::{Attempted, Performs};
use super::breaker::Health;
use crate::clock::Clock;
use crate::engine::{Arrival, Door, NotAccepted, Receipt, child};
use crate::store::Store;
use crate::store::types::{LeasedEffect, StoreError};

/// Where an onboarding can be read.
#[async_trait]
pub trait Onboardings: Send + Sync + std::fmt::Debug {
    /// The onboarding of this id, if there is one.
    ///
    /// # Errors
    /// Errors of the store.
    async fn read(&self, id: OnboardingId) -> Result<Option<Onboarding>, StoreError>;
}

#[async_trait]
impl Onboardings for Store {
    async fn read(&self, id: OnboardingId) -> Result<Option<Onboarding>, StoreError> {
        self.onboarding(id).await
    }
}

/// Begins children and tells parents.
#[derive(Debug)]
pub struct Children {
    /// The one door.
    pub door: Door,
    /// How a child ended that had ended before.
    pub onboardings: Arc<dyn Onboardings>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Longest time for one attempt.
    pub limit: Millis,
}

#[async_trait]
impl Performs for Children {
    async fn perform(&self, effect: &LeasedEffect) -> Attempted {
        let sent_at = self.clock.now();
        let result = match &effect.request {
            Request::Start { flow, user, data } => {
                let arrival = child::begins(effect.id, flow, *user, data, sent_at);
                match self.hand_in(arrival).await {
                    Ok(receipt) => self.begun(receipt).await,
                    Err(result) => result,
                }
            }
            Request::Tell { parent, fact } => {
                let told = self.hand_in(child::ended(effect.id, *parent, fact, sent_at)).await;
                told.map_or_else(|result| result, |_| AttemptResult::Done(Answer::named("told")))
            }
            _ => AttemptResult::Broken { cause: "not asked of an onboarding; this is a fault of gangway".to_owned() },
        };
        Attempted { result, sent_at, health: Health::Unsaid }
    }
}

impl Children {
    async fn hand_in(&self, arrival: Arrival) -> Result<Receipt, AttemptResult> {
        let handing = tokio::time::timeout(Duration::from_millis(self.limit.0), self.door.accept_own(arrival));
        match handing.await {
            Ok(Ok(receipt)) => Ok(receipt),
            Ok(Err(error)) => {
                let retry_after = match &error {
                    NotAccepted::Full(wait) | NotAccepted::Away(wait) | NotAccepted::Later(wait) => Some(*wait),
                    NotAccepted::Stopping => None,
                };
                Err(AttemptResult::Again { cause: error.to_string(), retry_after, spent: false })
            }
            // It may be on disk by now: handed in again it is a copy, with the same answer.
            Err(_) => Err(AttemptResult::Unknown { cause: format!("not answered within {}", self.limit) }),
        }
    }

    /// What the receipt of a start says: also that of a copy.
    async fn begun(&self, receipt: Receipt) -> AttemptResult {
        let (outcome, child) = match (receipt.verdict, receipt.onboarding) {
            (Verdict::Applied, Some(child)) => ("started", child),
            // Kept: the child cannot be stepped here, and joins the parent when it can be.
            (Verdict::Noted | Verdict::Kept, Some(child)) => ("running", child),
            (Verdict::Kept, None) => {
                return AttemptResult::Again { cause: receipt.detail, retry_after: None, spent: false };
            }
            (Verdict::Refused, Some(child)) => ("ended", child),
            _ => return AttemptResult::Broken { cause: receipt.detail },
        };
        let mut answer = Answer::named(outcome);
        answer.fields.insert("onboarding_id".to_owned(), child.to_string().into());
        if outcome == "ended" {
            // This parent was not told of the end: it was not yet a parent when that came.
            match self.onboardings.read(child).await {
                Ok(ended) => answer.facts.extend(ended.and_then(|ended| ended.end())),
                Err(error) => {
                    return AttemptResult::Again { cause: error.to_string(), retry_after: None, spent: false };
                }
            }
        }
        AttemptResult::Done(answer)
    }
}

#[cfg(test)]
mod tests;
