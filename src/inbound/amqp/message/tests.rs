//! The AMQP binding of CloudEvents 1.0.2 by section, and messages as the official Python SDK 2.2.0 and pika put them on
//! the wire (recorded).

use gangway_core::event::Body;
use gangway_core::time::Timestamp;
use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable};

use crate::engine::Arrival;
use crate::inbound::cloudevents::NotAnEvent;
use crate::inbound::coding::zipped;
use crate::inbound::testing::signed_up;

const STRUCTURED: &str = "application/cloudevents+json; charset=utf-8";
const BODY: &[u8] = br#"{"user_id": "u-1", "email": "ada@example.org"}"#;
const PYTHON: &[u8] = br#"{"type": "user.signed_up", "source": "/pysdk", "subject": "u-1", "id": "i-1", "specversion": "1.0", "datacontenttype": "application/json", "time": "2026-11-22T10:00:00.123456Z", "data": {"user_id": "u-1", "email": "ada@example.org"}}"#;
const AT: &str = "2026-11-22T10:00:00.123Z";

fn read(properties: &BasicProperties, body: &[u8], now: Timestamp) -> Result<Arrival, NotAnEvent> {
    super::read(properties, body, 10_000, now)
}

fn long(text: &str) -> AMQPValue {
    AMQPValue::LongString(text.to_owned().into())
}

fn properties(content_type: Option<&str>, headers: &[(&str, AMQPValue)]) -> BasicProperties {
    let mut table = FieldTable::default();
    for (name, value) in headers {
        table.insert((*name).into(), value.clone());
    }
    let properties = BasicProperties::default().with_headers(table);
    content_type.map_or(properties.clone(), |kind| properties.with_content_type(kind.into()))
}

fn binary(beginning: &str) -> BasicProperties {
    with(beginning, &[])
}

/// The sign-up in binary mode, with these headers in addition or instead.
fn with(beginning: &str, others: &[(&str, AMQPValue)]) -> BasicProperties {
    let attributes = ["specversion", "id", "source", "type", "subject"];
    let own = attributes.map(|name| (format!("{beginning}{name}"), long(signed_up("e-1")[name].as_str().unwrap())));
    let mut headers: Vec<(&str, AMQPValue)> = own.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    headers.extend(others.iter().cloned());
    properties(Some("application/json"), &headers)
}

/// Id, source and time of what these make; what is wrong with them.
fn told(properties: &BasicProperties, body: &[u8]) -> Result<(String, String, Option<String>), String> {
    let event = read(properties, body, Timestamp(1)).map_err(|why| why.0)?.event;
    let Body::Message { subject, .. } = &event.body else { panic!("a message") };
    assert_eq!(subject.as_deref(), Some("u-1"));
    Ok((event.key, event.source, event.occurred_at.map(|at| at.to_string())))
}

#[test]
fn structured_and_all_spellings_of_binary_bring_the_same_event() {
    let whole = signed_up("e-1");
    let structured = properties(Some(STRUCTURED), &[]);
    let structured = read(&structured, whole.to_string().as_bytes(), Timestamp(1)).unwrap();
    for beginning in ["cloudEvents:", "cloudEvents_", "ce-", "ce_", "CE-"] {
        let data = whole["data"].to_string();
        let arrival = read(&binary(beginning), data.as_bytes(), Timestamp(1)).unwrap();
        assert_eq!((&arrival.event, &arrival.content), (&structured.event, &structured.content), "{beginning}");
    }
}

