//! Rows of the journal that polls share: the last rows of an onboarding, and adding a poll to two that are there.

use std::collections::HashMap;

use gangway_core::effect::EffectId;
use gangway_core::event::{Event, OnboardingId};

use super::dialect::FoldRow;
use super::keys::DataKey;
use super::rows;
use super::tx::Tx;
use super::types::{NewEvent, StoreError};

/// Rows that a poll and the one before it have: a timer, an answer, and the timer before.
const TAIL: u32 = 3;

/// A row of the journal as far as the engine must know whether the next may be added to it.
#[derive(Clone, Debug)]
pub struct Tail {
    /// Its number.
    pub seq: i64,
    /// The event; of several that share the row, the last.
    pub event: Event,
    /// State before.
    pub from: Option<String>,
    /// State after.
    pub to: Option<String>,
    /// Revision of the onboarding after it.
    pub revision: Option<u64>,
    /// How many events share it.
    pub times: u32,
}

/// A poll that is added to two rows: the timer that is a row of its own yet, and the answer that comes now.
#[derive(Clone, Debug)]
pub struct Fold {
    /// The row that the timer is added to.
    pub timer: i64,
    /// The row that the answer is added to.
    pub answer: i64,
    /// The timer's own row, which goes.
    pub gone: i64,
    /// The effect of the poll before, settled, which goes.
    pub effect: EffectId,
    /// The answer's event, which makes the answer's row.
    pub new: NewEvent,
}

impl Tx {
    /// The last rows of these onboardings' journals, the last first, opened. A journal with fewer rows, or with one
    /// that does not open or was decided later than received, is left out: nothing is added to it. Locks nothing; the
    /// onboardings must be locked.
    ///
    /// # Errors
    /// See [`Tx`].
    pub async fn tails(
        &mut self,
        of: &[(OnboardingId, DataKey)],
    ) -> Result<HashMap<OnboardingId, Vec<Tail>>, StoreError> {
        if of.is_empty() {
            return Ok(HashMap::new());
        }
        let ids: Vec<_> = of.iter().map(|(id, _)| id.0).collect();
        let mut tails: HashMap<OnboardingId, Vec<Tail>> = HashMap::new();
        for row in self.session().tails(&ids, TAIL).await? {
            let Some((id, key)) = of.iter().find(|(id, _)| Some(id.0) == row.onboarding_id) else { continue };
            // What was not decided when it was received has a row of its own.
            if row.decided_at.is_some() {
                continue;
            }
            let Ok((event, _)) = rows::open_event(key, &row) else { continue };
            tails.entry(*id).or_default().push(Tail {
                seq: row.seq,
                event,
                from: row.from_state,
                to: row.to_state,
                revision: row.revision.map(rows::count),
                times: row.times.map_or(1, rows::small),
            });
        }
        Ok(tails)
    }

    /// Adds polls to rows that are there; these rows, and those that go, must be locked. What was received is still the
    /// sum of the copies.
    ///
    /// # Errors
    /// See [`Tx`]; [`StoreError::Passing`] when a row went meanwhile.
    pub async fn fold(&mut self, folds: &[Fold]) -> Result<(), StoreError> {
        if folds.is_empty() {
            return Ok(());
        }
        let rows = folds.iter().map(|fold| {
            let answer = self.event_row(&fold.new)?;
            let (onboarding_id, n) = (fold.effect.onboarding.0, fold.effect.n);
            Ok(FoldRow { timer: fold.timer, answer_seq: fold.answer, gone: fold.gone, onboarding_id, n, answer })
        });
        let rows: Vec<FoldRow> = rows.collect::<Result<_, StoreError>>()?;
        let wanted = u64::try_from(rows.len()).unwrap_or(u64::MAX).saturating_mul(2);
        if self.session().fold(rows).await? == wanted {
            return Ok(());
        }
        Err(StoreError::Passing("the journal row for another poll is not there any more".into()))
    }
}
