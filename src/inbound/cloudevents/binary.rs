//! Binary mode -> the same event in structured form, so that one reader serves both.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::NotAnEvent;
use crate::inbound::json;

/// Attributes that say what an event is. All others are extensions, which nothing reads.
const CORE: [&str; 8] = ["specversion", "id", "source", "type", "subject", "time", "dataschema", "datacontenttype"];

/// Whether the attribute is one of the specification itself, and no extension.
pub(crate) fn is_core(name: &str) -> bool {
    CORE.contains(&name)
}

/// Puts attributes and data together. `content_type` is that of the data; an empty body is no data.
///
/// # Errors
/// [`NotAnEvent`] when the data is not JSON or an attribute is there twice with two values.
pub(crate) fn unfold(
    attributes: impl IntoIterator<Item = (String, Value)>,
    content_type: Option<&str>,
    body: &[u8],
) -> Result<Value, NotAnEvent> {
    let mut event = Map::new();
    for (name, value) in attributes {
        let name = name.to_ascii_lowercase();
        if matches!(name.as_str(), "data" | "data_base64" | "datacontenttype") {
            return Err(NotAnEvent("binary mode has its data in the body, and its type in the content type".into()));
        }
        // A bridge may write one attribute by two bindings at once.
        let twice = event.get(&name).is_some_and(|known| *known != value);
        if twice && is_core(&name) {
            return Err(NotAnEvent("an attribute is there twice".into()));
        }
        event.entry(name).or_insert(value);
    }
    if let Some(content_type) = content_type {
        event.insert("datacontenttype".into(), content_type.into());
    }
    if !body.is_empty() {
        if content_type.is_some_and(|kind| !is_json(kind)) {
            return Err(NotAnEvent("the content type of the data is not JSON".into()));
        }
        event.insert("data".into(), json::read(body).map_err(|why| NotAnEvent(why.into()))?);
    }
    Ok(Value::Object(event))
}

/// Whether this media type is JSON.
pub(crate) fn is_json(media_type: &str) -> bool {
    let essence = essence(media_type);
    essence == "application/json" || essence == "text/json" || essence.ends_with("+json")
}

/// A media type without parameters, in lower case.
pub(crate) fn essence(media_type: &str) -> String {
    media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// The value of a header as the HTTP binding writes attributes (3.1.3.2): older senders quote it; then one round of
/// percent-decoding. `None` when a percent sign begins no escape, or the bytes are no UTF-8.
pub(crate) fn header_decoded(value: &str) -> Option<String> {
    percent_decoded(&unquoted(value)?)
}

/// The text in double quotes, its backslashes taken off; what is not in quotes as it is. `None` when they do not close.
fn unquoted(value: &str) -> Option<Cow<'_, str>> {
    let Some(quoted) = value.strip_prefix('"') else { return Some(value.into()) };
    let (mut text, mut chars) = (String::with_capacity(quoted.len()), quoted.chars());
    loop {
        match chars.next()? {
            '"' => return chars.as_str().is_empty().then_some(text.into()),
            '\\' => text.push(chars.next()?),
            char => text.push(char),
        }
    }
}

/// Percent-decodes, once.
fn percent_decoded(value: &str) -> Option<String> {
    let escape = |rest: &str| rest.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2;
    let whole = value.split('%').skip(1).all(escape);
    whole.then(|| percent_decode_str(value).decode_utf8().ok().map(Cow::into_owned)).flatten()
}
