//! What is due without an event: timers, held events that nobody claimed, onboardings without a live reason.

use gangway_core::event::OnboardingId;
use gangway_core::time::Timestamp;

use super::{Store, StoreError};

/// An onboarding that asked to be woken.
#[derive(Clone, Copy, Debug)]
pub struct Wake {
    /// Which.
    pub onboarding: OnboardingId,
    /// The revision that asked for it.
    pub revision: u64,
    /// When it asked to be woken.
    pub at: Timestamp,
}

impl Store {
    /// Onboardings whose time has come, the latest first, at most `limit`.
    pub async fn due_wakes(&self, _now: Timestamp, _limit: u32) -> Result<Vec<Wake>, StoreError> {
        todo!()
    }

    /// When the next one must be woken.
    pub async fn next_wake(&self) -> Result<Option<Timestamp>, StoreError> {
        todo!()
    }

    /// Marks held events that came before `before` as expired; answers how many.
    pub async fn expire_held(&self, _before: Timestamp, _limit: u32) -> Result<u64, StoreError> {
        todo!()
    }

    /// Onboardings that have not ended and have neither an unsettled effect, nor a timer, nor an open review.
    pub async fn without_reason(&self, _limit: u32) -> Result<Vec<OnboardingId>, StoreError> {
        todo!()
    }
}
