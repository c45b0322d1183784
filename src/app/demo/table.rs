//! What came of it: a row for each kind of person, whoever is not where the scenario says, and what the far end counted.

use std::time::Duration;

use gangway_core::onboarding::Onboarding;
use serde_json::json;

use super::people::SCENARIOS;
use super::progress::Arrived;
use super::world::World;
use crate::terminal::{Failure, out};

/// Prints the table; whether everybody arrived as planned and nothing was doubled at the far end.
pub(super) async fn print(world: &World, all: &[Arrived], took: Duration, as_json: bool) -> Result<bool, Failure> {
    let mut rows = Vec::with_capacity(all.len());
    for one in all {
        rows.push((one, told_exists(world, one.onboarding.as_ref()).await?));
    }
    let counted = world.sandbox.summary();
    let doubled = counted.duplicate_users + counted.duplicate_assets;
    let planned = all.iter().filter(|one| one.as_planned()).count();
    if as_json {
        rows.iter().for_each(|(one, exists)| out::data(&as_line(one, *exists).to_string()));
        out::data(&json!({ "users": all.len(), "as_planned": planned, "doubled_at_the_far_end": doubled, "mails": counted.messages, "seconds": took.as_secs_f64() }).to_string());
    } else {
        by_scenario(&rows);
        for one in all.iter().filter(|one| !one.as_planned()) {
            let place = one
                .onboarding
                .as_ref()
                .map_or_else(|| "nowhere".to_owned(), |it| format!("{} ({})", it.state, it.status.word()));
            out::data(&format!("not as planned: {} is in {place}", one.person.id));
        }
        out::data(&format!(
            "{planned} of {} are where their scenario says, in {:.1} s; at the far end: {} users, {} assets, {doubled} doubled, {} mails",
            all.len(),
            took.as_secs_f64(),
            counted.users,
            counted.assets,
            counted.messages
        ));
    }
    Ok(planned == all.len() && doubled == 0)
}

/// Whether a provider said of the user or the asset that it exists already: the journal has it.
async fn told_exists(world: &World, onboarding: Option<&Onboarding>) -> Result<bool, Failure> {
    let Some(onboarding) = onboarding else { return Ok(false) };
    let journal = world.running.engine.store.journal(onboarding.id, 0, 1000).await?;
    Ok(journal.iter().any(|line| line.detail.contains("answered exists")))
}

fn by_scenario(rows: &[(&Arrived, bool)]) {
    out::data(&format!("{:<50} {:>6} {:>9} {:>6} {:>7}", "original-wallet", "people", "completed", "exists", "review"));
    for scenario in SCENARIOS {
        let of: Vec<_> = rows.iter().filter(|(one, _)| one.person.scenario == scenario).collect();
        if of.is_empty() {
            continue;
        }
        let status = |word: &str| {
            of.iter().filter(|(one, _)| one.onboarding.as_ref().is_some_and(|it| it.status.word() == word)).count()
        };
        let exists = of.iter().filter(|(_, exists)| *exists).count();
        out::data(&format!(
            "{:<50} {:>6} {:>9} {:>6} {:>7}",
            scenario.about,
            of.len(),
            status("completed"),
            exists,
            status("review")
        ));
        let why = of.iter().find_map(|(one, _)| one.onboarding.as_ref()?.memory.review.as_ref());
        if let Some(review) = why {
            out::data(&format!("    review: {}", review.detail));
        }
    }
}

fn as_line(one: &Arrived, exists: bool) -> serde_json::Value {
    let onboarding = one.onboarding.as_ref();
    json!({
        "user": one.person.id,
        "scenario": one.person.scenario.about,
        "state": onboarding.map(|it| it.state.as_str()),
        "status": onboarding.map(|it| it.status.word()),
        "told_exists": exists,
        "review": onboarding.and_then(|it| it.memory.review.as_ref()).map(|review| review.detail.as_str()),
        "as_planned": one.as_planned(),
    })
}
