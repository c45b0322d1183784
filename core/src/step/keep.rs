//! What is kept of data and answers: exactly what the flow reads later, nothing else. Values enter, fewer leave.

use serde_json::{Map, Value};

use crate::flow::model::{Flow, Verb};

/// What the flow reads of its start event's data.
pub(super) fn of_data(flow: &Flow, data: &Map<String, Value>) -> Map<String, Value> {
    let mut kept = Map::new();
    for path in &flow.reads {
        if let Some((root, rest)) = path.split_first()
            && root == "data"
        {
            copy(data, rest, &mut kept);
        }
    }
    kept
}

/// What the flow reads of the answer that left this state; `None` when it reads nothing of this state.
pub(super) fn of_state(flow: &Flow, state: &str, fields: &Map<String, Value>) -> Option<Map<String, Value>> {
    let mut kept = None;
    for path in reads_of_state(flow, state) {
        copy(fields, path, kept.get_or_insert_with(Map::new));
    }
    kept
}

/// What the flow reads of a fact of this name or a message of this type, over all states that await it.
pub(super) fn of_fact(flow: &Flow, kind: &str, data: &Map<String, Value>) -> Map<String, Value> {
    let mut kept = Map::new();
    for (name, state) in &flow.states {
        if matches!(&state.verb, Verb::Await(wait) if wait.arrivals.values().any(|awaited| awaited.name == kind)) {
            for path in reads_of_state(flow, name) {
                copy(data, path, &mut kept);
            }
        }
    }
    kept
}

fn reads_of_state<'a>(flow: &'a Flow, state: &'a str) -> impl Iterator<Item = &'a [String]> {
    flow.reads.iter().filter_map(move |path| match path.as_slice() {
        [root, of, rest @ ..] if root == "states" && of == state => Some(rest),
        _ => None,
    })
}

/// Copies what lies at `path`; a path that ends early, or meets something other than an object, takes all from there.
fn copy(from: &Map<String, Value>, path: &[String], to: &mut Map<String, Value>) {
    let Some((head, rest)) = path.split_first() else {
        to.extend(from.iter().map(|(key, value)| (key.clone(), value.clone())));
        return;
    };
    match from.get(head) {
        None => {}
        Some(Value::Object(inner)) if !rest.is_empty() => {
            let slot = to.entry(head.as_str()).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(slot) = slot {
                copy(inner, rest, slot);
            }
        }
        Some(value) => {
            to.insert(head.clone(), value.clone());
        }
    }
}