#[test]
fn what_the_python_sdk_writes_by_either_binding_is_taken_in_both_modes() {
    let common = |beginning: &str, time: AMQPValue| {
        let names = [
            ("type", "user.signed_up"),
            ("source", "/pysdk"),
            ("subject", "u-1"),
            ("id", "i-1"),
            ("specversion", "1.0"),
        ];
        let mut headers: Vec<(String, AMQPValue)> =
            names.iter().map(|(name, value)| (format!("{beginning}{name}"), long(value))).collect();
        headers.push((format!("{beginning}time"), time));
        headers
    };
    // rabbitmq.to_binary_event: all texts, Python's own words for truth and bytes.
    let mut rabbitmq = common("ce-", long("2026-11-22T10:00:00.123456Z"));
    rabbitmq.extend(
        [("ce-ext", "5"), ("ce-flag", "True"), ("ce-raw", "b'\\x00\\xff'")].map(|(n, v)| (n.to_owned(), long(v))),
    );
    // amqp.to_binary_event through pika: the time in milliseconds as `l`, numbers, truth and bytes by their types.
    let mut amqp = common("cloudEvents_", AMQPValue::LongLongInt(1_795_341_600_123));
    amqp.push(("cloudEvents_ext".into(), AMQPValue::LongInt(5)));
    amqp.push(("cloudEvents_flag".into(), AMQPValue::Boolean(true)));
    amqp.push(("cloudEvents_raw".into(), AMQPValue::ByteArray(vec![0, 255].into())));
    let expected = Ok(("i-1".to_owned(), "/pysdk".to_owned(), Some(AT.to_owned())));
    for headers in [rabbitmq, amqp] {
        let headers: Vec<(&str, AMQPValue)> =
            headers.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        assert_eq!(told(&properties(Some("application/json"), &headers), BODY), expected);
    }
    assert_eq!(told(&properties(Some("application/cloudevents+json"), &[]), PYTHON), expected);
}

#[test]
fn amqp_1_4_and_3_the_content_type_tells_the_mode() {
    assert!(told(&properties(Some("Application/CloudEvents+JSON;charset=UTF-8"), &[]), PYTHON).is_ok());
    for (kind, why) in [
        ("application/cloudevents+avro", "only single ones in JSON"),
        ("application/cloudevents", "only single ones in JSON"),
        ("application/cloudevents-batch+json", "one by one"),
    ] {
        assert!(told(&properties(Some(kind), &[]), PYTHON).unwrap_err().contains(why), "{kind}");
    }
}

#[test]
fn json_without_the_content_type_of_cloudevents_is_taken_as_over_http() {
    for kind in [None, Some("application/json"), Some("application/json; charset=utf-8"), Some("text/json")] {
        assert!(told(&properties(kind, &[]), PYTHON).is_ok(), "{kind:?}");
        assert!(told(&properties(kind, &[("ce-traceparent", long("00-1"))]), PYTHON).is_ok(), "{kind:?}");
        assert!(read(&properties(kind, &[]), b"", Timestamp(1)).is_err());
        assert!(read(&properties(kind, &[]), BODY, Timestamp(1)).unwrap_err().0.contains("`specversion` is missing"));
    }
}

#[test]
fn what_says_of_itself_that_it_is_no_event_is_not_guessed_at() {
    for kind in ["text/plain", "application/octet-stream", "application/xml"] {
        let why = told(&properties(Some(kind), &[]), PYTHON).unwrap_err();
        assert!(why.contains("neither a JSON content type"), "{kind}: {why}");
    }
}

#[test]
fn amqp_3_1_1_the_content_type_is_that_of_the_data() {
    let mut xml = binary("cloudEvents:");
    xml = xml.with_content_type("application/xml".into());
    assert_eq!(told(&xml, BODY).unwrap_err(), "the content type of the data is not JSON");
    let suffix = binary("cloudEvents:").with_content_type("application/vnd.shop+json".into());
    assert!(told(&suffix, BODY).is_ok());
    let none = properties(
        None,
        &[
            ("ce-specversion", long("1.0")),
            ("ce-id", long("e-1")),
            ("ce-type", long("t")),
            ("ce-source", long("s")),
            ("ce-subject", long("u-1")),
        ],
    );
    assert!(told(&none, BODY).is_ok(), "no content type is JSON");
}

