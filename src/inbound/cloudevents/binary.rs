//! Binary mode -> the same event in structured form, so that one reader serves both.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::NotAnEvent;
use crate::inbound::json;

/// Puts attributes and data together. `content_type` is that of the data; an empty body is no data.
///
/// # Errors
/// [`NotAnEvent`] when the data is not JSON or an attribute is there twice.
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
        if event.insert(name, value).is_some() {
            return Err(NotAnEvent("an attribute is there twice".into()));
        }
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

/// Percent-decodes the value of a header, as the HTTP binding writes attributes.
pub(crate) fn percent_decoded(value: &str) -> Option<String> {
    let escape = |rest: &str| rest.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2;
    let whole = value.split('%').skip(1).all(escape);
    whole.then(|| percent_decode_str(value).decode_utf8().ok().map(Cow::into_owned)).flatten()
}
