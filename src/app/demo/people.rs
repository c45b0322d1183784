//! Who signs up in the demo, what they walk into at the provider, and where they should end.

use gangway_core::onboarding::Status;

/// One kind of person of the demo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// What happens to them, in a few words.
    pub about: &'static str,
    /// Part of the external id that makes the sandbox play it; empty for ordinary people.
    pub trap: &'static str,
    /// Local part of the e-mail address begins with this.
    pub mailbox: &'static str,
    /// Where they should end.
    pub ends: Status,
}

const fn scenario(about: &'static str, trap: &'static str, mailbox: &'static str, ends: Status) -> Scenario {
    Scenario { about, trap, mailbox, ends }
}

/// All kinds; every second person is an ordinary one.
pub const SCENARIOS: [Scenario; 9] = [
    scenario("ordinary", "", "user", Status::Completed),
    scenario("the user exists already", "-exists", "user", Status::Completed),
    scenario("the reply is lost, the work was done", "-lost", "user", Status::Completed),
    scenario("no webhook ever comes; the poll finds the wallet", "-silent", "user", Status::Completed),
    scenario("the provider refuses the user", "-refused", "user", Status::Review),
    scenario("the asset's reply is lost", "-assetlost", "user", Status::Completed),
    scenario("the mail address does not exist", "", "bounce", Status::Completed),
    scenario("the connection is cut before anything is done", "-undone", "user", Status::Completed),
    scenario("cut off, and done a moment later", "-slow", "user", Status::Completed),
];

/// A person who signs up.
#[derive(Clone, Debug)]
pub struct Person {
    /// The id in the internal systems.
    pub id: String,
    /// E-mail address.
    pub email: String,
    /// Language.
    pub locale: &'static str,
    /// What they walk into.
    pub scenario: Scenario,
}

/// So many people; the same seed makes the same ones.
#[must_use]
pub fn people(count: u32, seed: u64) -> Vec<Person> {
    (0..count)
        .map(|nth| {
            let place = if nth % 2 == 0 { 0 } else { 1 + (nth as usize / 2) % (SCENARIOS.len() - 1) };
            let scenario = SCENARIOS.get(place).copied().unwrap_or(scenario("", "", "user", Status::Completed));
            Person {
                id: format!("demo-{seed}-{nth}{}", scenario.trap),
                email: format!("{}-{seed}-{nth}@example.com", scenario.mailbox),
                locale: if nth % 3 == 2 { "de" } else { "en" },
                scenario,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{SCENARIOS, people};

    #[test]
    fn eighteen_people_walk_into_every_trap_and_half_of_any_crowd_is_ordinary() {
        let met = people(18, 1);
        assert!(SCENARIOS.iter().all(|scenario| met.iter().any(|person| person.scenario == *scenario)));
        let crowd = people(200, 1);
        assert!(crowd.iter().filter(|person| person.scenario == SCENARIOS[0]).count() >= 100);
        let mut ids: Vec<&str> = crowd.iter().map(|person| person.id.as_str()).collect();
        ids.dedup();
        assert_eq!(ids.len(), 200);
    }
}
