//! Follows everybody until they have arrived, and shows how far they are.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::time::Duration;

use gangway_core::event::Identifier;
use gangway_core::onboarding::{Onboarding, Status};

use super::people::Person;
use super::world::World;
use crate::clock::Stopwatch;
use crate::terminal::{Failure, out};

/// How often the database is asked.
const LOOK: Duration = Duration::from_millis(200);
/// Longest time that the demo takes for one person, and beside it for each further one.
const PATIENCE: Duration = Duration::from_secs(60);
const PATIENCE_EACH: Duration = Duration::from_millis(200);

/// Where a person is.
#[derive(Clone, Debug)]
pub(super) struct Arrived {
    pub person: Person,
    pub onboarding: Option<Onboarding>,
}

impl Arrived {
    /// Whether the person is where the scenario says.
    pub(super) fn as_planned(&self) -> bool {
        self.onboarding.as_ref().is_some_and(|onboarding| onboarding.status == self.person.scenario.ends)
    }

    fn resting(&self) -> bool {
        let status = self.onboarding.as_ref().map(|onboarding| onboarding.status);
        status.is_some_and(|status| status.ended() || status == Status::Review)
    }
}

/// Waits until everybody has ended or is in review, or the patience is over.
pub(super) async fn follow(world: &World, people: &[Person]) -> Result<Vec<Arrived>, Failure> {
    let (store, watch) = (&world.running.engine.store, Stopwatch::start());
    let patience = PATIENCE + PATIENCE_EACH.saturating_mul(u32::try_from(people.len()).unwrap_or(u32::MAX));
    let mut all: Vec<Arrived> =
        people.iter().map(|person| Arrived { person: person.clone(), onboarding: None }).collect();
    loop {
        for one in all.iter_mut().filter(|one| !one.resting()) {
            let name = Identifier::new(Identifier::EXTERNAL_ID, one.person.id.clone());
            if let Some(user) = store.users_by(&[name]).await?.into_iter().next() {
                one.onboarding = store.user_onboardings(user.id).await?.into_iter().next();
            }
        }
        let done = all.iter().all(Arrived::resting);
        show(&all, done);
        if done || watch.elapsed() > patience {
            return Ok(all);
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// One line that is drawn over itself on a terminal; elsewhere only the last one is shown.
fn show(all: &[Arrived], last: bool) {
    let terminal = std::io::stderr().is_terminal();
    if !terminal && !last {
        return;
    }
    let mut states: BTreeMap<String, usize> = BTreeMap::new();
    for one in all {
        let state = one.onboarding.as_ref().map_or_else(|| "signed up".to_owned(), |it| it.state.clone());
        *states.entry(state).or_default() += 1;
    }
    let parts: Vec<String> = states.into_iter().map(|(state, count)| format!("{state} {count}")).collect();
    let resting = all.iter().filter(|one| one.resting()).count();
    let line = format!("{resting}/{} arrived   {}", all.len(), parts.join("  "));
    if terminal && !last {
        let mut stderr = std::io::stderr().lock();
        let _ = write!(stderr, "\r\x1b[K{line}").and_then(|()| stderr.flush());
    } else {
        out::aside(&format!("{}{line}", if terminal { "\r\x1b[K" } else { "" }));
    }
}
