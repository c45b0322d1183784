//! A provider's section has no defaults in `gangway.default.toml`, because a provider without a section is not there.
//! So a sample tells what kind of value each of its keys takes: what the environment must hold, and what is refused.

use std::sync::LazyLock;

use toml::{Table, Value};

use super::installed::KNOWN;

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

static ALL: LazyLock<Table> = LazyLock::new(|| {
    let own = [didx::SAMPLE, generic::SAMPLE, guardian::SAMPLE, haven::SAMPLE, original::SAMPLE, waltid::SAMPLE];
    [COMMON].iter().chain(&own).copied().collect::<Vec<_>>().join("\n").parse().unwrap_or_default()
});

/// A value that could stand at this path below `providers`; none when the sample does not know the key.
pub(crate) fn of(provider: &str, path: &[String]) -> Option<&'static Value> {
    let provider = if KNOWN.contains(&provider) { provider } else { "generic" };
    let own = ALL.get(provider).and_then(Value::as_table).and_then(|own| at(own, path));
    own.or_else(|| at(&ALL, path))
}

fn at<'a>(table: &'a Table, path: &[String]) -> Option<&'a Value> {
    let (last, parents) = path.split_last()?;
    parents.iter().try_fold(table, |table, part| table.get(part)?.as_table())?.get(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Input, Settings};

    #[test]
    fn the_sample_is_a_section_that_every_provider_takes() {
        let mut common = ALL.clone();
        common.remove("generic");
        common.retain(|key, _| KNOWN.iter().all(|provider| *provider != key));
        common.remove("webhook_secret");
        for provider in KNOWN {
            let mut section = common.clone();
            section.extend(ALL.get(provider).and_then(Value::as_table).cloned().unwrap_or_default());
            let file = Table::from_iter([(
                "providers".to_owned(),
                Value::Table(Table::from_iter([(provider.to_owned(), Value::Table(section))])),
            )]);
            let input = Input { file: Some(("sample".to_owned(), file.to_string())), environment: Vec::new() };
            assert!(Settings::read(&input).is_ok(), "{:?}", Settings::read(&input).unwrap_err());
        }
    }
}
