//! The results: for each flow how many arrived, were told "exists", wait, or went to review and why, and each trap that
//! was taken; people who are not where their scenario says; and what the far end counted.

use std::collections::BTreeMap;
use std::time::Duration;

use gangway_core::onboarding::{Onboarding, Status};
use serde_json::{Value, json};

use super::far_end;
use super::play::{ALL, Play, Scenario};
use super::progress::Arrived;
use super::world::World;
use crate::terminal::{Failure, out};

/// A person, and whether a provider told that something exists already.
struct Row<'a> {
    one: &'a Arrived,
    exists: bool,
}

impl Row<'_> {
    fn as_planned(&self) -> bool {
        self.one.as_planned() && (self.exists || !self.one.person.scenario.exists)
    }

    fn is(&self, play: &Play, scenario: Option<&Scenario>) -> bool {
        let person = &self.one.person;
        std::ptr::eq(person.play, play) && scenario.is_none_or(|scenario| std::ptr::eq(person.scenario, scenario))
    }

    fn review(&self) -> Option<&str> {
        self.one.onboarding.as_ref()?.memory.review.as_ref().map(|review| review.detail.as_str())
    }
}

/// Prints the table; answers whether everyone arrived as planned and nothing happened twice at the far end.
pub(super) async fn print(world: &World, all: &[Arrived], took: Duration, as_json: bool) -> Result<bool, Failure> {
    let mut rows = Vec::with_capacity(all.len());
    for one in all {
        rows.push(Row { one, exists: told_exists(world, one.onboarding.as_ref()).await? });
    }
    let counted = world.sandbox.summary();
    let doubled = far_end::doubled(&counted);
    let planned = rows.iter().filter(|row| row.as_planned()).count();
    let seconds = took.as_secs_f64();
    if as_json {
        rows.iter().for_each(|row| out::data(&as_line(row).to_string()));
        ALL.iter().for_each(|play| out::data(&as_sums(play, &rows).to_string()));
        out::data(
            &json!({
                "users": all.len(), "as_planned": planned, "doubled_at_the_far_end": doubled,
                "far_end": far_end::value(&counted), "mails": counted.messages, "seconds": seconds,
            })
            .to_string(),
        );
    } else {
        ALL.iter().for_each(|play| by_scenario(play, &rows));
        rows.iter().filter(|row| !row.as_planned()).for_each(|row| out::data(&astray(row)));
        out::data(&far_end::line(&counted));
        out::data(&format!("{planned} of {} are where their scenario says, in {seconds:.1} s", all.len()));
    }
    Ok(planned == all.len() && doubled == 0)
}

/// Whether a provider said that the user, or what a call wanted to make, exists already: the journal has it.
async fn told_exists(world: &World, onboarding: Option<&Onboarding>) -> Result<bool, Failure> {
    let Some(onboarding) = onboarding else { return Ok(false) };
    let journal = world.running.engine.store.journal(onboarding.id, 0, 1000).await?;
    Ok(journal.iter().any(|line| line.detail.contains("answered exists")))
}

/// How many of some people are where.
struct Sums {
    people: usize,
    completed: usize,
    exists: usize,
    waiting: usize,
    review: usize,
}

impl Sums {
    fn of(play: &Play, scenario: Option<&Scenario>, rows: &[Row<'_>]) -> Self {
        let of = || rows.iter().filter(|row| row.is(play, scenario));
        let status = |status| {
            let is = |row: &&Row<'_>| row.one.onboarding.as_ref().is_some_and(|it| it.status == status);
            of().filter(is).count()
        };
        Self {
            people: of().count(),
            completed: status(Status::Completed),
            exists: of().filter(|row| row.exists).count(),
            // People who wait for a provider that refuses us are active: their call is due.
            waiting: status(Status::Waiting) + status(Status::Active),
            review: status(Status::Review),
        }
    }

    fn line(&self, name: &str) -> String {
        let Self { people, completed, exists, waiting, review } = self;
        format!("{name:<74} {people:>6} {completed:>9} {exists:>6} {waiting:>7} {review:>6}")
    }
}

/// A flow's sums, and a line for each of its scenarios that a person met.
fn by_scenario(play: &Play, rows: &[Row<'_>]) {
    let all = Sums::of(play, None, rows);
    if all.people == 0 {
        return;
    }
    let heads = format!("{:>6} {:>9} {:>6} {:>7} {:>6}", "people", "completed", "exists", "waiting", "review");
    out::data(&format!("{:<74} {heads}", ""));
    out::data(&all.line(play.flow));
    for scenario in play.scenarios {
        let sums = Sums::of(play, Some(scenario), rows);
        if sums.people > 0 {
            out::data(&sums.line(&format!("  {:<17} {}", scenario.word(), scenario.about)));
            for (why, people) in reasons(play, Some(scenario), rows) {
                out::data(&format!("      review ({people}): {why}"));
            }
        }
    }
}

/// Why people are in review, each reason with how many have it.
fn reasons<'a>(play: &Play, scenario: Option<&Scenario>, rows: &'a [Row<'_>]) -> BTreeMap<&'a str, usize> {
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for why in rows.iter().filter(|row| row.is(play, scenario)).filter_map(Row::review) {
        *reasons.entry(why).or_default() += 1;
    }
    reasons
}

fn astray(row: &Row<'_>) -> String {
    let person = &row.one.person;
    let nowhere = || "nowhere".to_owned();
    let place = row.one.onboarding.as_ref().map_or_else(nowhere, |it| format!("{} ({})", it.state, it.status.word()));
    let why = row.review().map(|why| format!(": {why}")).unwrap_or_default();
    let told = if person.scenario.exists && !row.exists { ", and was not told that anything exists" } else { "" };
    format!("not as planned: {} of {} is in {place}{told}{why}", person.id, person.play.flow)
}

fn as_line(row: &Row<'_>) -> Value {
    let (person, onboarding) = (&row.one.person, row.one.onboarding.as_ref());
    json!({
        "user": person.id,
        "flow": person.play.flow,
        "scenario": person.scenario.about,
        "trap": person.scenario.word(),
        "onboarding": onboarding.map(|it| it.id.to_string()),
        "state": onboarding.map(|it| it.state.as_str()),
        "status": onboarding.map(|it| it.status.word()),
        "told_exists": row.exists,
        "review": row.review(),
        "as_planned": row.as_planned(),
    })
}

fn as_sums(play: &Play, rows: &[Row<'_>]) -> Value {
    let Sums { people, completed, exists, waiting, review } = Sums::of(play, None, rows);
    let met = |scenario: &&Scenario| rows.iter().any(|row| row.is(play, Some(scenario)));
    let traps: Vec<&str> =
        play.scenarios.iter().filter(met).map(Scenario::word).filter(|word| !word.is_empty()).collect();
    json!({
        "flow": play.flow, "people": people, "completed": completed, "told_exists": exists, "waiting": waiting,
        "review": review, "why_in_review": reasons(play, None, rows), "traps": traps,
    })
}
