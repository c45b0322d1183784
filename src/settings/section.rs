//! Types a section. First checks what its shape knows: keys, words, kinds. Where the type refuses more than that, tries
//! each value alone in a section that is right, so that no wrong value hides another, and tells what is missing
//! together with what is wrong. Never here: a value in a problem; it may be a secret.

use std::fmt;

use gangway_core::flow::words::nearest;
use serde::de::DeserializeOwned;
use toml::{Table, Value};

use super::shape::Shape;
use super::value_type::{find, leaves, put, take};
use super::{Fault, Faults};

/// A section, not yet typed.
#[derive(Clone)]
pub struct Section {
    /// Its key: `providers.NAME`.
    pub(super) at: String,
    /// What was set in it.
    pub(super) set: Table,
    /// What it takes.
    pub(super) shape: Shape,
    /// Whether what is not there is told as missing.
    pub(super) whole: bool,
    /// Whether an empty text says "none", as in a file or a variable: such a key counts as left out.
    pub(super) empty_is_none: bool,
}

impl fmt::Debug for Section {
    /// Without what was set, which may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Section").field("at", &self.at).finish_non_exhaustive()
    }
}

impl Section {
    /// Typed and checked.
    ///
    /// # Errors
    /// Every problem that was found.
    pub fn read<T: DeserializeOwned>(&self, check: impl FnOnce(&T, &str) -> Vec<Fault>) -> Result<T, Faults> {
        let mut faults = Vec::new();
        self.check(check, &mut faults).ok_or(Faults(faults))
    }

    /// Typed and checked; none when anything is wrong, and then `problems` says all of it. Says nothing more of a key
    /// that has a problem already.
    pub fn check<T: DeserializeOwned>(
        &self,
        check: impl FnOnce(&T, &str) -> Vec<Fault>,
        faults: &mut Vec<Fault>,
    ) -> Option<T> {
        let before = faults.len();
        let set = self.known(faults);
        let table = self.filled::<T>(&set);
        let typed =
            table.try_into::<T>().or_else(|_| self.filled::<T>(&self.fitting::<T>(set, faults)).try_into::<T>());
        let Ok(typed) = typed else {
            faults.push(Fault::new(&self.at, "cannot be read", self.docs()));
            return None;
        };
        for fault in check(&typed, &self.at) {
            tell(fault, faults);
        }
        (faults.len() == before).then_some(typed)
    }

    /// What was set, without what the shape does not know, and with an example where something is needed.
    fn known(&self, faults: &mut Vec<Fault>) -> Table {
        let mut set = self.set.clone();
        for (path, _) in leaves(&self.set) {
            if let Some(fault) = self.stranger(&path).or_else(|| self.no_word(&path)) {
                leave_out(&mut set, &path);
                tell(fault, faults);
            }
        }
        for (path, example) in self.shape.needed() {
            if find(&set, &path).is_some() {
                continue;
            }
            put(&mut set, &path, example.clone());
            if self.whole {
                let key = self.key(&path);
                let variable = format!("GANGWAY_{}", key.replace('.', "__").to_uppercase());
                let hint = format!("set it, or {variable}; {}", self.docs());
                tell(Fault::new(key, "is missing", hint), faults);
            }
        }
        set
    }

    /// What is set over the defaults, without what is empty.
    fn filled<T: DeserializeOwned>(&self, set: &Table) -> Table {
        let mut filled = self.shape.filled(set);
        let empty: Vec<String> = filled
            .iter()
            .filter(|(_, value)| self.empty_is_none && is_empty(value))
            .map(|(key, _)| key.clone())
            .collect();
        for key in empty {
            filled.remove(&key);
            let mut without = self.shape.table().clone();
            let default = without.remove(&key).filter(|default| !is_empty(default));
            // A text that may not be left out stays as it is by default.
            if let Some(default) = default
                && without.try_into::<T>().is_err()
            {
                filled.insert(key, default);
            }
        }
        filled
    }

    /// What was set, without what the type refuses although its shape takes it.
    fn fitting<T: DeserializeOwned>(&self, mut set: Table, faults: &mut Vec<Fault>) -> Table {
        let fits = |path: &[String], value: Value| {
            let mut alone = self.shape.table().clone();
            put(&mut alone, path, value);
            alone.try_into::<T>().is_ok()
        };
        for (path, value) in leaves(&set.clone()) {
            if fits(&path, value.clone()) {
                continue;
            }
            leave_out(&mut set, &path);
            let number = |most: u32| match value {
                Value::Array(_) => Value::Array(vec![Value::Integer(most.into())]),
                _ => Value::Integer(most.into()),
            };
            let most = [u32::MAX, u16::MAX.into()].into_iter().find(|most| fits(&path, number(*most)));
            let what = match (value, most) {
                (Value::Integer(_), Some(most)) => format!("must be a whole number from 0 to {most}"),
                (Value::Array(_), Some(most)) => format!("holds something that is not a whole number from 0 to {most}"),
                _ if fits(&path, Value::String("x".to_owned())) => "must be text in quotes".to_owned(),
                _ => "cannot be read".to_owned(),
            };
            let hint =
                find(self.shape.table(), &path).map_or_else(|| self.docs(), |example| format!("such as {example}"));
            tell(Fault::new(self.key(&path), what, hint), faults);
        }
        set
    }

    fn key(&self, path: &[String]) -> String {
        format!("{}.{}", self.at, path.join("."))
    }

    /// The first part of the path that the shape does not know.
    fn stranger(&self, path: &[String]) -> Option<Fault> {
        let depth = self.shape.stranger(path)?;
        let (above, part) = (path.get(..depth).unwrap_or_default(), path.get(depth).map_or("", String::as_str));
        let beside = if above.is_empty() {
            Some(self.shape.table())
        } else {
            find(self.shape.table(), above).and_then(Value::as_table)
        };
        let hint = match nearest(part, beside.into_iter().flat_map(Table::keys).map(String::as_str)) {
            Some(meant) => format!("did you mean {}?", self.key(&[above, &[meant.to_owned()]].concat())),
            None => self.docs(),
        };
        Some(Fault::new(self.key(path.get(..=depth).unwrap_or(path)), "is not a setting", hint))
    }

    fn no_word(&self, path: &[String]) -> Option<Fault> {
        let words = self.shape.words(path);
        let value = find(&self.set, path)?.as_str()?;
        if words.is_empty() || words.iter().any(|word| word == value) || (self.empty_is_none && value.is_empty()) {
            return None;
        }
        let known: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
        let hint = format!("one of {}", known.join(", "));
        Some(Fault::new(self.key(path), "is not one of the allowed words", hint))
    }

    fn docs(&self) -> String {
        format!("{} lists what it takes", self.shape.docs)
    }
}

fn is_empty(value: &Value) -> bool {
    value.as_str() == Some("")
}

fn leave_out(set: &mut Table, path: &[String]) {
    take(set, path);
    if path.last().is_some_and(|name| name == "verify") {
        // Anything else would be asked for what belongs to another rule.
        put(set, path, Value::String("none".to_owned()));
    }
}

fn tell(fault: Fault, faults: &mut Vec<Fault>) {
    if !faults.iter().any(|known| known.key == fault.key) {
        faults.push(fault);
    }
}
