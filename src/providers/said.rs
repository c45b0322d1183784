//! What the body of an error says, whatever kinds of values it says it with: a value enters, short words leave. They
//! may name a person, so they go into an answer's fields, never into a cause; only [`in_cause`] makes what may stand
//! there.

use serde_json::Value;

/// What stands where a provider says nothing that a person could read.
pub const NO_REASON: &str = "the provider gives no reason";

/// The longest reason that is handed on, in characters.
const LONGEST: usize = 300;

/// The longest code.
const LONGEST_CODE: usize = 60;

/// How deep lists and objects are read.
const DEEPEST: u8 = 4;

/// Fields of an object that hold words; where it has none of them, all its values are read.
const FIELDS: [&str; 7] = ["message", "detail", "details", "description", "error", "title", "issue"];

/// The words of a value: a text or a number, and those of lists and objects, one after the other.
#[must_use]
pub fn words(value: &Value) -> Option<String> {
    let mut all = Vec::new();
    collect(value, DEEPEST, &mut all);
    Some(short(&all.join("; "))).filter(|text| !text.is_empty())
}

fn collect(value: &Value, depth: u8, all: &mut Vec<String>) {
    match value {
        Value::String(text) if !text.trim().is_empty() => all.push(text.trim().to_owned()),
        Value::Number(number) => all.push(number.to_string()),
        Value::Array(list) if depth > 0 => list.iter().for_each(|item| collect(item, depth - 1, all)),
        Value::Object(map) if depth > 0 => {
            let before = all.len();
            FIELDS.iter().filter_map(|field| map.get(*field)).for_each(|item| collect(item, depth - 1, all));
            if all.len() == before {
                map.values().for_each(|item| collect(item, depth - 1, all));
            }
        }
        _ => {}
    }
}

/// The beginning of a text, as long as a reason may be.
#[must_use]
pub fn short(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}

/// A text or number of an object, as long as a code may be.
#[must_use]
pub fn code(value: &Value, name: &str) -> Option<String> {
    let code = match value.get(name)? {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    Some(code.chars().take(LONGEST_CODE).collect()).filter(|code: &String| !code.is_empty())
}

/// A code as an addition to a cause, where it can name nobody: one word of letters, digits, `_` and `-`.
#[must_use]
pub fn in_cause(code: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let is_word = !code.is_empty() && code.len() <= LONGEST_CODE && code.chars().all(plain);
    if is_word { format!(" {code}") } else { String::new() }
}

/// Whether a body is a page for people, which no API sends.
#[must_use]
pub fn is_page(body: &[u8]) -> bool {
    body.trim_ascii_start().first() == Some(&b'<')
}

#[cfg(test)]
mod tests {
    use super::{code, in_cause, is_page, words};
    use serde_json::{Value, json};

    #[test]
    fn words_are_found_in_values_of_every_kind() {
        let rows = [
            (json!("gone"), Some("gone")),
            (json!(7), Some("7")),
            (json!(["one", "two", 3]), Some("one; two; 3")),
            (json!({"message": "is wrong", "path": "/a"}), Some("is wrong")),
            (
                json!([{"property": "email", "constraints": {"isEmail": "email must be an email"}}]),
                Some("email; email must be an email"),
            ),
            (json!({"error": {"code": 1, "message": ["deep"]}}), Some("deep")),
            (json!(" "), None),
            (json!([]), None),
            (json!({}), None),
            (json!(true), None),
            (Value::Null, None),
            (json!([[[[[["too deep"]]]]]]), None),
        ];
        for (value, expected) in rows {
            assert_eq!(words(&value).as_deref(), expected, "{value}");
        }
        assert_eq!(words(&json!("x".repeat(1000))).unwrap().chars().count(), 300);
    }

    #[test]
    fn a_code_stands_in_a_cause_only_where_it_can_name_nobody() {
        assert_eq!(code(&json!({"code": 400}), "code").as_deref(), Some("400"));
        assert_eq!(code(&json!({"code": ["a"]}), "code"), None);
        assert_eq!(in_cause("VALIDATION_ERROR"), " VALIDATION_ERROR");
        for other in ["ann@example.org", "ann.example", "Ann Example", ""] {
            assert_eq!(in_cause(other), "", "{other}");
        }
    }

    #[test]
    fn a_page_is_known_by_its_first_sign() {
        assert!(is_page(b"\n <html>") && !is_page(b"{}") && !is_page(b""));
    }
}
