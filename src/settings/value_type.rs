//! The default tells what kind of value a key takes, so that no second list can drift away from the file.

use toml::{Table, Value};

use super::duration;
use super::pasted::bare;

/// What a key takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ValueType {
    Text,
    Length,
    Whole,
    Fraction,
    Truth,
    List,
    Section,
}

impl ValueType {
    /// The kind of this value.
    pub(crate) fn of(value: &Value) -> Self {
        match value {
            Value::String(text) if duration::parse(text).is_ok() => Self::Length,
            Value::String(_) | Value::Datetime(_) => Self::Text,
            Value::Integer(_) => Self::Whole,
            Value::Float(_) => Self::Fraction,
            Value::Boolean(_) => Self::Truth,
            Value::Array(_) => Self::List,
            Value::Table(_) => Self::Section,
        }
    }

    /// Whether a value of the other kind may stand where this one is expected.
    pub(crate) fn takes(self, other: Self) -> bool {
        self == other || matches!((self, other), (Self::Text, Self::Length) | (Self::Fraction, Self::Whole))
    }

    /// In words, with an example.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Text => "text in quotes",
            Self::Length => "a length of time, such as \"15s\"",
            Self::Whole => "a whole number, zero or more",
            Self::Fraction => "a number",
            Self::Truth => "true or false",
            Self::List => "a list, such as [\"a\", \"b\"]",
            Self::Section => "a section",
        }
    }

    /// A text of the environment as this kind; `None` when it does not fit.
    pub(crate) fn read(self, text: &str) -> Option<Value> {
        match self {
            Self::Text => Some(Value::String(text.to_owned())),
            Self::Length => duration::parse(bare(text)).ok().map(|_| Value::String(bare(text).to_owned())),
            Self::Whole => bare(text).parse().ok().map(Value::Integer),
            Self::Fraction => bare(text).parse().ok().map(Value::Float),
            Self::Truth => bare(text).parse().ok().map(Value::Boolean),
            Self::List => {
                // As in a file, or plain.
                let trimmed = bare(text);
                let file: Option<Value> = trimmed.starts_with('[').then(|| trimmed.parse().ok()).flatten();
                let plain = || {
                    let parts = trimmed.split(',').map(bare).filter(|part| !part.is_empty());
                    Value::Array(parts.map(|part| Value::String(part.to_owned())).collect())
                };
                Some(file.filter(Value::is_array).unwrap_or_else(plain))
            }
            Self::Section => None,
        }
    }
}

/// A text of the environment where no default tells the kind: a number or truth value where it is one, else text.
/// What is secret or names something by its name stays text: an API key or a provider's uid may well look like a
/// number.
pub(crate) fn guess(key: &str, text: &str) -> Value {
    let names = key.rsplit(['.', '_']).next().is_some_and(|end| ["id", "uid", "uuid"].contains(&end));
    if names || super::show::secret(key) {
        return Value::String(text.to_owned());
    }
    [ValueType::Truth, ValueType::Whole, ValueType::Fraction]
        .into_iter()
        .find_map(|kind| kind.read(text))
        .unwrap_or_else(|| Value::String(text.to_owned()))
}

/// The value at a dotted path.
pub(crate) fn at<'a>(table: &'a Table, path: &str) -> Option<&'a Value> {
    let mut parts = path.split('.');
    let first = table.get(parts.next()?)?;
    parts.try_fold(first, |value, part| value.as_table()?.get(part))
}

/// Every value of a table that is no section, with its path; an empty section too.
pub(crate) fn leaves(table: &Table) -> Vec<(Vec<String>, &Value)> {
    let mut found = Vec::new();
    for (key, value) in table {
        match value {
            Value::Table(inner) if !inner.is_empty() => {
                let below = leaves(inner).into_iter();
                found.extend(below.map(|(path, value)| ([vec![key.clone()], path].concat(), value)));
            }
            leaf => found.push((vec![key.clone()], leaf)),
        }
    }
    found
}

/// The value at a path.
pub(crate) fn find<'a>(table: &'a Table, path: &[String]) -> Option<&'a Value> {
    let (last, parents) = path.split_last()?;
    parents.iter().try_fold(table, |table, part| table.get(part)?.as_table())?.get(last)
}

/// Puts a value at a path; what stands in the way is replaced by a section.
pub(crate) fn put(table: &mut Table, path: &[String], value: Value) {
    let Some((first, rest)) = path.split_first() else { return };
    if rest.is_empty() {
        table.insert(first.clone(), value);
        return;
    }
    let entry = table.entry(first.clone()).or_insert_with(|| Value::Table(Table::new()));
    if !entry.is_table() {
        *entry = Value::Table(Table::new());
    }
    if let Value::Table(inner) = entry {
        put(inner, rest, value);
    }
}

/// Takes the value at a path away, and the sections that are empty without it.
pub(crate) fn take(table: &mut Table, path: &[String]) {
    let Some((first, rest)) = path.split_first() else { return };
    if rest.is_empty() {
        table.remove(first);
    } else if let Some(Value::Table(inner)) = table.get_mut(first) {
        take(inner, rest);
        if inner.is_empty() {
            table.remove(first);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ValueType, guess};
    use toml::Value;

    #[test]
    fn the_default_tells_what_the_environment_must_hold() {
        assert_eq!(ValueType::Whole.read("12"), Some(Value::Integer(12)));
        assert_eq!(ValueType::Whole.read("twelve"), None);
        assert_eq!(ValueType::Length.read("12"), None);
        assert_eq!(ValueType::Text.read("12"), Some(Value::String("12".into())));
        for text in [" a, b ,,", "\"a,b\"\n", "'a', \"b\"", "[\"a\", \"b\"]"] {
            let list = ValueType::List.read(text).unwrap();
            assert_eq!(list, Value::Array(["a", "b"].map(|item| Value::String(item.into())).to_vec()), "{text}");
        }
        assert_eq!(ValueType::Whole.read("\"12\"\n"), Some(Value::Integer(12)));
        assert_eq!(ValueType::Length.read(" 12s\r\n"), Some(Value::String("12s".into())));
    }

    #[test]
    fn a_secret_or_a_name_that_looks_like_a_number_stays_text() {
        assert_eq!(guess("providers.original.collection_uid", "0221"), Value::String("0221".into()));
        assert_eq!(guess("providers.original.api_key", "0123"), Value::String("0123".into()));
        assert_eq!(guess("providers.original.retries", "3"), Value::Integer(3));
        assert_eq!(guess("providers.original.thin", "true"), Value::Boolean(true));
    }
}
