//! The HTTP binding and the JSON format of CloudEvents 1.0.2 by section, and requests as the official SDKs (Python
//! 2.2.0, JavaScript 10.0.0) put them on the wire (recorded).

use gangway_core::event::Body;
use gangway_core::time::Timestamp;
use serde_json::{Value, json};

use super::{Published, Refused, read};
use crate::engine::Arrival;

const JSON: &str = "application/cloudevents+json; charset=utf-8";
const BATCH: &str = "application/cloudevents-batch+json; charset=utf-8";

fn all(headers: &[(&str, &str)], body: &str) -> Result<Vec<Arrival>, String> {
    let headers: Vec<_> = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    match read(&headers, body.to_owned().into(), Timestamp(1), 10) {
        Ok(Published { arrivals, .. }) => Ok(arrivals),
        Err(Refused::One(why)) => Err(why.0),
        Err(Refused::Batch(bad)) => Err(bad.into_iter().map(|(_, why)| why.0).collect::<Vec<_>>().join("; ")),
        Err(Refused::TooMany(_)) => Err("too many".into()),
    }
}

fn one(headers: &[(&str, &str)], body: &str) -> Result<Arrival, String> {
    all(headers, body).map(|mut arrivals| arrivals.remove(0))
}

fn structured(event: &Value) -> Result<Arrival, String> {
    one(&[("content-type", JSON)], &event.to_string())
}

/// In binary mode, with these headers in addition or instead.
fn binary(others: &[(&str, &str)], body: &str) -> Result<Arrival, String> {
    let own = [
        ("content-type", "application/json"),
        ("ce-specversion", "1.0"),
        ("ce-id", "i-1"),
        ("ce-source", "/s"),
        ("ce-type", "t"),
    ];
    let own = own.into_iter().filter(|(name, _)| others.iter().all(|(other, _)| other != name));
    one(&own.chain(others.iter().copied()).collect::<Vec<_>>(), body)
}

fn subject(arrival: &Arrival) -> Option<&str> {
    let Body::Message { subject, .. } = &arrival.event.body else { panic!("a message") };
    subject.as_deref()
}

fn data(arrival: &Arrival) -> &Value {
    let Body::Message { data, .. } = &arrival.event.body else { panic!("a message") };
    data
}

fn event(fields: Value) -> Value {
    let mut event = json!({ "specversion": "1.0", "id": "i-1", "source": "/s", "type": "t" });
    event.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    event
}

#[test]
fn what_the_python_sdk_writes_is_taken_in_every_mode() {
    let body = r#"{"user_id": "u-1", "email": "ada@example.org"}"#;
    let headers = [
        ("ce-type", "user.signed_up"),
        ("ce-source", "/pysdk"),
        ("ce-subject", "Gr%C3%BC%C3%9Fe%2050%25%20%22q%22"),
        ("ce-id", "i-1"),
        ("ce-specversion", "1.0"),
        ("content-type", "application/json"),
        ("ce-time", "2026-11-22T10:00:00.123456Z"),
        ("ce-ext", "5"),
        ("ce-flag", "True"),
        ("ce-raw", r"b'\x00\xff'"),
    ];
    let taken = one(&headers, body).unwrap();
    assert_eq!((subject(&taken), taken.event.source.as_str()), (Some("Grüße 50% \"q\""), "/pysdk"));
    let body = r#"{"type": "user.signed_up", "source": "/pysdk", "subject": "u-1", "id": "i-1", "specversion": "1.0", "datacontenttype": "application/json", "time": "2026-11-22T10:00:00.123456Z", "data": {"user_id": "u-1", "email": "ada@example.org"}}"#;
    let taken = one(&[("content-type", "application/cloudevents+json")], body).unwrap();
    assert_eq!(taken.event.occurred_at.unwrap().to_string(), "2026-11-22T10:00:00.123Z");
    assert_eq!(all(&[("content-type", BATCH)], &format!("[{body}]")).unwrap().len(), 1);
}

