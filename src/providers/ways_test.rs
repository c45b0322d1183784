//! Where the reviews of a flow lead, for the adapters' tests of the shipped flows: a flow enters, the reviews that a
//! person cannot leave for good come out.

use std::collections::BTreeSet;

use gangway_core::flow::load;
use gangway_core::flow::model::{EndStatus, Flow, Verb};

use crate::app::{SHIPPED, catalogue};
use crate::settings::{Input, Settings};

/// The shipped flow of this name, loaded with what the adapters really offer.
pub fn shipped(name: &str) -> Flow {
    let settings = Settings::read(&Input::default()).unwrap();
    let file = format!("{name}.yaml");
    let (path, text) = SHIPPED.iter().find(|(path, _)| path.ends_with(&file)).unwrap();
    load(path, text, &catalogue(&settings).unwrap()).unwrap_or_else(|faults| panic!("{faults}"))
}

fn after<'a>(flow: &'a Flow, state: &str) -> impl Iterator<Item = &'a str> {
    flow.states[state].verb.outcomes().into_iter().flatten().map(|(_, to)| to.as_str())
}

/// Whether a good end can be reached from this state without entering any of these.
fn arrives(flow: &Flow, from: &str, without: &[&str]) -> bool {
    let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
    while let Some(state) = open.pop() {
        if without.contains(&state) || !seen.insert(state) {
            continue;
        }
        if matches!(&flow.states[state].verb, Verb::End(end) if end.status == EndStatus::Completed) {
            return true;
        }
        open.extend(after(flow, state));
    }
    false
}

fn reviews(flow: &Flow) -> impl Iterator<Item = &str> {
    flow.states.iter().filter(|(_, state)| matches!(state.verb, Verb::Ask { .. })).map(|(name, _)| name.as_str())
}

/// Reviews that lead to no good end but through themselves.
pub fn circles(flow: &Flow) -> Vec<String> {
    let leaves = |review: &str| after(flow, review).any(|choice| arrives(flow, choice, &[review]));
    reviews(flow).filter(|review| !leaves(review)).map(str::to_owned).collect()
}

/// Ways into a review, such as a call that was refused, to which every choice leads back: what was refused once is
/// refused again, so a good end must be reached around it, too. To wait once more for what may still come is no
/// repetition.
pub fn repetitions(flow: &Flow) -> Vec<String> {
    let mut found = Vec::new();
    for review in reviews(flow) {
        for (name, state) in &flow.states {
            let waits = matches!(state.verb, Verb::Await(_) | Verb::Ask { .. });
            if waits || !after(flow, name).any(|to| to == review) {
                continue;
            }
            if !after(flow, review).any(|choice| arrives(flow, choice, &[review, name])) {
                found.push(format!("{name} -> {review}"));
            }
        }
    }
    found
}

#[test]
fn every_review_of_every_shipped_flow_has_a_way_on_that_does_not_lead_back_to_it() {
    for (path, _) in SHIPPED {
        let name = path.trim_start_matches("flows/").trim_end_matches(".yaml");
        let flow = shipped(name);
        assert_eq!((circles(&flow), repetitions(&flow)), (Vec::new(), Vec::new()), "{name}");
    }
}
