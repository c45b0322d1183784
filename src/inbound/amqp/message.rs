//! A delivery of the broker -> an arrival: CloudEvents, structured by content type or binary by headers, as the
//! official SDKs write them. RabbitMQ's own binding has headers `ce-NAME`, that of AMQP `cloudEvents:NAME`, or
//! `cloudEvents_NAME` where a colon is not allowed.

use bytes::Bytes;
use gangway_core::time::Timestamp;
use lapin::BasicProperties;
use serde_json::Value;

use super::values;
use crate::engine::Arrival;
use crate::inbound::cloudevents::{self, NotAnEvent, essence, is_core, is_json};
use crate::inbound::{coding, json};

/// Beginnings of headers that hold attributes, in lower case.
const BEGINNINGS: [&str; 4] = ["cloudevents:", "cloudevents_", "ce-", "ce_"];

/// Reads one delivery; its body may decode to at most so many bytes.
///
/// # Errors
/// [`NotAnEvent`]: it goes to the dead queue with this reason.
pub(super) fn read(
    properties: &BasicProperties,
    body: &[u8],
    most: usize,
    now: Timestamp,
) -> Result<Arrival, NotAnEvent> {
    let coding = properties.content_encoding().as_ref().map(|coding| coding.as_str());
    // Some clients name their character set here.
    let coding = coding.filter(|coding| !coding.eq_ignore_ascii_case("utf-8") && !coding.eq_ignore_ascii_case("utf8"));
    let body = coding::decoded(coding, &Bytes::copy_from_slice(body), most);
    let body = body.map_err(|undecoded| NotAnEvent(undecoded.reason().into()))?;
    let content_type = properties.content_type().as_ref().map(|kind| kind.as_str()).filter(|kind| !kind.is_empty());
    let essence = content_type.map(essence).unwrap_or_default();
    match essence.as_str() {
        "application/cloudevents+json" => return structured(body, now),
        "application/cloudevents-batch+json" => {
            return Err(NotAnEvent("a batch is not taken from the broker; publish its events one by one".into()));
        }
        _ if essence.starts_with("application/cloudevents") => {
            return Err(NotAnEvent("of structured CloudEvents only single ones in JSON are read".into()));
        }
        _ => {}
    }
    let attributes = attributes(properties)?;
    if attributes.iter().any(|(name, _)| is_core(name)) {
        let event = cloudevents::unfold(attributes, content_type, &body)?;
        return cloudevents::arrival(&event, event.to_string().into(), now);
    }
    // As over HTTP, where plain JSON is taken too; many clients of brokers set no content type at all.
    match content_type {
        Some(kind) if is_json(kind) => return structured(body, now),
        None => {
            let what = "there are neither a content type nor headers of a CloudEvent";
            return structured(body, now).map_err(|why| NotAnEvent(format!("{what}; read as one in JSON: {why}")));
        }
        Some(_) => {}
    }
    let what = "neither a JSON content type, such as application/cloudevents+json, nor headers ce-NAME, \
        cloudEvents:NAME or cloudEvents_NAME";
    Err(NotAnEvent(what.into()))
}

fn structured(body: Bytes, now: Timestamp) -> Result<Arrival, NotAnEvent> {
    let event = json::read(&body).map_err(|why| NotAnEvent(why.into()))?;
    cloudevents::arrival(&event, body, now)
}

/// The attributes in the headers. What an extension says that JSON has no form for is left out: nothing reads it.
fn attributes(properties: &BasicProperties) -> Result<Vec<(String, Value)>, NotAnEvent> {
    let mut attributes = Vec::new();
    for (header, value) in properties.headers().iter().flat_map(|headers| headers.inner()) {
        let header = header.as_str().to_ascii_lowercase();
        let Some(name) = BEGINNINGS.iter().find_map(|beginning| header.strip_prefix(beginning)) else { continue };
        let value = match name {
            "time" => Some(values::time(value)),
            _ if is_core(name) => Some(values::text(value)),
            _ => values::any(value).map(Some),
        };
        match value {
            Some(Some(value)) => attributes.push((name.to_owned(), value)),
            Some(None) => return Err(NotAnEvent(format!("attribute `{name}` has a type that cannot be its own"))),
            None => {}
        }
    }
    Ok(attributes)
}

#[cfg(test)]
mod tests;
