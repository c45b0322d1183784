//! JSON from outside: read as senders write it, fields taken out, and one canonical form to compare.

use bytes::Bytes;
pub(crate) use gangway_core::json::{LOST, read};
use serde_json::{Map, Value};

/// The same bytes for the same value: keys in order, no white space.
pub(crate) fn canonical(value: &Value) -> Bytes {
    serde_json::to_vec(&sorted(value)).unwrap_or_default().into()
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut pairs: Vec<_> = fields.iter().map(|(key, value)| (key.clone(), sorted(value))).collect();
            pairs.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(Map::from_iter(pairs))
        }
        Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
        other => other.clone(),
    }
}

/// The value without what stands at these JSON pointers; pointers that lead nowhere are passed over.
pub(crate) fn without(value: &Value, pointers: &[String]) -> Value {
    let mut left = value.clone();
    for pointer in pointers {
        let Some((parent, name)) = pointer.rsplit_once('/') else { continue };
        match left.pointer_mut(parent) {
            Some(Value::Object(fields)) => drop(fields.shift_remove(&name.replace("~1", "/").replace("~0", "~"))),
            Some(Value::Array(items)) => {
                // The place stays, so that other pointers still mean what they say.
                if let Some(item) = name.parse::<usize>().ok().and_then(|at| items.get_mut(at)) {
                    *item = Value::Null;
                }
            }
            _ => {}
        }
    }
    left
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{canonical, read, without};

    #[test]
    fn two_spellings_of_one_value_have_one_canonical_form() {
        let a = read(br#"{"b": [1, {"y":2,"x":1}], "a": "\u0041"}"#).unwrap();
        let b = read(br#"{"a":"A","b":[1,{"x":1,"y":2}]}"#).unwrap();
        assert_eq!(canonical(&a), canonical(&b));
        assert_eq!(canonical(&a), br#"{"a":"A","b":[1,{"x":1,"y":2}]}"#.as_slice());
    }

    #[test]
    fn fields_are_taken_out_at_any_depth_and_missing_ones_are_passed_over() {
        let value = json!({ "sent": 1, "data": { "try/again": 2, "id": 3 }, "list": [1, 2] });
        let pointers = ["/sent", "/data/try~1again", "/list/0", "/none/of/these", ""].map(String::from);
        assert_eq!(without(&value, &pointers), json!({ "data": { "id": 3 }, "list": [null, 2] }));
    }
}
