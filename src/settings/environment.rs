//! The environment: five short names, and `GANGWAY_SECTION__KEY` for everything.

use std::collections::BTreeMap;

use gangway_core::flow::words::nearest;
use toml::Value;

use super::Fault;
use super::merge::{Merged, Source};
use super::pasted::bare;
use super::value_type::{ValueType, guess, leaves};

/// Short names of what nearly everyone sets.
pub(crate) const SHORT: [(&str, &str); 5] = [
    ("GANGWAY_DATABASE_URL", "database.url"),
    ("GANGWAY_AMQP_URL", "amqp.url"),
    ("GANGWAY_SMTP_URL", "mail.url"),
    ("GANGWAY_LISTEN", "server.listen"),
    ("GANGWAY_MASTER_KEY", "keys.master_key"),
];

/// Lays the variables over it. Empty ones count as not set: composed environments pass them on so.
pub(crate) fn lay(merged: &mut Merged<'_>, environment: &[(String, String)], faults: &mut Vec<Fault>) {
    let mut set_by: BTreeMap<Vec<String>, String> = BTreeMap::new();
    let mut variables: Vec<_> = environment.iter().filter(|(_, value)| !bare(value).is_empty()).collect();
    variables.sort();
    for (name, text) in variables {
        if service_link(name, text) {
            tracing::debug!(name, "is a service link of Kubernetes; ignored");
            continue;
        }
        let path = match path(name, merged) {
            Some(Ok(path)) => path,
            Some(Err(fault)) => {
                faults.push(fault);
                continue;
            }
            None => continue,
        };
        if let Some(other) = set_by.insert(path.clone(), name.clone()) {
            faults.push(Fault::new(path.join("."), format!("is set by {other} and by {name}"), "keep one of them"));
        }
        let value = match merged.example(&path).map(ValueType::of) {
            // A section or a value that does not fit goes on as text, and is refused with the kind that it must be.
            Some(kind) => kind.read(text).unwrap_or_else(|| Value::String(String::new())),
            None => guess(&path.join("."), text),
        };
        merged.put(&path, value, Source::Environment(name.clone()), faults);
    }
}

/// The setting that a variable names: none when it is not one of ours, a problem when it is ours and names nothing.
fn path(name: &str, merged: &Merged<'_>) -> Option<Result<Vec<String>, Fault>> {
    let rest = name.strip_prefix("GANGWAY_")?;
    if rest == "CONFIG" || rest == "LOG" || rest.starts_with("TEST_") {
        return None;
    }
    if let Some((_, key)) = SHORT.iter().find(|(short, _)| *short == name) {
        return Some(Ok(key.split('.').map(str::to_owned).collect()));
    }
    if !rest.contains("__") {
        let short = |name| nearest(name, SHORT.map(|(short, _)| short)).map(str::to_owned);
        let hint = match nested(rest, merged).or_else(|| short(name)) {
            _ if name == "GANGWAY_MASTER_KEY_FILE" => "did you mean GANGWAY_KEYS__KEY_FILE?".to_owned(),
            Some(meant) => match name.strip_suffix("_FILE").and_then(short) {
                // The name of a file is no value.
                Some(meant) => format!("no variable names a file with a value: {meant}=$(cat FILE)"),
                None => format!("did you mean {meant}?"),
            },
            None => "two underscores nest: GANGWAY_SECTION__KEY".to_owned(),
        };
        return Some(Err(Fault::new(name, "is not a setting", hint)));
    }
    Some(Ok(rest.split("__").map(str::to_lowercase).collect()))
}

