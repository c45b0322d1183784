//! JSON from outside: a cap on nesting before parsing, fields taken out, and one canonical form to compare.

use bytes::Bytes;
use serde_json::{Map, Value};

/// Deeper nesting is not read: every later walk over the value may recurse.
pub(crate) const DEPTH_MOST: usize = 64;

/// Reads a whole body.
///
/// # Errors
/// Why not, without any of the content.
pub(crate) fn read(bytes: &[u8]) -> Result<Value, &'static str> {
    if too_deep(bytes) {
        return Err("the JSON is nested deeper than 64 levels");
    }
    serde_json::from_slice(bytes).map_err(|error| match error.classify() {
        serde_json::error::Category::Eof => "the JSON ends too early",
        _ => "this is not JSON",
    })
}

/// Whether arrays and objects are nested deeper than [`DEPTH_MOST`]; looks at brackets outside strings only.
fn too_deep(bytes: &[u8]) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEPTH_MOST {
            return true;
        }
    }
    false
}

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
    fn nesting_is_read_up_to_64_levels_and_no_further() {
        let nested = |n: usize| [vec![b'['; n], vec![b']'; n]].concat();
        assert!(read(&nested(64)).is_ok());
        assert_eq!(read(&nested(65)), Err("the JSON is nested deeper than 64 levels"));
        assert!(read(&nested(2_000_000)).is_err());
    }

    #[test]
    fn brackets_in_strings_are_not_nesting() {
        let text = format!(r#"{{"a":"\"{}","b":"\\"}}"#, "[".repeat(100));
        assert!(read(text.as_bytes()).is_ok());
    }

    #[test]
    fn invalid_utf8_is_not_read() {
        assert!(read(b"{\"a\":\"\xff\"}").is_err());
    }

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