#[test]
fn amqp_3_1_3_2_both_the_types_of_amqp_and_the_canonical_text_are_interpreted() {
    for time in [
        long(AT),
        AMQPValue::LongLongInt(1_795_341_600_123),
        AMQPValue::Timestamp(1_795_341_600_123),
        AMQPValue::ByteArray(AT.as_bytes().to_vec().into()),
    ] {
        let taken = told(&with("cloudEvents:", &[("cloudEvents:time", time.clone())]), BODY).unwrap();
        assert_eq!(taken.2.as_deref(), Some(AT), "{time:?}");
    }
    for time in
        [AMQPValue::Timestamp(1_795_341_600), AMQPValue::LongUInt(1_795_341_600), AMQPValue::LongInt(1_795_341_600)]
    {
        let taken = told(&with("cloudEvents:", &[("cloudEvents:time", time.clone())]), BODY).unwrap();
        assert_eq!(taken.2.as_deref(), Some("2026-11-22T10:00:00.000Z"), "{time:?}");
    }
    for value in [
        AMQPValue::Boolean(true),
        AMQPValue::LongLongInt(-5),
        AMQPValue::Double(0.5),
        AMQPValue::Float(f32::NAN),
        AMQPValue::ByteArray(vec![0, 255].into()),
        AMQPValue::LongString(vec![0, 255].into()),
        AMQPValue::Timestamp(u64::MAX),
        AMQPValue::FieldTable(FieldTable::default()),
        AMQPValue::FieldArray(Vec::new().into()),
        AMQPValue::Void,
    ] {
        let taken = told(&with("cloudEvents:", &[("cloudEvents:samplerate", value.clone())]), BODY);
        assert!(taken.is_ok(), "an extension of {value:?}: {taken:?}");
    }
    let number =
        told(&with("cloudEvents:", &[("cloudEvents:id", AMQPValue::LongLongInt(9_007_199_254_740_993))]), BODY);
    assert_eq!(number.unwrap().0, "9007199254740993", "an id that is a number keeps its digits");
    let bytes = told(&with("cloudEvents:", &[("cloudEvents:id", AMQPValue::ByteArray(b"e-7".to_vec().into()))]), BODY);
    assert_eq!(bytes.unwrap().0, "e-7");
}

#[test]
fn an_attribute_of_a_type_that_cannot_be_its_own_is_refused_by_name() {
    for (name, value) in [
        ("id", AMQPValue::Double(0.5)),
        ("id", AMQPValue::Boolean(true)),
        ("source", AMQPValue::FieldTable(FieldTable::default())),
        ("type", AMQPValue::LongString(vec![255].into())),
        ("subject", AMQPValue::ByteArray(vec![255].into())),
        ("time", AMQPValue::Timestamp(u64::MAX)),
    ] {
        let why = told(&with("ce-", &[(&format!("ce-{name}"), value)]), BODY).unwrap_err();
        assert!(why.contains(&format!("`{name}`")), "{name}: {why}");
    }
    assert!(read(&binary("cloudEvents_"), b"\xff", Timestamp(1)).is_err());
}

#[test]
fn half_a_character_and_a_byte_order_mark_are_read_in_both_modes() {
    let body = [b"\xef\xbb\xbf".as_slice(), br#"{"user_id": "u-1", "name": "Anna \ud83d"}"#].concat();
    assert!(told(&binary("ce-"), &body).is_ok());
    let whole = String::from_utf8_lossy(PYTHON).replace("ada@", r"ada\ud83d@");
    let whole = [b"\xef\xbb\xbf", whole.as_bytes()].concat();
    let arrival = read(&properties(Some(STRUCTURED), &[]), &whole, Timestamp(1)).unwrap();
    assert_eq!(arrival.raw, whole, "the journal keeps the bytes as they came");
}

#[test]
fn gzip_is_decoded_within_the_limit_and_other_codings_are_refused_by_name() {
    let coded = |coding: &str| properties(Some(STRUCTURED), &[]).with_content_encoding(coding.into());
    assert!(told(&coded("gzip"), &zipped(PYTHON)).is_ok());
    assert!(told(&coded("utf-8"), PYTHON).is_ok(), "a character set in the wrong place");
    assert!(told(&coded("gzip"), &zipped(&[b' '; 20_000])).unwrap_err().contains("larger than the limit"));
    assert!(told(&coded("gzip"), PYTHON).unwrap_err().contains("not whole gzip"));
    assert!(told(&coded("br"), PYTHON).unwrap_err().contains("other than gzip"));
}
