//! What the demo plays: one file a flow, data only. A flow's name, what its sign-ups bring, its scenarios and how its
//! provider is set up enter the cast ([`super::people`]) and the settings; nothing here is ever asked how gangway or a
//! provider does it.

mod didx;
mod guardian;
mod haven;
mod member;
mod original;
mod waltid;

use gangway_sandbox::traps::Trap;
use gangway_sandbox::{Options, Running, Summary};
use serde_json::Value;

use super::people::Person;
use super::settings::random;
use crate::clock::Chance;

/// A flow as the demo plays it.
#[derive(Debug)]
pub struct Play {
    /// Name of the flow.
    pub flow: &'static str,
    /// Type of the event that starts it.
    pub starts: &'static str,
    /// What a sign-up brings in addition to id, e-mail address and language: an object.
    pub brings: fn(&Person) -> Value,
    /// What the person's device does, where the flow waits for it.
    pub device: Option<&'static Device>,
    /// Ordinary people first.
    pub scenarios: &'static [Scenario],
    /// The provider that only this flow sets up; none for a flow of others' providers.
    pub provider: Option<&'static DemoProvider>,
}

/// A provider as the demo sets it up, here and in the sandbox, and what it counts.
#[derive(Debug)]
pub struct DemoProvider {
    /// Its name in settings, addresses and the sandbox's table.
    pub name: &'static str,
    /// Gives the sandbox keys of its own and the demo's pace.
    pub plays: fn(&mut Options, &dyn Chance),
    /// gangway's settings below `providers.NAME`, over this sandbox. The last is the secret of webhook addresses.
    pub settings: fn(&Running, &Options, &str) -> Vec<(&'static str, String)>,
    /// Whether its webhooks are signed, so that there is no secret in their address.
    pub signed: bool,
    /// What there is, for people.
    pub line: fn(&Summary) -> String,
    /// What there is, for programs.
    pub value: fn(&Summary) -> Value,
    /// What stands there twice. An account that a provider makes and loses by itself is not counted: gangway did not
    /// ask for it a second time.
    pub doubled: fn(&Summary) -> u64,
}

/// The device of a person, which answers a challenge.
#[derive(Debug)]
pub struct Device {
    /// The state that waits for it, and shows the challenge.
    pub waits_in: &'static str,
    /// Type of the event with the answer.
    pub answers: &'static str,
}

/// One kind of person.
#[derive(Debug)]
pub struct Scenario {
    /// What happens to them, in a few words.
    pub about: &'static str,
    /// Words in their id and e-mail address that make the sandbox play it; empty for ordinary people.
    pub trap: &'static str,
    /// Their e-mail address begins with this.
    pub mailbox: &'static str,
    /// Whether a provider must have said that they, or what a call wanted to make, exist already.
    pub exists: bool,
    /// Whether the person never takes up the device.
    pub away: bool,
    /// Where they end.
    pub ends: Ends,
}

/// Where people belong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    /// On board.
    Completed,
    /// In review, in this state.
    Review(&'static str),
    /// Waiting in this state, for something that does not come while the demo lasts.
    Waits(&'static str),
}

impl Ends {
    /// The state that it names.
    #[must_use]
    pub const fn state(self) -> Option<&'static str> {
        match self {
            Self::Completed => None,
            Self::Review(state) | Self::Waits(state) => Some(state),
        }
    }
}

impl Scenario {
    /// People to whom nothing happens.
    const fn ordinary() -> Self {
        Self { about: "ordinary", trap: "", mailbox: "user", exists: false, away: false, ends: Ends::Completed }
    }

    /// A trap of the sandbox that people get out of by themselves.
    const fn trap(trap: &'static Trap) -> Self {
        Self { about: trap.short, trap: trap.word, ..Self::ordinary() }
    }

    /// People for a trap of the mailbox: it is in the e-mail address's first word.
    const fn mail(trap: &'static Trap) -> Self {
        Self { about: trap.short, mailbox: trap.word, ..Self::ordinary() }
    }

    /// It is something else for the people of this flow.
    const fn about(self, about: &'static str) -> Self {
        Self { about, ..self }
    }

    /// A provider says "exists", and they come on board.
    const fn exists(self) -> Self {
        Self { exists: true, ..self }
    }

    /// It takes them elsewhere.
    const fn ends(self, ends: Ends) -> Self {
        Self { ends, ..self }
    }

    /// People who do nothing when they are asked.
    const fn away(about: &'static str) -> Self {
        Self { about, away: true, ..Self::ordinary() }
    }

    /// The word by which the sandbox knows what to play: of the id, or of the mail address.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match (self.trap, self.mailbox) {
            ("", "user") if self.away => "(away)",
            ("", "user") => "",
            ("", mailbox) => mailbox,
            (trap, _) => trap,
        }
    }
}

/// Every shipped flow.
pub const ALL: [&Play; 6] = [&original::PLAY, &didx::PLAY, &guardian::PLAY, &waltid::PLAY, &haven::PLAY, &member::PLAY];

/// Every provider that is set up.
pub(super) fn providers() -> impl Iterator<Item = &'static DemoProvider> {
    ALL.into_iter().filter_map(|play| play.provider)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use gangway_core::flow::{self, model::Flow};

    use super::{ALL, Ends};
    use crate::app::SHIPPED;
    use crate::settings::{Input, Settings};

    fn shipped() -> Vec<Flow> {
        let settings = Settings::read(&Input { file: None, environment: Vec::new() }).unwrap();
        flow::load_all(SHIPPED, &crate::app::catalogue(&settings).unwrap()).unwrap()
    }

    #[test]
    fn every_shipped_flow_is_played_from_the_event_that_starts_it() {
        let shipped = shipped();
        let flows: BTreeSet<(&str, &str)> =
            shipped.iter().map(|flow| (flow.id.name.as_str(), flow.begins_on().unwrap_or_default())).collect();
        let played: BTreeSet<(&str, &str)> = ALL.iter().map(|play| (play.flow, play.starts)).collect();
        assert_eq!(flows, played);
    }

    #[test]
    fn every_trap_of_the_sandbox_is_walked_into() {
        let words: BTreeSet<&str> = ALL
            .iter()
            .flat_map(|play| play.scenarios)
            .map(super::Scenario::word)
            .filter(|word| !word.is_empty())
            .collect();
        let mails = gangway_sandbox::traps::mailbox::ALL.iter().map(|trap| trap.word);
        let missing: Vec<&str> =
            gangway_sandbox::traps::all().chain(mails).filter(|word| !words.contains(word)).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn every_provider_of_the_sandbox_is_set_up_by_one_play() {
        let played: Vec<&str> = super::providers().map(|provider| provider.name).collect();
        let there: Vec<&str> = gangway_sandbox::ROLES.iter().map(|role| role.name).collect();
        assert_eq!(played, there);
    }

    #[test]
    fn people_end_in_states_that_their_flow_has() {
        let shipped = shipped();
        for play in ALL {
            let flow = shipped.iter().find(|flow| flow.id.name == play.flow).unwrap();
            assert_eq!((play.scenarios[0].word(), play.scenarios[0].ends), ("", Ends::Completed), "{}", play.flow);
            for state in play.scenarios.iter().filter_map(|scenario| scenario.ends.state()) {
                assert!(flow.states.contains_key(state), "{}: {state}", play.flow);
            }
        }
    }
}
