//! What adapters are made of: paths, fields of inputs and answers, entries of the catalogue.
//! Pure; nothing here knows a provider.

use std::collections::BTreeMap;

use gangway_core::catalogue::{ActionSpec, Confirm, Field, OutcomeSpec};
use gangway_core::retry::Policy;
use serde_json::{Map, Value};
use url::Url;

use super::{Call, Stop};

/// An address and a path; path segments are percent-encoded. An address that does not parse is left as it is: the
/// sender refuses it.
#[must_use]
pub fn joined(base: &str, path: &[&str]) -> String {
    let Ok(mut url) = Url::parse(base) else { return base.to_owned() };
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(path);
    }
    url.into()
}

/// Text of the input; absent, null and empty are all "not given".
#[must_use]
pub fn given<'a>(input: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    input.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// An id for a path: what cannot be one (`..`, a slash) is not sent.
#[must_use]
pub fn id<'a>(input: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    given(input, name).filter(|id| id.chars().all(plain))
}

/// Text of the input that the action cannot do without.
///
/// # Errors
/// [`Stop::Broken`] when it is not given.
pub fn need<'a>(call: &Call<'a>, name: &str) -> Result<&'a str, Stop> {
    let missing = || Stop::Broken(format!("{} needs {name}; check the flow's mapping", call.action));
    given(call.input, name).ok_or_else(missing)
}

/// An id for a path that the action cannot do without.
///
/// # Errors
/// [`Stop::Broken`] when it is not given, or cannot be one.
pub fn need_id<'a>(call: &Call<'a>, name: &str) -> Result<&'a str, Stop> {
    let what = "of letters, digits, - and _; check the flow's mapping";
    id(call.input, name).ok_or_else(|| Stop::Broken(format!("{} needs {name}, {what}", call.action)))
}

/// A text or number of an object, as text; an empty text is none.
#[must_use]
pub fn text(data: &Value, name: &str) -> Option<String> {
    match data.get(name)? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The object of a JSON literal.
#[must_use]
pub fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// Input fields that a flow must give, or may.
#[must_use]
pub fn input(names: &[&str], required: bool) -> Vec<Field> {
    names.iter().map(|name| Field { name: (*name).to_owned(), required, secret: false }).collect()
}

/// Secret input fields: only `secrets.NAME` fills one.
#[must_use]
pub fn secret_input(names: &[&str], required: bool) -> Vec<Field> {
    names.iter().map(|name| Field { name: (*name).to_owned(), required, secret: true }).collect()
}

/// An action that, when it changes anything, can also look up whether it did.
#[must_use]
pub fn action(
    about: &str,
    input: Vec<Field>,
    outcomes: Vec<OutcomeSpec>,
    effectful: bool,
    policy: &Policy,
) -> ActionSpec {
    ActionSpec { about: about.to_owned(), input, outcomes, effectful, look_up: effectful, policy: policy.clone() }
}

/// An outcome with the fields that it always and sometimes writes.
#[must_use]
pub fn outcome(name: &str, writes: &[&str], may_write: &[&str]) -> OutcomeSpec {
    OutcomeSpec { name: name.to_owned(), writes: words(writes), may_write: words(may_write), secrets: Vec::new() }
}

/// This outcome, which also hands over these secret fields.
#[must_use]
pub fn with_secrets(outcome: OutcomeSpec, secrets: &[&str]) -> OutcomeSpec {
    OutcomeSpec { secrets: words(secrets), ..outcome }
}

/// The read that confirms a hint: its input field is filled by the onboarding's identifier of this kind.
#[must_use]
pub fn confirm(action: &str, field: &str, kind: &str) -> Confirm {
    Confirm { action: action.to_owned(), input: BTreeMap::from([(field.to_owned(), kind.to_owned())]) }
}

/// Texts.
#[must_use]
pub fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::joined;

    #[test]
    fn an_id_in_a_path_cannot_change_the_path() {
        assert_eq!(joined("https://x/v1", &["user", "1"]), "https://x/v1/user/1");
        assert_eq!(joined("https://x/v1/", &["user", "1/../2"]), "https://x/v1/user/1%2F..%2F2");
    }
}
