//! `gangway event adopt`: gives a held event to an onboarding, alongside running processes.

use std::sync::Arc;

use gangway_core::decision::Verdict;
use gangway_core::event::{OnboardingId, OperatorAct};

use super::built::Built;
use super::{Seams, flows, start};
use crate::engine::operator;
use crate::engine::{Alarm, Engine, time};
use crate::settings::Settings;
use crate::store::Store;
use crate::terminal::{Exit, Failure};

/// Gives the held event of this number to that onboarding; what follows from it is performed by the processes that
/// serve.
///
/// # Errors
/// When the database cannot be used, or nothing was adopted; says why.
pub async fn adopt(
    settings: &Settings,
    store: Store,
    event: i64,
    onboarding: OnboardingId,
    reason: &str,
) -> Result<String, Failure> {
    let engine = engine(settings, store).await?;
    let now = engine.clock.now();
    let key = engine.chance.id(now).to_string();
    let arrival = operator::acts("cli", &key, onboarding, OperatorAct::Adopt { event }, reason, None, now);
    match engine.accept(&[arrival]).await.into_iter().next() {
        Some(Ok(receipt)) if receipt.verdict != Verdict::Refused => Ok(receipt.detail),
        Some(Ok(receipt)) => Err(Failure::new(Exit::NotAllWell, receipt.detail)),
        Some(Err(error)) => Err(Failure::new(Exit::Unreachable, error.to_string())),
        None => Err(Failure::new(Exit::NotAllWell, "nothing was answered")),
    }
}

/// An engine without a door, for one event alongside running processes: they perform what it asks for.
pub(super) async fn engine(settings: &Settings, store: Store) -> Result<Engine, Failure> {
    let seams = Seams::real();
    let built = Built::of(settings)?;
    time::measure(&store, &*seams.clock, &settings.database.trust()).await?;
    Ok(Engine {
        flows: flows::load(settings, &built, &store).await?,
        store,
        clock: seams.clock,
        chance: seams.chance,
        performer: Arc::new(crate::engine::performer::Later),
        alarm: Alarm::default(),
        options: start::options(settings),
    })
}
