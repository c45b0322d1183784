//! What is in force, for people: key, value, where from. Secrets are masked here and nowhere else.

use toml::Value;

use super::merge::{Merged, Source};

/// One setting in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Its key.
    pub key: String,
    /// Its value as TOML; `***` for a secret that is set.
    pub value: String,
    /// `default`, `file NAME` or `environment NAME`.
    pub from: String,
}

/// Everything in force, section by section.
pub(crate) fn all(merged: &Merged<'_>) -> Vec<Shown> {
    let mut shown = Vec::new();
    for (section, value) in &merged.table {
        walk(section.clone(), value, merged, &mut shown);
    }
    shown
}

fn walk(key: String, value: &Value, merged: &Merged<'_>, shown: &mut Vec<Shown>) {
    if let Value::Table(table) = value {
        // A section's own values first, then the sections within: so the printout is a file that can be read.
        let (inner, own): (Vec<_>, Vec<_>) = table.iter().partition(|(_, value)| value.is_table());
        for (name, value) in own.into_iter().chain(inner) {
            walk(format!("{key}.{name}"), value, merged, shown);
        }
        return;
    }
    let from = match merged.source(&key) {
        Source::Default => "default".to_owned(),
        Source::File(name) => format!("file {name}"),
        Source::Environment(name) => format!("environment {name}"),
    };
    shown.push(Shown { value: masked(&key, value), key, from });
}

/// The value as it may be shown.
fn masked(key: &str, value: &Value) -> String {
    let empty = match value {
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        _ => false,
    };
    if secret(key) && !empty {
        return "***".to_owned();
    }
    match value {
        Value::String(text) => Value::String(without_password(text)).to_string(),
        Value::Array(list) => format!("[{}]", list.iter().map(|item| masked(key, item)).collect::<Vec<_>>().join(", ")),
        Value::Table(table) => {
            let parts: Vec<_> = table
                .iter()
                .map(|(name, inner)| format!("{name} = {}", masked(&format!("{key}.{name}"), inner)))
                .collect();
            format!("{{ {} }}", parts.join(", "))
        }
        other => other.to_string(),
    }
}

/// Whether a key's value is secret, by its name: any part after the section that ends so.
pub(crate) fn secret(key: &str) -> bool {
    const ENDS: [&str; 9] =
        ["key", "secret", "secrets", "password", "passwords", "token", "tokens", "authorization", "credentials"];
    key.split('.').skip(1).any(|part| {
        let part = part.to_lowercase();
        ENDS.iter().any(|end| part.ends_with(end))
    })
}

/// An address without its password: `postgres://gangway:***@db/gangway`. Covers rather too much than too little.
#[must_use]
pub(crate) fn without_password(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let (before, query) = rest.split_once('?').map_or((rest, None), |(before, query)| (before, Some(query)));
    let (before, query) = if query.is_some_and(|query| query.contains('@')) { (rest, None) } else { (before, query) };
    let shown = match before.rsplit_once('@') {
        Some((credentials, host)) => match credentials.split_once(':') {
            Some((user, _)) => format!("{user}:***@{host}"),
            None => before.to_owned(),
        },
        // Where a host is missing, a password stands in the place of its port.
        None => match before.split('/').next().and_then(|host| host.split_once(':')) {
            Some((host, port)) if !host.starts_with('[') && !port.bytes().all(|byte| byte.is_ascii_digit()) => {
                format!("{host}:***")
            }
            _ => before.to_owned(),
        },
    };
    let Some(query) = query else { return format!("{scheme}://{shown}") };
    let pairs: Vec<String> = query
        .split('&')
        .map(|pair| match pair.split_once('=') {
            Some((name, _)) if secret(&format!("url.{name}")) => format!("{name}=***"),
            _ => pair.to_owned(),
        })
        .collect();
    format!("{scheme}://{shown}?{}", pairs.join("&"))
}

#[cfg(test)]
mod tests {
    use super::{secret, without_password};

    #[test]
    fn names_of_secrets_are_told_from_names_of_files_and_times() {
        for key in ["keys.master_key", "providers.original.api_key", "providers.x.webhook_secrets", "mail.password"] {
            assert!(secret(key), "{key}");
        }
        for key in ["keys.key_file", "server.token_cache", "database.url", "flows.folders"] {
            assert!(!secret(key), "{key}");
        }
    }

    #[test]
    fn an_address_never_shows_its_password() {
        let rows = [
            ("postgres://gangway:s3cr3t@db/gangway", "postgres://gangway:***@db/gangway"),
            ("postgres://g:s3/c?r@3t@db/gangway", "postgres://g:***@db/gangway"),
            ("postgres://db/gangway?user=a&password=s3cr3t", "postgres://db/gangway?user=a&password=***"),
            ("sqlite://gangway.sqlite?mode=rwc", "sqlite://gangway.sqlite?mode=rwc"),
            ("postgres://gangway:s3cr3t", "postgres://gangway:***"),
            ("postgres://gangway:3s3cr3t/gangway", "postgres://gangway:***"),
            ("https://[::1]:8080/a:b", "https://[::1]:8080/a:b"),
            ("sqlite::memory:", "sqlite::memory:"),
            ("amqps://broker:5671/%2f", "amqps://broker:5671/%2f"),
        ];
        for (text, want) in rows {
            assert_eq!(without_password(text), want);
        }
    }
}
