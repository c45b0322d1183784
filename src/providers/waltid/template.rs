//! Paths and bodies with names in braces, as the settings give them. A value enters a path only if it cannot change
//! the path.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use url::Url;

/// What the names stand for; a name that is not there was not given.
pub type Names = BTreeMap<&'static str, String>;

/// A text with its names filled in.
///
/// # Errors
/// The name that was not given.
pub fn text(template: &str, names: &Names) -> Result<String, String> {
    let mut filled = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, after)) = after.split_once('}') else { break };
        filled.push_str(before);
        filled.push_str(names.get(name).ok_or_else(|| name.to_owned())?);
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

/// A value with the names in all its texts filled in.
///
/// # Errors
/// The name that was not given.
pub fn value(template: &Value, names: &Names) -> Result<Value, String> {
    Ok(match template {
        Value::String(template) => Value::String(text(template, names)?),
        Value::Array(list) => Value::Array(list.iter().map(|item| value(item, names)).collect::<Result<_, _>>()?),
        Value::Object(map) => {
            let filled = map.iter().map(|(key, item)| Ok((key.clone(), value(item, names)?)));
            Value::Object(filled.collect::<Result<Map<_, _>, String>>()?)
        }
        other => other.clone(),
    })
}

/// An address and a path with its names filled in; `None` when a value could lead elsewhere.
///
/// # Errors
/// The name that was not given.
pub fn url(base: &str, template: &str, names: &Names) -> Result<Option<String>, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '@' | '+');
    let Ok(mut url) = Url::parse(base) else { return Ok(None) };
    let mut path = Vec::new();
    for part in template.split('/').filter(|part| !part.is_empty()) {
        let part = text(part, names)?;
        if part.is_empty() || !part.chars().all(plain) || part.chars().all(|c| c == '.') {
            return Ok(None);
        }
        path.push(part);
    }
    match url.path_segments_mut() {
        Ok(mut segments) => segments.pop_if_empty().extend(&path),
        Err(()) => return Ok(None),
    };
    Ok(Some(url.into()))
}

#[cfg(test)]
mod tests {
    use super::{Names, text, url, value};
    use serde_json::json;

    fn names() -> Names {
        Names::from([("id", "5e4e".to_owned()), ("org", "acme".to_owned()), ("role", "../x".to_owned())])
    }

    #[test]
    fn names_are_filled_in_everywhere_and_a_missing_one_is_named() {
        assert_eq!(text("wallet-{id}", &names()).unwrap(), "wallet-5e4e");
        let filled = value(&json!({"a": ["{org}.{id}", 1], "b": {"c": true}}), &names()).unwrap();
        assert_eq!(filled, json!({"a": ["acme.5e4e", 1], "b": {"c": true}}));
        assert_eq!(text("{tenant}", &names()).unwrap_err(), "tenant");
    }

    #[test]
    fn a_value_cannot_change_the_path() {
        let to = |template| url("https://x.example/api/", template, &names());
        assert_eq!(to("/v1/{org}.{id}/a").unwrap().unwrap(), "https://x.example/api/v1/acme.5e4e/a");
        assert_eq!(to("/v1/{role}/a").unwrap(), None);
        assert_eq!(to("/v1/../a").unwrap(), None);
    }
}