/// The variable that has this name when one underscore is as good as two, with or without `PROVIDERS`.
fn nested(rest: &str, merged: &Merged<'_>) -> Option<String> {
    let flat = |text: &str| text.replace("__", "_").to_uppercase();
    let of_providers = merged.forms.paths().into_iter().map(|path| [vec!["providers".to_owned()], path].concat());
    let of_sections = leaves(merged.defaults.table()).into_iter().map(|(path, _)| path);
    let mut variables = of_sections.chain(of_providers).map(|path| path.join("__").to_uppercase());
    let meant = [flat(rest), flat(&format!("PROVIDERS_{rest}"))];
    variables.find(|variable| meant.contains(&flat(variable))).map(|variable| format!("GANGWAY_{variable}"))
}

/// Kubernetes puts variables beside each service, named as it is: `GANGWAY_SERVICE_HOST` and `GANGWAY_PORT_8080_TCP`
/// for one named gangway, `GANGWAY_DB_PORT=tcp://10.0.0.1:5432` for one named gangway-db. None of their shapes is a
/// setting.
fn service_link(name: &str, text: &str) -> bool {
    let Some(rest) = name.strip_prefix("GANGWAY").filter(|rest| !rest.contains("__")) else { return false };
    let is_link = |text: &str| ["tcp://", "udp://", "sctp://"].iter().any(|scheme| text.starts_with(scheme));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    // `_PORT_5432_TCP`, then `_ADDR`, `_PORT`, `_PROTO` or nothing.
    let port = rest.rsplit_once("_PORT_").map_or("", |(_, port)| port);
    let port = port.strip_suffix("_ADDR").or_else(|| port.strip_suffix("_PROTO")).unwrap_or(port);
    let inner = rest.strip_suffix("_PORT").unwrap_or(rest).rsplit_once("_PORT_").map_or("", |(_, port)| port);
    let of_port = |port: &str| {
        port.split_once('_').is_some_and(|(number, kind)| digits(number) && ["TCP", "UDP", "SCTP"].contains(&kind))
    };
    let named_port =
        rest.rsplit_once("_SERVICE_PORT").is_some_and(|(_, port)| port.is_empty() || port.starts_with('_'));
    rest.ends_with("_SERVICE_HOST")
        || named_port
        || of_port(port)
        || of_port(inner)
        || rest == "_PORT"
        || (rest.ends_with("_PORT") && is_link(text))
}

#[cfg(test)]
mod tests {
    use super::service_link;

    #[test]
    fn every_shape_of_a_link_to_a_service_is_one_and_no_setting_is() {
        let links = [
            ("GANGWAY_SERVICE_HOST", "10.0.0.1"),
            ("GANGWAY_SERVICE_PORT", "80"),
            ("GANGWAY_SERVICE_PORT_HTTP", "80"),
            ("GANGWAY_PORT", "tcp://10.0.0.1:80"),
            ("GANGWAY_PORT_80_TCP", "tcp://10.0.0.1:80"),
            ("GANGWAY_DB_PORT", "tcp://10.0.0.1:5432"),
            ("GANGWAY_DB_PORT_5432_TCP", "tcp://10.0.0.1:5432"),
            ("GANGWAY_DB_PORT_5432_TCP_ADDR", "10.0.0.1"),
            ("GANGWAY_DB_PORT_5432_TCP_PORT", "5432"),
            ("GANGWAY_DB_PORT_53_UDP_PROTO", "udp"),
            ("GANGWAY_DB_SERVICE_HOST", "10.0.0.1"),
            ("GANGWAY_DB_SERVICE_PORT_POSTGRES", "5432"),
        ];
        for (name, text) in links {
            assert!(service_link(name, text), "{name}");
        }
        let others = [
            ("GANGWAY_DATABASE_URL", "postgres://x"),
            ("GANGWAY_LISTEN", "tcp://x"),
            ("GANGWAY_DB_PORT", "5432"),
            ("GANGWAY_DB_PORT_X_TCP", "1"),
            ("GANGWAY_PROVIDERS__ACME__SERVICE_HOST", "x"),
            ("GANGWAY_SERVER__PORT", "tcp://x"),
        ];
        for (name, text) in others {
            assert!(!service_link(name, text), "{name}");
        }
    }
}
