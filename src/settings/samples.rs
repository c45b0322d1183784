//! A provider's section has no defaults in `gangway.default.toml`, because a provider without a section is not there.
//! So a sample tells what kind of value each of its keys takes: what the environment must hold, and what is refused.

use std::sync::LazyLock;

use toml::{Table, Value};

use super::installed::KNOWN;
use super::kind::{find, leaves};

use super::{didx, generic, guardian, haven, original, waltid};

/// Each key with a value that could stand there.
const COMMON: &str = r#"
base_url = "https://api.example.com/v1"
concurrency = 8
webhook_secret = "a-long-random-path-segment"

[retry]
attempts = 8
first = "1s"
max = "5m"
deadline = "24h"
settle = "2s"
look_ups = 3

[webhook]
verify = "secret_path"
secrets = ["a-long-random-path-segment"]
registered = false
header = "x-signature"
prefix = "sha256="
field = "v1"
signed = "{timestamp}.{body}"
encoding = "hex"
key = "text"
timestamp = "header:x-timestamp"
timestamp_form = "seconds"
id_header = "webhook-id"
tolerance = "5m"

"#;

/// Keys of every provider whose names say where they belong.
const COMMON_KEYS: [&str; 3] = ["base_url", "webhook_secret", "webhook"];

static ALL: LazyLock<Table> = LazyLock::new(|| {
    let own = [didx::SAMPLE, generic::SAMPLE, guardian::SAMPLE, haven::SAMPLE, original::SAMPLE, waltid::SAMPLE];
    [COMMON].iter().chain(&own).copied().collect::<Vec<_>>().join("\n").parse().unwrap_or_default()
});

/// A value that could stand at this path below `providers`; none when the sample does not know the key.
pub(crate) fn of(provider: &str, path: &[String]) -> Option<&'static Value> {
    let provider = if KNOWN.contains(&provider) { provider } else { "generic" };
    let own = ALL.get(provider).and_then(Value::as_table).and_then(|own| find(own, path));
    own.or_else(|| find(&ALL, path))
}

/// A section of this provider that is right, with every key that it takes.
pub(crate) fn section(provider: &str) -> Table {
    let provider = if KNOWN.contains(&provider) { provider } else { "generic" };
    let mut section = ALL.clone();
    section.retain(|key, _| key != "generic" && key != "webhook_secret" && KNOWN.iter().all(|known| *known != key));
    section.extend(ALL.get(provider).and_then(Value::as_table).cloned().unwrap_or_default());
    section
}

/// Every provider's section that takes this key at its top, such as `providers.original`.
pub(crate) fn with(key: &str) -> Vec<String> {
    let takes = |provider: &&str| ALL.get(*provider).is_some_and(|own| own.get(key).is_some());
    let of_all = COMMON_KEYS.contains(&key).then(|| "providers.NAME".to_owned());
    let own = KNOWN.into_iter().filter(takes).map(|provider| format!("providers.{provider}"));
    of_all.into_iter().chain(own).collect()
}

/// Every key of every known provider: `original`, `api_key`.
pub(crate) fn paths() -> Vec<Vec<String>> {
    let own = |provider: &str| -> Vec<Vec<String>> {
        let below = |path: Vec<String>| [vec![provider.to_owned()], path].concat();
        leaves(&section(provider)).into_iter().map(|(path, _)| below(path)).collect()
    };
    KNOWN.into_iter().flat_map(own).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Input, Settings};

    #[test]
    fn the_sample_is_a_section_that_every_provider_takes() {
        for provider in KNOWN {
            let sections = Table::from_iter([(provider.to_owned(), Value::Table(section(provider)))]);
            let file = Table::from_iter([("providers".to_owned(), Value::Table(sections))]);
            let input = Input { file: Some(("sample".to_owned(), file.to_string())), environment: Vec::new() };
            assert!(Settings::read(&input).is_ok(), "{:?}", Settings::read(&input).unwrap_err());
        }
    }
}
