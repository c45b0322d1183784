//! The people who sign up in the demo: a number and a seed enter, people leave, each in one scenario of one flow. The
//! same seed makes the same people.

use fastrand::Rng;
use serde_json::{Map, Value, json};

use super::play::{ALL, Play, Scenario};

const FIRST: [&str; 12] = [
    "Ottilie", "Thandiwe", "Casimir", "Priyanka", "Aurelio", "Freydis", "Mpho", "Leocadie", "Tiberius", "Xiomara",
    "Nikodem", "Eulalia",
];
const LAST: [&str; 12] = [
    "Zwetschgenbaum",
    "Nkosi-Mthembu",
    "Quastenflosser",
    "Venkatasubramanian",
    "Bentivoglio",
    "Halvorsdottir",
    "Ramaphala",
    "Vaugirard",
    "Xanthopoulos",
    "Yturralde",
    "Jagiellonczyk",
    "Wolkenstein",
];
const STREET: [&str; 4] = ["Quittengasse", "Mirabellenweg", "Rue des Mirabelles", "Plumtree Crescent"];

/// A person who signs up.
#[derive(Clone, Debug)]
pub struct Person {
    /// The id in the internal systems.
    pub id: String,
    /// E-mail address.
    pub email: String,
    /// Language.
    pub locale: &'static str,
    /// First name.
    pub first_name: &'static str,
    /// Last name.
    pub last_name: &'static str,
    /// Postal address.
    pub address: String,
    /// The flow that they sign up for.
    pub play: &'static Play,
    /// What they walk into.
    pub scenario: &'static Scenario,
}

impl Person {
    /// First and last name together.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name)
    }

    /// What their sign-up brings.
    #[must_use]
    pub fn data(&self) -> Value {
        let mut data = Map::new();
        for (key, value) in [("user_id", &*self.id), ("email", &*self.email), ("locale", self.locale)] {
            data.insert(key.to_owned(), json!(value));
        }
        if let Value::Object(more) = (self.play.brings)(self) {
            data.extend(more);
        }
        Value::Object(data)
    }
}

/// This many people: first one ordinary person of each flow, then one for every trap, in an order that the seed
/// decides; from then on every second person is an ordinary one.
#[must_use]
pub fn people(count: u32, seed: u64) -> Vec<Person> {
    let mut dice = Rng::with_seed(seed);
    let mut first = Vec::new();
    let mut trapped = Vec::new();
    for play in ALL {
        for (place, scenario) in play.scenarios.iter().enumerate() {
            if place == 0 { first.push((play, scenario)) } else { trapped.push((play, scenario)) }
        }
    }
    let (ordinary, mut traps) = (first.clone(), trapped);
    dice.shuffle(&mut traps);
    first.extend(traps.iter().copied());
    (0..count)
        .filter_map(|nth| {
            let cast = if nth % 2 == 0 { &ordinary } else { &traps };
            let (play, scenario) = first.get(nth as usize).or_else(|| dice.choice(cast)).copied()?;
            Some(person(nth, seed, play, scenario, &mut dice))
        })
        .collect()
}

fn person(nth: u32, seed: u64, play: &'static Play, scenario: &'static Scenario, dice: &mut Rng) -> Person {
    let trap = scenario.trap;
    let street = dice.choice(&STREET).copied().unwrap_or_default();
    Person {
        id: format!("demo-{seed}-{nth}{trap}"),
        email: format!("{}-{seed}-{nth}{trap}@example.org", scenario.mailbox),
        locale: if dice.u8(..3) == 0 { "de" } else { "en" },
        first_name: dice.choice(&FIRST).copied().unwrap_or_default(),
        last_name: dice.choice(&LAST).copied().unwrap_or_default(),
        address: format!("{street} {nth}, 0{} Pomona", 4100 + nth),
        play,
        scenario,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::people;
    use crate::app::demo::play::ALL;

    #[test]
    fn two_hundred_people_walk_into_everything_and_a_few_are_of_every_flow() {
        let everything: BTreeSet<(&str, &str)> =
            ALL.iter().flat_map(|play| play.scenarios.iter().map(|scenario| (play.flow, scenario.word()))).collect();
        for seed in 0..20 {
            let crowd = people(200, seed);
            let met: BTreeSet<(&str, &str)> =
                crowd.iter().map(|person| (person.play.flow, person.scenario.word())).collect();
            assert_eq!(met, everything, "seed {seed}");
            let few: BTreeSet<&str> = crowd.iter().take(ALL.len()).map(|person| person.play.flow).collect();
            assert_eq!(few.len(), ALL.len());
            let ids: BTreeSet<&str> = crowd.iter().map(|person| person.id.as_str()).collect();
            assert_eq!(ids.len(), 200);
        }
    }

    #[test]
    fn the_seed_decides_who_comes() {
        let crowd = |seed| people(60, seed).iter().map(|person| person.data().to_string()).collect::<Vec<_>>();
        assert_eq!(crowd(1), crowd(1));
        assert_ne!(crowd(1), crowd(2));
    }
}
