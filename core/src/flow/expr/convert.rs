//! JSON <-> CEL values. Whole numbers stay whole (CEL's own conversion makes them unsigned, and `age + 1` fails),
//! null members of maps are absent, and maps come back with their keys in order.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use cel::objects::{Key, Map as CelMap};
use cel::{ExecutionError, Value as Cel};
use serde_json::{Map, Number, Value};

/// The CEL value of a JSON value.
pub fn to_cel(value: &Value) -> Cel {
    match value {
        Value::Null => Cel::Null,
        Value::Bool(truth) => Cel::Bool(*truth),
        Value::Number(number) => number_to_cel(number),
        Value::String(text) => Cel::String(Arc::new(text.clone())),
        Value::Array(items) => Cel::List(Arc::new(items.iter().map(to_cel).collect())),
        Value::Object(members) => {
            let members = members.iter().filter(|(_, value)| !value.is_null());
            map(members.map(|(name, value)| (name.as_str(), to_cel(value))))
        }
    }
}

/// A CEL map with these members.
pub fn map<'a>(members: impl Iterator<Item = (&'a str, Cel)>) -> Cel {
    let members: HashMap<Key, Cel> =
        members.map(|(name, value)| (Key::String(Arc::new(name.to_owned())), value)).collect();
    Cel::Map(CelMap { map: Arc::new(members) })
}

fn number_to_cel(number: &Number) -> Cel {
    if let Some(whole) = number.as_i64() {
        Cel::Int(whole)
    } else if let Some(large) = number.as_u64() {
        Cel::UInt(large)
    } else {
        Cel::Float(number.as_f64().unwrap_or_default())
    }
}

/// The JSON value of a CEL value, or why there is none.
pub fn to_json(value: &Cel) -> Result<Value, String> {
    match value {
        Cel::Null => Ok(Value::Null),
        Cel::Bool(truth) => Ok(Value::Bool(*truth)),
        Cel::Int(whole) => Ok(Value::from(*whole)),
        Cel::UInt(whole) => Ok(Value::from(*whole)),
        Cel::Float(number) => {
            Number::from_f64(*number).map(Value::Number).ok_or_else(|| "its answer is not a finite number".to_owned())
        }
        Cel::String(text) => Ok(Value::String(text.as_str().to_owned())),
        Cel::List(items) => items.iter().map(to_json).collect::<Result<Vec<_>, _>>().map(Value::Array),
        Cel::Map(members) => {
            let mut sorted = BTreeMap::new();
            for (key, value) in members.map.iter() {
                let Key::String(name) = key else {
                    return Err("its answer is a map with keys that are not texts".to_owned());
                };
                sorted.insert(name.as_str().to_owned(), to_json(value)?);
            }
            Ok(Value::Object(sorted.into_iter().collect::<Map<_, _>>()))
        }
        other => Err(format!("its answer is a {}, which JSON does not have", other.type_of())),
    }
}

/// The keys of a map in order, so that `data.prices.map(k, …)` gives one answer only; anything else as it is.
pub fn ordered(value: Cel) -> Result<Cel, ExecutionError> {
    let Cel::Map(members) = &value else { return Ok(value) };
    let mut keys: Vec<&Key> = members.map.keys().collect();
    keys.sort();
    Ok(Cel::List(Arc::new(keys.into_iter().map(key_value).collect())))
}

fn key_value(key: &Key) -> Cel {
    match key {
        Key::Int(whole) => Cel::Int(*whole),
        Key::Uint(whole) => Cel::UInt(*whole),
        Key::Bool(truth) => Cel::Bool(*truth),
        Key::String(text) => Cel::String(Arc::clone(text)),
    }
}

/// What went wrong, in words without any value: values may be personal data.
pub fn why(error: &ExecutionError) -> String {
    match error {
        ExecutionError::NoSuchKey(_) => "it reads what is not there; guard it with `has(…)`".to_owned(),
        ExecutionError::NoSuchOverload(overload) => {
            format!("`{}` does not work on ({})", overload.function(), overload.argument_types().join(", "))
        }
        ExecutionError::UndeclaredReference(_) => "it names what does not exist".to_owned(),
        ExecutionError::UnexpectedType { .. }
        | ExecutionError::ValuesNotComparable(..)
        | ExecutionError::UnsupportedBinaryOperator(..) => "its types do not fit together".to_owned(),
        ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => "it divides by zero".to_owned(),
        ExecutionError::Overflow(..) => "a number in it becomes too large".to_owned(),
        ExecutionError::IndexOutOfBounds(_) => "it reads beyond the end of a list".to_owned(),
        ExecutionError::FunctionError { function, .. } => format!("`{function}` cannot convert or answer this value"),
        ExecutionError::InvalidArgumentCount { .. } => "a function in it needs another number of inputs".to_owned(),
        _ => "it cannot be evaluated".to_owned(),
    }
}