#[test]
fn what_the_javascript_sdk_writes_is_taken_in_every_mode() {
    let body = r#"{"user_id":"u-1","email":"ada@example.org"}"#;
    let headers = [
        ("content-type", "application/json; charset=utf-8"),
        ("ce-id", "i-1"),
        ("ce-time", "2026-11-22T10:00:00.123Z"),
        ("ce-type", "user.signed_up"),
        ("ce-source", "/jssdk"),
        ("ce-specversion", "1.0"),
        ("ce-subject", "u-1"),
        ("ce-ext", "5"),
        ("ce-flag", "true"),
        ("ce-dec", "0.5"),
    ];
    let taken = one(&headers, body).unwrap();
    for body in [
        r#"{"id":"i-1","time":"2026-11-22T10:00:00.123Z","type":"user.signed_up","source":"/jssdk","specversion":"1.0","subject":"u-1","data":{"user_id":"u-1","email":"ada@example.org"},"ext":5,"flag":true,"dec":0.5}"#,
        r#"{"id":"i-1","time":"2026-11-22T10:00:00.123Z","type":"user.signed_up","source":"/jssdk","specversion":"1.0","subject":"u-1","datacontenttype":"application/json","data_base64":"eyJ1c2VyX2lkIjoidS0xIiwiZW1haWwiOiJhZGFAZXhhbXBsZS5vcmcifQ=="}"#,
    ] {
        let structured = one(&[("content-type", JSON)], body).unwrap();
        assert_eq!((&structured.event, &structured.content), (&taken.event, &taken.content));
        assert_eq!(all(&[("content-type", BATCH)], &format!("[{body}]")).unwrap()[0].content, taken.content);
    }
    assert!(one(&headers, "").is_ok(), "without data there is no body");
}

#[test]
fn http_1_4_the_json_format_is_read_and_a_format_that_is_not_is_refused_by_name() {
    assert!(structured(&event(json!({}))).is_ok());
    assert!(one(&[("content-type", "application/cloudevents+avro")], "{}").unwrap_err().contains("content type"));
}

#[test]
fn http_3_the_mode_is_told_by_the_content_type_and_json_with_headers_is_binary() {
    let whole = event(json!({ "data": { "user_id": "inner" } })).to_string();
    assert_eq!(data(&one(&[("content-type", "Application/CloudEvents+JSON")], &whole).unwrap())["user_id"], "inner");
    assert_eq!(data(&binary(&[], &whole).unwrap())["data"]["user_id"], "inner");
    assert_eq!(all(&[("content-type", BATCH)], "[]").unwrap().len(), 0, "3.3.2: a batch may be empty");
}

#[test]
fn http_3_1_1_the_content_type_is_that_of_the_data_and_no_header_beside_it() {
    assert!(binary(&[("content-type", "application/vnd.shop+json")], "{}").is_ok());
    assert!(binary(&[("content-type", "text/plain")], "{}").unwrap_err().contains("not JSON"));
    assert!(binary(&[("ce-datacontenttype", "application/json")], "{}").unwrap_err().contains("content type"));
}

#[test]
fn http_3_1_3_an_extension_is_a_header_like_any_other_and_never_in_the_way() {
    for value in ["50%", "%zz", "%ff", "\"open", "a\u{fffd}", ""] {
        assert!(binary(&[("ce-discount", value)], "{}").is_ok(), "{value}");
    }
}

