//! Types a section. Where it does not fit, every reason is found: each value is tried alone in a section that is
//! right, so that no wrong value hides another, and what is missing is told beside what is wrong.
//! Never here: a value in a problem; it may be a secret.

use serde::de::DeserializeOwned;
use toml::{Table, Value};

use super::Problem;
use super::kind::{find, leaves, put, take};
use super::nearest::nearest;

/// A section that is to be typed.
pub(super) struct Section<'a> {
    /// Its key: `providers.original`.
    pub(super) at: &'a str,
    /// What was set in it, and what is left as it is by default.
    pub(super) set: Table,
    /// A section of this kind that is right.
    pub(super) example: Table,
    /// Whether what is not there is told as missing.
    pub(super) whole: bool,
}

impl Section<'_> {
    /// Typed and checked; none when it cannot be typed, and then `problems` says all that is wrong with it. Says
    /// nothing more of a key that has a problem already.
    pub(super) fn typed<T: DeserializeOwned>(
        self,
        check: impl FnOnce(&T, &str) -> Vec<Problem>,
        problems: &mut Vec<Problem>,
    ) -> Option<T> {
        let (typed, fits) = match self.set.clone().try_into::<T>() {
            Ok(typed) => (typed, true),
            Err(error) => match self.mended::<T>(problems).try_into::<T>() {
                Ok(typed) => (typed, false),
                Err(_) => {
                    problems.push(Problem::new(self.at, told(error.message(), false), docs(self.at)));
                    return None;
                }
            },
        };
        let mut further = check(&typed, self.at);
        further.retain(|problem| !problems.iter().any(|known| known.key == problem.key));
        problems.extend(further);
        fits.then_some(typed)
    }

    /// What was set, without what does not fit and with an example where something is needed.
    fn mended<T: DeserializeOwned>(&self, problems: &mut Vec<Problem>) -> Table {
        let fits = |table: &Table| table.clone().try_into::<T>();
        let mut mended = self.set.clone();
        for (path, value) in leaves(&self.set) {
            let mut alone = self.example.clone();
            put(&mut alone, &path, value.clone());
            let Err(error) = fits(&alone) else { continue };
            take(&mut mended, &path);
            if path.last().is_some_and(|name| name == "verify") {
                // Anything else would be asked for what belongs to another rule.
                put(&mut mended, &path, Value::String("none".to_owned()));
            }
            let problem = self.wrong(&path, value, error.message());
            if !problems.iter().any(|known| known.key == problem.key) {
                problems.push(problem);
            }
        }
        for (path, example) in leaves(&self.example) {
            let mut without = self.example.clone();
            take(&mut without, &path);
            if find(&mended, &path).is_some() || fits(&without).is_ok() {
                continue;
            }
            put(&mut mended, &path, example.clone());
            let key = self.key(&path);
            if self.whole && !problems.iter().any(|known| known.key == key) {
                let variable = format!("GANGWAY_{}", key.replace('.', "__").to_uppercase());
                problems.push(Problem::new(key, "is missing", format!("set it, or {variable}; {}", docs(self.at))));
            }
        }
        mended
    }

    fn key(&self, path: &[String]) -> String {
        format!("{}.{}", self.at, path.join("."))
    }

    fn wrong(&self, path: &[String], value: &Value, message: &str) -> Problem {
        if message.starts_with("unknown field") {
            return self.unknown(path);
        }
        let hint = match words(message) {
            Some(words) => format!("one of {words}"),
            None => match find(&self.example, path) {
                Some(example) => format!("such as {example}"),
                None => docs(self.at),
            },
        };
        Problem::new(self.key(path), told(message, value.is_array()), hint)
    }

    /// The first part of the path that the example does not know.
    fn unknown(&self, path: &[String]) -> Problem {
        let mut known = &self.example;
        let mut depth = 0;
        for (at, part) in path.iter().enumerate() {
            depth = at;
            match known.get(part) {
                Some(Value::Table(inner)) => known = inner,
                _ => break,
            }
        }
        let (above, part) = (path.get(..depth).unwrap_or_default(), path.get(depth).map_or("", String::as_str));
        let hint = match nearest(part, known.keys().map(String::as_str)) {
            Some(meant) => {
                let meant = [above, &[meant.to_owned()]].concat();
                format!("did you mean {}?", self.key(&meant))
            }
            None => docs(self.at),
        };
        Problem::new(self.key(path.get(..=depth).unwrap_or(path)), "is not a setting", hint)
    }
}

fn docs(at: &str) -> String {
    match at.split('.').nth(1) {
        Some(provider) if super::installed::KNOWN.contains(&provider) => {
            format!("docs/providers/{provider}.md lists what it takes")
        }
        Some(_) => "docs/guides/your-own-provider.md lists what it takes".to_owned(),
        None => "docs/reference/settings.md lists every setting".to_owned(),
    }
}

/// The words that may stand at a place that takes one of several.
fn words(message: &str) -> Option<&str> {
    let (_, known) = message.strip_prefix("unknown variant")?.rsplit_once(", expected ")?;
    Some(known.strip_prefix("one of ").unwrap_or(known))
}

/// A message of the reader in our words, without the value that it complains of; `list`: it is about one of several.
fn told(message: &str, list: bool) -> String {
    let must = if list { "holds something that is not" } else { "must be" };
    if message.starts_with("unknown variant") {
        return "is not a word that may stand here".to_owned();
    }
    let expected = match message.rsplit_once(", expected ") {
        Some((head, expected)) if head.starts_with("invalid ") => expected,
        _ if message.contains("untagged enum") => "text, a number, or true or false",
        _ if message.contains("is not a length of time") => "a length of time, such as \"15s\"",
        _ => return "cannot be read".to_owned(),
    };
    let most = |most: u64| format!("a whole number from 0 to {most}");
    let expected = match expected {
        "a string" | "string" => "text in quotes".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a sequence" => "a list, such as [\"a\", \"b\"]".to_owned(),
        "u16" => most(u16::MAX.into()),
        "u32" => most(u32::MAX.into()),
        "u64" | "usize" => most(i64::MAX.unsigned_abs()),
        other if other.starts_with("struct ") || other.starts_with("a map") => "a section".to_owned(),
        other => other.to_owned(),
    };
    format!("{must} {expected}")
}

#[cfg(test)]
mod tests {
    use super::{told, words};

    #[test]
    fn what_the_reader_says_is_said_again_without_the_value() {
        let rows = [
            ("invalid type: string \"hush, expected\", expected u32", "must be a whole number from 0 to 4294967295"),
            ("invalid value: integer `8888`, expected u16", "must be a whole number from 0 to 65535"),
            ("unknown variant `hush`, expected one of `a`, `b`", "is not a word that may stand here"),
            ("`hush` is not a length of time; write", "must be a length of time, such as \"15s\""),
            ("data did not match any variant of untagged enum Any", "must be text, a number, or true or false"),
            ("hush", "cannot be read"),
        ];
        for (message, says) in rows {
            assert_eq!(told(message, false), says);
        }
        assert_eq!(
            told("invalid type: integer `1`, expected a string", true),
            "holds something that is not text in quotes"
        );
        assert_eq!(words("unknown variant `hush`, expected `a` or `b`"), Some("`a` or `b`"));
    }
}
