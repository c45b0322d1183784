//! A delivery of the broker -> an arrival: CloudEvents, structured by content type or binary by headers.

use bytes::Bytes;
use gangway_core::time::Timestamp;
use lapin::BasicProperties;
use lapin::types::AMQPValue;
use serde_json::Value;

use crate::engine::Arrival;
use crate::inbound::cloudevents::{self, NotAnEvent, essence};
use crate::inbound::json;

/// Beginnings of headers that hold attributes, in lower case.
const BEGINNINGS: [&str; 2] = ["cloudevents:", "cloudevents_"];

/// Reads one delivery.
///
/// # Errors
/// [`NotAnEvent`]: it goes to the dead queue with this reason.
pub(super) fn read(properties: &BasicProperties, body: &[u8], now: Timestamp) -> Result<Arrival, NotAnEvent> {
    let content_type = properties.content_type().as_ref().map(|kind| kind.as_str());
    let essence = content_type.map(essence).unwrap_or_default();
    if essence == "application/cloudevents+json" {
        let event = json::read(body).map_err(|why| NotAnEvent(why.into()))?;
        return cloudevents::arrival(&event, Bytes::copy_from_slice(body), now);
    }
    if essence.starts_with("application/cloudevents") {
        return Err(NotAnEvent("of structured CloudEvents only single ones in JSON are read".into()));
    }
    let attributes = attributes(properties)?;
    if attributes.is_empty() {
        let what = "neither content type application/cloudevents+json nor headers cloudEvents:NAME or cloudEvents_NAME";
        return Err(NotAnEvent(what.into()));
    }
    let event = cloudevents::unfold(attributes, content_type, body)?;
    cloudevents::arrival(&event, event.to_string().into(), now)
}

fn attributes(properties: &BasicProperties) -> Result<Vec<(String, Value)>, NotAnEvent> {
    let mut attributes = Vec::new();
    for (header, value) in properties.headers().iter().flat_map(|headers| headers.inner()) {
        let header = header.as_str().to_ascii_lowercase();
        let Some(name) = BEGINNINGS.iter().find_map(|beginning| header.strip_prefix(beginning)) else { continue };
        let value = plain(value)
            .ok_or_else(|| NotAnEvent("a cloudEvents header is neither text nor a number nor a boolean".into()))?;
        attributes.push((name.to_owned(), value));
    }
    Ok(attributes)
}

fn plain(value: &AMQPValue) -> Option<Value> {
    Some(match value {
        AMQPValue::LongString(text) => std::str::from_utf8(text.as_bytes()).ok()?.into(),
        AMQPValue::ShortString(text) => text.as_str().into(),
        AMQPValue::Boolean(value) => (*value).into(),
        AMQPValue::ShortShortInt(value) => (*value).into(),
        AMQPValue::ShortShortUInt(value) => (*value).into(),
        AMQPValue::ShortInt(value) => (*value).into(),
        AMQPValue::ShortUInt(value) => (*value).into(),
        AMQPValue::LongInt(value) => (*value).into(),
        AMQPValue::LongUInt(value) => (*value).into(),
        AMQPValue::LongLongInt(value) => (*value).into(),
        // Whole seconds, the broker's own form of a time.
        AMQPValue::Timestamp(value) => Timestamp(i64::try_from(*value).ok()?.checked_mul(1000)?).to_string().into(),
        AMQPValue::Void => Value::Null,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use gangway_core::time::Timestamp;
    use lapin::BasicProperties;
    use lapin::types::{AMQPValue, FieldTable};

    use super::read;
    use crate::inbound::testing::signed_up;

    const STRUCTURED: &str = "application/cloudevents+json; charset=utf-8";

    fn binary(beginning: &str) -> BasicProperties {
        let mut headers = FieldTable::default();
        for name in ["specversion", "id", "source", "type", "subject"] {
            let value = signed_up("e-1")[name].as_str().unwrap().to_owned();
            headers.insert(format!("{beginning}{name}").into(), AMQPValue::LongString(value.into()));
        }
        BasicProperties::default().with_content_type("application/json".into()).with_headers(headers)
    }

    #[test]
    fn structured_and_both_spellings_of_binary_bring_the_same_event() {
        let whole = signed_up("e-1");
        let structured = BasicProperties::default().with_content_type(STRUCTURED.into());
        let structured = read(&structured, whole.to_string().as_bytes(), Timestamp(1)).unwrap();
        for beginning in ["cloudEvents:", "cloudEvents_"] {
            let data = whole["data"].to_string();
            let arrival = read(&binary(beginning), data.as_bytes(), Timestamp(1)).unwrap();
            assert_eq!((&arrival.event, &arrival.content), (&structured.event, &structured.content));
        }
    }

    #[test]
    fn a_time_in_the_brokers_own_form_is_read() {
        let properties = binary("cloudEvents:");
        let mut headers = properties.headers().clone().unwrap();
        headers.insert("cloudEvents:time".into(), AMQPValue::Timestamp(1_700_000_000));
        let arrival = read(&properties.with_headers(headers), b"{}", Timestamp(1)).unwrap();
        assert_eq!(arrival.event.occurred_at, Some(Timestamp(1_700_000_000_000)));
    }

    #[test]
    fn what_says_of_itself_that_it_is_no_event_is_not_guessed_at() {
        let body = signed_up("e-1").to_string();
        for kind in ["application/json", "text/plain", "application/cloudevents-batch+json", "application/cloudevents"]
        {
            let properties = BasicProperties::default().with_content_type(kind.into());
            assert!(read(&properties, body.as_bytes(), Timestamp(1)).is_err(), "{kind}");
        }
        assert!(read(&BasicProperties::default(), b"", Timestamp(1)).is_err());
    }

    #[test]
    fn headers_that_are_tables_and_bodies_that_are_not_json_are_refused() {
        let properties = binary("cloudEvents_");
        assert!(read(&properties, b"\xff", Timestamp(1)).is_err());
        let mut headers = properties.headers().clone().unwrap();
        headers.insert("cloudEvents_id".into(), AMQPValue::FieldTable(FieldTable::default()));
        assert!(read(&properties.with_headers(headers), b"{}", Timestamp(1)).is_err());
    }
}
