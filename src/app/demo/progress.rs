//! Follows everyone until they are where they stay, and shows how far they are.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::time::Duration;

use gangway_core::event::Identifier;
use gangway_core::onboarding::{Onboarding, Status};
use gangway_core::time::Timestamp;

use super::device;
use super::people::Person;
use super::play::{ALL, Ends};
use super::world::World;
use crate::clock::Stopwatch;
use crate::terminal::{Failure, out};

/// How often the database is asked.
const LOOK: Duration = Duration::from_millis(300);
/// Longest time that the demo waits for one person, and the extra time for each further one.
const PATIENCE: Duration = Duration::from_secs(60);
const PATIENCE_EACH: Duration = Duration::from_millis(200);

/// Where a person is.
#[derive(Clone, Debug)]
pub(super) struct Arrived {
    pub person: Person,
    pub onboarding: Option<Onboarding>,
    /// When the wait began that their device answered.
    pub answered: Option<Timestamp>,
}

impl Arrived {
    /// Whether the person is where the scenario says.
    pub(super) fn as_planned(&self) -> bool {
        self.onboarding.as_ref().is_some_and(|onboarding| match self.person.scenario.ends {
            Ends::Completed => onboarding.status == Status::Completed,
            Ends::Review(state) => onboarding.status == Status::Review && onboarding.state == state,
            Ends::Waits(state) => !onboarding.status.ended() && onboarding.state == state,
        })
    }

    /// Whether only a person could move them any more.
    fn settled(&self) -> bool {
        let status = self.onboarding.as_ref().map(|onboarding| onboarding.status);
        status.is_some_and(|status| status.ended() || status == Status::Review)
    }

    /// Whether they will not move any further.
    fn resting(&self) -> bool {
        self.settled() || self.as_planned()
    }
}

/// Waits until everyone is where they stay, or patience runs out.
pub(super) async fn follow(world: &World, people: &[Person]) -> Result<Vec<Arrived>, Failure> {
    let watch = Stopwatch::start();
    let patience = PATIENCE + PATIENCE_EACH.saturating_mul(u32::try_from(people.len()).unwrap_or(u32::MAX));
    let mut all: Vec<Arrived> =
        people.iter().map(|person| Arrived { person: person.clone(), onboarding: None, answered: None }).collect();
    loop {
        // People who should stay waiting are checked once more at the end.
        for one in all.iter_mut().filter(|one| !one.settled()) {
            one.onboarding = look(world, one).await?;
            device::answer(world, one).await?;
        }
        let done = all.iter().all(Arrived::resting);
        show(&all, done);
        if done || watch.elapsed() > patience {
            return Ok(all);
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// The person's onboarding in the flow that they signed up for.
async fn look(world: &World, one: &Arrived) -> Result<Option<Onboarding>, Failure> {
    let store = &world.running.engine.store;
    if let Some(known) = &one.onboarding {
        return Ok(store.onboarding(known.id).await?);
    }
    let name = Identifier::new(Identifier::EXTERNAL_ID, one.person.id.clone());
    let Some(user) = store.users_by(&[name]).await?.into_iter().flatten().next() else { return Ok(None) };
    let onboardings = store.user_onboardings(user.id).await?;
    Ok(onboardings.into_iter().flatten().find(|onboarding| onboarding.flow.name == one.person.play.flow))
}

/// One line that is drawn over itself on a terminal; elsewhere only the last one is shown.
fn show(all: &[Arrived], last: bool) {
    let terminal = std::io::stderr().is_terminal();
    if !terminal && !last {
        return;
    }
    let resting = |flow: Option<&str>| {
        let of = all.iter().filter(|one| flow.is_none_or(|flow| one.person.play.flow == flow));
        let (there, people) = of.fold((0, 0), |(there, people), one| (there + usize::from(one.resting()), people + 1));
        format!("{there}/{people}")
    };
    let flows = ALL.iter().map(|play| format!("{} {}", play.flow, resting(Some(play.flow))));
    let flows: Vec<String> = flows.filter(|part| !part.ends_with("/0")).collect();
    let mut line = format!("{} arrived   {}", resting(None), flows.join("  "));
    // When few are on the way, the line has room for where they are.
    let mut states: BTreeMap<&str, usize> = BTreeMap::new();
    for one in all.iter().filter(|one| !one.resting()).filter_map(|one| one.onboarding.as_ref()) {
        *states.entry(&one.state).or_default() += 1;
    }
    if (1..=3).contains(&states.len()) {
        let parts: Vec<String> = states.into_iter().map(|(state, count)| format!("{state} {count}")).collect();
        line = format!("{line}   in {}", parts.join(", "));
    }
    if terminal && !last {
        let mut stderr = std::io::stderr().lock();
        let _ = write!(stderr, "\r\x1b[K{line}").and_then(|()| stderr.flush());
    } else {
        out::aside(&format!("{}{line}", if terminal { "\r\x1b[K" } else { "" }));
    }
}
