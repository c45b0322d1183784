//! What another version of gangway wrote into sealed JSON and this one does not know: kept with the value that was
//! read, and put back when the value is written again. JSON enters and leaves; never here: keys, rows.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::rows;
use super::types::StoreError;

/// Members by which a part of the JSON names what it is about (an effect's number, a review's time). When one of them
/// is another now, the part is of something else, and what was not known of the old one goes with it.
const NAMES: [&str; 2] = ["n", "since"];

/// What a text held that this version does not know. Nearly always nothing, which costs nothing.
#[derive(Clone, Default)]
pub struct Unknown(Option<Box<Read>>);

#[derive(Clone)]
struct Read {
    /// As it was written.
    written: Value,
    /// The column as this version writes it.
    known: Value,
}

impl std::fmt::Debug for Unknown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Unknown({})", if self.0.is_some() { "something" } else { "nothing" })
    }
}

/// Reads a value, and keeps what it does not know.
pub(super) fn read<T: DeserializeOwned + Serialize>(text: &[u8]) -> Result<(T, Unknown), StoreError> {
    let mut strange = false;
    let mut from = serde_json::Deserializer::from_slice(text);
    let value: T =
        serde_ignored::deserialize(&mut from, |_| strange = true).map_err(|error| rows::unreadable(&error))?;
    if !strange {
        return Ok((value, Unknown::default()));
    }
    let known = serde_json::to_value(&value).map_err(|error| rows::unreadable(&error))?;
    Ok((value, Unknown(Some(Box::new(Read { written: rows::read_json(text)?, known })))))
}

/// Writes a value, with what was not known of it when it was read.
pub(super) fn write<T: Serialize>(value: &T, unknown: &Unknown) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    let Some(read) = &unknown.0 else { return rows::json(value) };
    let mut now = serde_json::to_value(value).map_err(|error| rows::unreadable(&error))?;
    restore(&read.written, &read.known, &mut now);
    rows::json(&now)
}

/// Puts what is in `written` and not in `known` into `now`. An item of a list counts as the same one while everything
/// known of it is equal.
fn restore(written: &Value, known: &Value, now: &mut Value) {
    match (written, known, now) {
        (Value::Object(written), Value::Object(known), Value::Object(now)) if same(known, now) => {
            for (name, value) in written {
                match (known.get(name), now.get_mut(name)) {
                    (None, None) => drop(now.insert(name.clone(), value.clone())),
                    (Some(known), Some(now)) => restore(value, known, now),
                    _ => {}
                }
            }
        }
        (Value::Array(written), Value::Array(known), Value::Array(now)) => {
            for (written, known) in written.iter().zip(known).filter(|(written, known)| written != known) {
                if let Some(now) = now.iter_mut().find(|now| *now == known) {
                    restore(written, known, now);
                }
            }
        }
        _ => {}
    }
}

/// Whether both are about one thing.
fn same(known: &Map<String, Value>, now: &Map<String, Value>) -> bool {
    NAMES.iter().all(|name| known.get(*name) == now.get(*name))
}

#[cfg(test)]
mod tests {
    use gangway_core::onboarding::Memory;
    use serde_json::{Value, json};

    use super::{read, write};

    /// A memory of a later version, with something more at every level.
    fn later() -> Value {
        let report = json!({"name": "a.b", "resource": "r", "fields": {"x": 1}, "time": 5, "rank": 0, "trust": "fact", "by": "them"});
        json!({
            "data": {"plan": "gold"}, "states": {"create": {"uid": "7"}}, "later": {"deep": [1]},
            "facts": [{"report": report, "received_at": 6, "seen": 2}],
            "identifiers": [{"kind": "a.uid", "value": "7", "verified": true}], "asked": 1,
            "pending": {"n": 1, "purpose": "work", "target": "a.make", "attempts": 0, "tried": 0, "mode": "do",
                "asked_at": 1, "due_at": 1, "uncertain_since": null, "look_ups": 0, "trouble": null, "class": "slow"},
            "review": {"cause": "asked", "detail": "?", "since": 3, "whom": "support"}, "last_at": 7
        })
    }

    fn again(change: impl FnOnce(&mut Memory)) -> Value {
        let (mut memory, unknown) = read::<Memory>(later().to_string().as_bytes()).unwrap();
        change(&mut memory);
        serde_json::from_slice(&write(&memory, &unknown).unwrap()).unwrap()
    }

    #[test]
    fn what_a_version_does_not_know_it_keeps_at_every_level() {
        let kept = again(|memory| {
            memory.polls = 3;
            memory.facts.insert(0, memory.facts[0].clone());
            memory.facts[0].report.name = "a.a".to_owned();
            memory.pending.as_mut().unwrap().tried = 1;
        });
        assert_eq!((&kept["later"], &kept["polls"]), (&json!({"deep": [1]}), &json!(3)));
        assert_eq!((&kept["facts"][0]["seen"], &kept["facts"][1]["seen"]), (&Value::Null, &json!(2)));
        assert_eq!(kept["facts"][1]["report"]["by"], "them");
        assert_eq!(kept["identifiers"][0]["verified"], true);
        assert_eq!((&kept["pending"]["class"], &kept["pending"]["tried"]), (&json!("slow"), &json!(1)));
        assert_eq!(kept["review"]["whom"], "support");
    }

    #[test]
    fn what_was_not_known_of_something_goes_with_it() {
        let kept = again(|memory| {
            memory.facts.clear();
            memory.review = None;
            memory.pending.as_mut().unwrap().n = 2;
        });
        assert_eq!(
            (&kept["facts"], &kept["review"], &kept["pending"]["class"]),
            (&json!([]), &Value::Null, &Value::Null)
        );
        assert_eq!(kept["later"], json!({"deep": [1]}));
    }
}
