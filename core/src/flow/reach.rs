//! What a flow can still use: from every state, the facts and events that a state which can follow awaits. States
//! enter, names leave. An operator's `move` is no way of the flow: a person moved back waits for what comes after that.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;

use crate::flow::model::{State, Verb};

/// State -> names of facts and events.
pub type Hears = BTreeMap<String, BTreeSet<String>>;

/// For every state, what is awaited in it or in any state that can follow; and everywhere, what a wait was left by that
/// is read: a newer version of it is what is read from then on.
#[must_use]
pub fn hears(states: &IndexMap<String, State>, reads: &BTreeSet<Vec<String>>) -> Hears {
    let read = |state: &str| {
        reads
            .iter()
            .any(|path| path.first().is_some_and(|root| root == "states") && path.get(1).is_some_and(|of| of == state))
    };
    let always: BTreeSet<&String> =
        states.iter().filter(|(name, _)| read(name)).flat_map(|(_, state)| awaited(&state.verb)).collect();
    let own = |state: &State| awaited(&state.verb).chain(always.iter().copied()).cloned().collect();
    let mut hears: Hears = states.iter().map(|(name, state)| (name.clone(), own(state))).collect();
    loop {
        let mut grown = false;
        // From the last to the first: most flows lead downwards, and are done in one go.
        for (name, state) in states.iter().rev() {
            let next = state.verb.outcomes().into_iter().flat_map(|outcomes| outcomes.values());
            let after: BTreeSet<String> = next.filter_map(|next| hears.get(next)).flatten().cloned().collect();
            if let Some(here) = hears.get_mut(name) {
                let before = here.len();
                here.extend(after);
                grown |= here.len() > before;
            }
        }
        if !grown {
            return hears;
        }
    }
}

fn awaited(verb: &Verb) -> impl Iterator<Item = &String> {
    let wait = if let Verb::Await(wait) = verb { Some(wait) } else { None };
    wait.into_iter().flat_map(|wait| wait.arrivals.values().map(|awaited| &awaited.name))
}
