//! Values of the broker's headers -> JSON, as an attribute's type wants them. The CloudEvents binding asks to take both
//! AMQP's own types and the canonical text; official SDKs write times as numbers and texts as bytes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gangway_core::time::Timestamp;
use lapin::types::AMQPValue;
use serde_json::{Number, Value};

/// Below this a time counts seconds, else milliseconds: no event is of before 1973.
const MILLIS_FROM: i64 = 100_000_000_000;

/// The value of an attribute that is a text. A whole number is the text of its digits: some ids are numbers.
pub(super) fn text(value: &AMQPValue) -> Option<Value> {
    match value {
        AMQPValue::LongString(text) => std::str::from_utf8(text.as_bytes()).ok().map(Value::from),
        AMQPValue::ByteArray(bytes) => std::str::from_utf8(bytes.as_slice()).ok().map(Value::from),
        AMQPValue::ShortString(text) => Some(text.as_str().into()),
        AMQPValue::Void => Some(Value::Null),
        other => whole(other).map(|number| number.to_string().into()),
    }
}

/// The value of an attribute that is a time: a text as it is, and a number in seconds or milliseconds since 1970. The
/// broker's own form counts seconds, AMQP 1.0's, which the Python SDK writes as a number, milliseconds.
pub(super) fn time(value: &AMQPValue) -> Option<Value> {
    let since = match value {
        AMQPValue::Timestamp(at) => i64::try_from(*at).ok()?,
        other => match whole(other) {
            Some(number) => i64::try_from(number).ok()?,
            None => return text(other),
        },
    };
    let millis = if since.abs() < MILLIS_FROM { since.checked_mul(1000)? } else { since };
    Some(Timestamp(millis).to_string().into())
}

/// The value of an extension; `None` for what JSON has no form for.
pub(super) fn any(value: &AMQPValue) -> Option<Value> {
    match value {
        AMQPValue::Boolean(truth) => Some((*truth).into()),
        AMQPValue::Float(number) => Number::from_f64(f64::from(*number)).map(Value::Number),
        AMQPValue::Double(number) => Number::from_f64(*number).map(Value::Number),
        AMQPValue::Timestamp(_) => time(value),
        // The canonical text of bytes.
        AMQPValue::ByteArray(bytes) => Some(STANDARD.encode(bytes.as_slice()).into()),
        AMQPValue::LongString(_) | AMQPValue::ShortString(_) | AMQPValue::Void => text(value),
        other => whole(other).and_then(|number| {
            let small = i64::try_from(number).map(Value::from);
            small.or_else(|_| u64::try_from(number).map(Value::from)).ok()
        }),
    }
}

fn whole(value: &AMQPValue) -> Option<i128> {
    Some(match value {
        AMQPValue::ShortShortInt(number) => (*number).into(),
        AMQPValue::ShortShortUInt(number) => (*number).into(),
        AMQPValue::ShortInt(number) => (*number).into(),
        AMQPValue::ShortUInt(number) => (*number).into(),
        AMQPValue::LongInt(number) => (*number).into(),
        AMQPValue::LongUInt(number) => (*number).into(),
        AMQPValue::LongLongInt(number) => (*number).into(),
        _ => return None,
    })
}