#[test]
fn http_3_1_3_2_a_value_in_double_quotes_is_unescaped_first() {
    let of = |value| binary(&[("ce-subject", value)], "{}").map(|taken| subject(&taken).map(str::to_owned));
    assert_eq!(of(r#""Euro € ""#).unwrap().as_deref(), Some("Euro € "));
    assert_eq!(of(r#""a \"b\" \\ c""#).unwrap().as_deref(), Some(r#"a "b" \ c"#));
    assert_eq!(of(r#""a%20b""#).unwrap().as_deref(), Some("a b"));
    assert_eq!(of(r#"a "b""#).unwrap().as_deref(), Some(r#"a "b""#), "quotes within are text");
    for open in ["\"open", "\"a\"b", "\"a\\"] {
        assert!(of(open).unwrap_err().contains("`ce-subject`"), "{open}");
    }
}

#[test]
fn http_3_1_3_2_one_round_of_percent_decoding_takes_lower_case_and_what_need_not_be_encoded() {
    let of = |value| binary(&[("ce-subject", value)], "{}").map(|taken| subject(&taken).map(str::to_owned));
    assert_eq!(of("Euro%20%E2%82%AC%20%F0%9F%98%80").unwrap().as_deref(), Some("Euro € 😀"));
    assert_eq!(of("%e2%82%ac").unwrap().as_deref(), Some("€"));
    assert_eq!(of("%61%2Fb").unwrap().as_deref(), Some("a/b"));
    assert_eq!(of("%2541").unwrap().as_deref(), Some("%41"), "one round");
    for bad in ["%C0%A0", "%ff", "50%", "%zz"] {
        let why = of(bad).unwrap_err();
        assert!(why.contains("`ce-subject`") && why.contains("%25"), "{bad}: {why}");
    }
}

#[test]
fn json_2_2_an_attribute_that_is_null_is_absent() {
    let nulls = json!({ "subject": null, "time": null, "dataschema": null, "datacontenttype": null, "note": null });
    let taken = structured(&event(nulls)).unwrap();
    assert_eq!((subject(&taken), taken.event.occurred_at), (None, None));
    assert!(structured(&event(json!({ "id": null }))).unwrap_err().contains("`id` is missing"));
}

#[test]
fn json_2_2_extensions_of_every_type_are_taken() {
    let every = json!({ "a": true, "b": -5, "c": "x", "d": "AP8=", "e": 0.5, "f": { "g": [1] }, "h": 1e300 });
    assert!(structured(&event(every)).is_ok());
}

#[test]
fn json_3_1_2_data_base64_is_decoded_and_never_beside_data() {
    let taken = structured(&event(json!({ "data_base64": "eyJhIjoxfQ==" }))).unwrap();
    assert_eq!(data(&taken), &json!({ "a": 1 }));
    assert!(structured(&event(json!({ "data_base64": "eyJhIjoxfQ==", "data": {} }))).is_err());
    assert!(structured(&event(json!({ "data_base64": "}" }))).unwrap_err().contains("base64"));
}

#[test]
fn json_3_1_2_data_that_is_a_text_stays_one_and_is_not_read_again_as_json() {
    for kind in
        [json!("application/json"), json!("text/json"), json!("application/vnd.x+json; charset=utf-8"), Value::Null]
    {
        let taken = structured(&event(json!({ "datacontenttype": kind, "data": "{\"user_id\":\"u-1\"}" }))).unwrap();
        assert_eq!((data(&taken), subject(&taken)), (&json!("{\"user_id\":\"u-1\"}"), None));
    }
    let xml = event(json!({ "datacontenttype": "application/xml", "data": "<much wow=\"xml\"/>" }));
    assert!(structured(&xml).unwrap_err().contains("`datacontenttype` is not JSON"), "3.1.2: it may fail, by name");
}

#[test]
fn json_4_a_batch_is_an_array_and_each_bad_event_in_it_is_told() {
    assert!(all(&[("content-type", BATCH)], &event(json!({})).to_string()).unwrap_err().contains("array"));
    let bad = json!([event(json!({})), event(json!({ "id": "" }))]);
    assert!(all(&[("content-type", BATCH)], &bad.to_string()).unwrap_err().contains("`id` is empty"));
}

#[test]
fn a_number_keeps_its_digits_in_every_mode() {
    for digits in ["18446744073709551616", "18446744073709551617", "-9223372036854775809", "7"] {
        let body = format!(r#"{{"user_id":{digits}}}"#);
        assert_eq!(subject(&binary(&[], &body).unwrap()), Some(digits));
        let whole = format!(r#"{{"specversion":"1.0","id":"i-1","source":"/s","type":"t","data":{body}}}"#);
        assert_eq!(subject(&one(&[("content-type", JSON)], &whole).unwrap()), Some(digits));
        assert_eq!(subject(&all(&[("content-type", BATCH)], &format!("[{whole}]")).unwrap()[0]), Some(digits));
    }
}

#[test]
fn half_a_character_and_a_byte_order_mark_are_read_and_the_journal_keeps_the_bytes() {
    let whole = "\u{feff}".to_owned()
        + r#"{"specversion":"1.0","id":"i-1","source":"/s","type":"t","data":{"name":"Anna \ud83d"}}"#;
    let taken = one(&[("content-type", JSON)], &whole).unwrap();
    assert_eq!((data(&taken), &taken.raw[..]), (&json!({ "name": "Anna \u{fffd}" }), whole.as_bytes()));
    assert!(binary(&[], "\u{feff}{\"name\":\"\\udc00\"}").is_ok());
}
