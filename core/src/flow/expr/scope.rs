//! What an expression sees: exactly the values that it names, looked up in the onboarding. Nothing else is handed
//! to CEL, so nothing else can leak into an answer or cost time.

use std::collections::BTreeMap;

use cel::Value as Cel;
use serde_json::{Map, Value};

use crate::flow::expr::{Scope, convert};

/// What a compiled expression wants of one root: the names on the way, and the values at their ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// The whole value.
    Value,
    /// These members of it.
    Members(BTreeMap<String, Wanted>),
}

impl Wanted {
    /// Also wants the value at the end of this path. A whole value includes all its members.
    pub fn add(&mut self, path: &[String]) {
        match (path.split_first(), &mut *self) {
            (None, _) => *self = Self::Value,
            (Some(_), Self::Value) => {}
            (Some((name, rest)), Self::Members(members)) => {
                members.entry(name.clone()).or_insert_with(|| Self::Members(BTreeMap::new())).add(rest);
            }
        }
    }
}

/// The value at the end of a path; `None` when it or anything on the way is absent or null.
pub fn lookup(scope: &Scope<'_>, path: &[String]) -> Option<Value> {
    let (root, rest) = path.split_first()?;
    let found = match root.as_str() {
        "data" => member(scope.data, rest).cloned(),
        "states" => {
            let (state, rest) = rest.split_first()?;
            member(scope.onboarding?.memory.states.get(state)?, rest).cloned()
        }
        _ => match rest {
            [name] => own(scope, root, name).map(Value::String),
            _ => None,
        },
    };
    found.filter(|value| !value.is_null())
}

/// The value at the end of a path through maps.
fn member<'a>(map: &'a Map<String, Value>, path: &[String]) -> Option<&'a Value> {
    let (first, rest) = path.split_first()?;
    rest.iter().try_fold(map.get(first)?, |value, name| value.as_object()?.get(name))
}

/// What is known of the user and the onboarding themselves.
fn own(scope: &Scope<'_>, root: &str, name: &str) -> Option<String> {
    match (root, name) {
        ("user", "id") => Some(scope.user?.external_id.clone()),
        ("user", "email") => scope.user?.email.clone(),
        ("user", "locale") => scope.user?.locale.clone(),
        ("user", "gangway_id") => Some(scope.user?.id.to_string()),
        ("onboarding", "id") => Some(scope.onboarding?.id.to_string()),
        _ => None,
    }
}

/// The value of a root for CEL: only what is wanted of it. Maps on the way to a wanted value are there even when
/// nothing was written, so that `has(states.wallet.address)` is false rather than an error.
pub fn root(scope: &Scope<'_>, name: &str, wanted: &Wanted) -> Option<Cel> {
    let Wanted::Members(members) = wanted else { return None };
    Some(match name {
        "data" => maps(members, &|member| scope.data.get(member)),
        "states" => {
            let states = scope.onboarding.map(|onboarding| &onboarding.memory.states);
            convert::map(members.iter().filter_map(|(state, wanted)| {
                let Wanted::Members(fields) = wanted else { return None };
                let written = states.and_then(|states| states.get(state));
                Some((state.as_str(), maps(fields, &|field| written?.get(field))))
            }))
        }
        _ => convert::map(members.keys().filter_map(|member| {
            let value = own(scope, name, member)?;
            Some((member.as_str(), convert::to_cel(&Value::String(value))))
        })),
    })
}

/// The wanted members of a map.
pub fn maps<'a>(wanted: &BTreeMap<String, Wanted>, get: &dyn Fn(&str) -> Option<&'a Value>) -> Cel {
    convert::map(wanted.iter().filter_map(|(name, wanted)| {
        let value = get(name);
        let cel = match wanted {
            Wanted::Value => convert::to_cel(value.filter(|value| !value.is_null())?),
            Wanted::Members(members) => {
                let inner = value.and_then(Value::as_object);
                maps(members, &|member| inner?.get(member))
            }
        };
        Some((name.as_str(), cel))
    }))
}
