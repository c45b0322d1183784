//! The environment: five short names, and `GANGWAY_SECTION__KEY` for everything.

use std::collections::BTreeMap;

use toml::Value;

use super::Problem;
use super::kind::{Kind, guess, leaves};
use super::merge::{Merged, Source};
use super::nearest::nearest;
use super::samples;

/// Short names of what nearly everyone sets.
pub(crate) const SHORT: [(&str, &str); 5] = [
    ("GANGWAY_DATABASE_URL", "database.url"),
    ("GANGWAY_AMQP_URL", "amqp.url"),
    ("GANGWAY_SMTP_URL", "mail.url"),
    ("GANGWAY_LISTEN", "server.listen"),
    ("GANGWAY_MASTER_KEY", "keys.master_key"),
];

/// Lays the variables over it. Empty ones count as not set: composed environments pass them on so.
pub(crate) fn lay(merged: &mut Merged, environment: &[(String, String)], problems: &mut Vec<Problem>) {
    let mut set_by: BTreeMap<Vec<String>, String> = BTreeMap::new();
    let mut variables: Vec<_> = environment.iter().filter(|(_, value)| !value.is_empty()).collect();
    variables.sort();
    for (name, text) in variables {
        let path = match path(name, merged) {
            Some(Ok(path)) => path,
            Some(Err(problem)) => {
                problems.push(problem);
                continue;
            }
            None => continue,
        };
        if let Some(other) = set_by.insert(path.clone(), name.clone()) {
            problems.push(Problem::new(path.join("."), format!("is set by {other} and by {name}"), "keep one of them"));
        }
        let value = match merged.example(&path).map(Kind::of) {
            // A section or a value that does not fit goes on as text, and is refused with the kind that it must be.
            Some(kind) => kind.read(text).unwrap_or_else(|| Value::String(String::new())),
            None => guess(&path.join("."), text),
        };
        merged.put(&path, value, Source::Environment(name.clone()), problems);
    }
}

/// The setting that a variable names: none when it is not one of ours, a problem when it is ours and names nothing.
fn path(name: &str, merged: &Merged) -> Option<Result<Vec<String>, Problem>> {
    let rest = name.strip_prefix("GANGWAY_")?;
    if rest == "CONFIG" || rest == "LOG" || rest.starts_with("TEST_") || service_link(rest) {
        return None;
    }
    if let Some((_, key)) = SHORT.iter().find(|(short, _)| *short == name) {
        return Some(Ok(key.split('.').map(str::to_owned).collect()));
    }
    if !rest.contains("__") {
        let short = || nearest(name, SHORT.map(|(short, _)| short)).map(str::to_owned);
        let hint = match nested(rest, merged).or_else(short) {
            Some(meant) => format!("did you mean {meant}?"),
            None => "two underscores nest: GANGWAY_SECTION__KEY".to_owned(),
        };
        return Some(Err(Problem::new(name, "is not a setting", hint)));
    }
    Some(Ok(rest.split("__").map(str::to_lowercase).collect()))
}

/// The variable that has this name when one underscore is as good as two, with or without `PROVIDERS`.
fn nested(rest: &str, merged: &Merged) -> Option<String> {
    let flat = |text: &str| text.replace("__", "_").to_uppercase();
    let of_providers = samples::paths().into_iter().map(|path| [vec!["providers".to_owned()], path].concat());
    let of_sections = leaves(merged.defaults()).into_iter().map(|(path, _)| path);
    let mut variables = of_sections.chain(of_providers).map(|path| path.join("__").to_uppercase());
    let meant = [flat(rest), flat(&format!("PROVIDERS_{rest}"))];
    variables.find(|variable| meant.contains(&flat(variable))).map(|variable| format!("GANGWAY_{variable}"))
}

/// Kubernetes puts `GANGWAY_SERVICE_HOST`, `GANGWAY_PORT_8080_TCP` and so on beside a service named gangway.
fn service_link(rest: &str) -> bool {
    !rest.contains("__") && (rest.starts_with("SERVICE_") || rest == "PORT" || rest.starts_with("PORT_"))
}
