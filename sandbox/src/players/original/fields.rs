//! The checks of a request's body. Bytes or a value enter; the fields, or each wrong one with its sentence, leave.
//! Source of "Enter a valid email address.": `getoriginal/original-js`, `test/e2e/e2e.ts`. The other sentences are
//! not documented; they are the usual ones of the framework that this one comes from.

use serde_json::{Map, Value};

/// A wrong field, by its path, and what is wrong.
pub(crate) type Wrong = (String, &'static str);

const REQUIRED: &str = "This field is required.";

/// The body as an object. No body at all is an empty object ("Create user": "or an empty request body").
pub(crate) fn object(body: &[u8]) -> Result<Map<String, Value>, Wrong> {
    if body.trim_ascii().is_empty() {
        return Ok(Map::new());
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(("non_field_errors".to_owned(), "Invalid data. Expected a dictionary.")),
        Err(_) => Err(("non_field_errors".to_owned(), "JSON parse error.")),
    }
}

/// A text in an object, if it is one; for what a call is about, before the body is checked.
pub(crate) fn peek(object: &Map<String, Value>, name: &str) -> Option<String> {
    object.get(name).and_then(Value::as_str).map(str::to_owned)
}

/// Collects the wrong fields of one object, with its path before each name.
pub(crate) struct Check<'a> {
    object: &'a Map<String, Value>,
    path: &'static str,
    pub(crate) wrong: Vec<Wrong>,
}

impl<'a> Check<'a> {
    pub(crate) fn new(object: &'a Map<String, Value>, path: &'static str) -> Self {
        Self { object, path, wrong: Vec::new() }
    }

    fn refuse(&mut self, name: &str, message: &'static str) {
        self.wrong.push((format!("{}{name}", self.path), message));
    }

    /// A text that may be absent or null.
    pub(crate) fn optional(&mut self, name: &str) -> Option<String> {
        match self.object.get(name) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) if !text.trim().is_empty() => Some(text.clone()),
            Some(Value::String(_)) => self.none(name, "This field may not be blank."),
            Some(_) => self.none(name, "Not a valid string."),
        }
    }

    /// A text that must be there.
    pub(crate) fn required(&mut self, name: &str) -> String {
        if self.missing(name) { String::new() } else { self.optional(name).unwrap_or_default() }
    }

    /// A boolean that must be there.
    pub(crate) fn boolean(&mut self, name: &str) {
        if !self.missing(name) && !self.object.get(name).is_some_and(Value::is_boolean) {
            self.refuse(name, "Must be a valid boolean.");
        }
    }

    /// A number that may be absent or null.
    pub(crate) fn number(&mut self, name: &str) -> Option<Value> {
        match self.object.get(name) {
            None | Some(Value::Null) => None,
            Some(number @ Value::Number(_)) => Some(number.clone()),
            Some(_) => self.none(name, "A valid number is required."),
        }
    }

    /// An e-mail address that may be absent or null.
    pub(crate) fn email(&mut self, name: &str) -> Option<String> {
        let email = self.optional(name)?;
        if is_email(&email) { Some(email) } else { self.none(name, "Enter a valid email address.") }
    }

    /// Attributes: absent, or a list of objects with `trait_type` and `value`.
    pub(crate) fn attributes(&mut self, name: &str) {
        let whole = |attribute: &Value| {
            attribute.get("trait_type").is_some_and(Value::is_string)
                && attribute.get("value").is_some_and(|value| value.is_string() || value.is_number())
        };
        match self.object.get(name) {
            None | Some(Value::Null) => {}
            Some(Value::Array(attributes)) if attributes.iter().all(whole) => {}
            Some(_) => self.refuse(name, "Expected a list of attributes with trait_type and value."),
        }
    }

    /// An object that must be there.
    pub(crate) fn nested(&mut self, name: &str) -> Option<&'a Map<String, Value>> {
        if self.missing(name) {
            return None;
        }
        match self.object.get(name) {
            Some(Value::Object(object)) => Some(object),
            _ => self.none(name, "Invalid data. Expected a dictionary."),
        }
    }

    fn missing(&mut self, name: &str) -> bool {
        match self.object.get(name) {
            None => self.refuse(name, REQUIRED),
            Some(Value::Null) => self.refuse(name, "This field may not be null."),
            Some(_) => return false,
        }
        true
    }

    fn none<T>(&mut self, name: &str, message: &'static str) -> Option<T> {
        self.refuse(name, message);
        None
    }
}

/// Something before one `@`, and something with a dot inside after it; no spaces.
fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let dotted = domain.split('.').count() > 1 && domain.split('.').all(|label| !label.is_empty());
    !local.is_empty() && dotted && !domain.contains('@') && !text.chars().any(|c| c.is_whitespace() || c.is_control())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_pass_for_addresses() {
        for good in ["a@b.co", "o'neil+x@mail.example.org", "ü@example.org"] {
            assert!(is_email(good), "{good}");
        }
        for bad in ["invalid_email", "@b.co", "a@", "a@b", "a@b..co", "a@@b.co", "a b@c.de"] {
            assert!(!is_email(bad), "{bad}");
        }
    }

    #[test]
    fn an_empty_body_is_an_empty_object_and_a_list_is_none() {
        assert!(object(b" \n").unwrap().is_empty());
        assert!(object(b"[]").is_err() && object(b"{").is_err());
    }
}
