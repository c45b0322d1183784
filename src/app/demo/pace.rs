//! The shipped flows at the demo's pace: a minute of theirs takes three seconds. Texts of flow files enter, texts with
//! shorter times leave; nothing else in them changes, and gangway reads them like any flows, from a folder.

use std::io;
use std::path::{Path, PathBuf};

use crate::app::SHIPPED;
use crate::settings::duration;

/// So much shorter is every wait.
const QUICKER: u64 = 20;
/// Milliseconds of the shortest wait: no poll may come oftener.
const LEAST: u64 = 100;

/// Keys of a flow file that take lengths of time, at the beginning of their line.
const KEYS: [&str; 4] = ["after:", "every:", "within:", "wait:"];

/// Writes all of them below this folder. With a database that stays, they get versions of their own: the shipped
/// numbers keep their meaning there.
pub(super) fn write(folder: &Path, stays: bool) -> io::Result<PathBuf> {
    let flows = folder.join("flows");
    std::fs::create_dir(&flows)?;
    for (name, text) in SHIPPED {
        let name = name.rsplit('/').next().unwrap_or(name);
        std::fs::write(flows.join(name), quicker(text, stays))?;
    }
    Ok(flows)
}

fn quicker(text: &str, own_version: bool) -> String {
    let line = |line: &str| {
        let version = line.strip_prefix("version: ").filter(|_| own_version);
        version.map_or_else(|| quicker_line(line), |version| format!("version: 9{version}"))
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n") + "\n"
}

fn quicker_line(line: &str) -> String {
    let bare = line.trim_start();
    let Some(key) = KEYS.iter().find(|key| bare.starts_with(**key)) else { return line.to_owned() };
    let indent = &line[..line.len() - bare.len()];
    let value = bare.trim_start_matches(key).split('#').next().unwrap_or_default().trim();
    let times: Option<Vec<String>> = value
        .split("..")
        .map(|time| duration::parse(time).ok().map(|time| format!("{}ms", (time.0 / QUICKER).max(LEAST))))
        .collect();
    times.map_or_else(|| line.to_owned(), |times| format!("{indent}{key} {}", times.join("..")))
}

#[cfg(test)]
mod tests {
    use gangway_core::flow;
    use gangway_core::flow::model::{Flow, Verb};

    use super::{LEAST, QUICKER, quicker};
    use crate::app::SHIPPED;
    use crate::settings::{Input, Settings};

    fn loaded(texts: &[(&str, &str)]) -> Vec<Flow> {
        let settings = Settings::read(&Input { file: None, environment: Vec::new() }).unwrap();
        flow::load_all(texts, &crate::app::catalogue(&settings).unwrap()).unwrap_or_else(|it| panic!("{}", it.rendered))
    }

    /// Every time in a flow.
    fn times(flow: &Flow) -> Vec<u64> {
        let of = |verb: &Verb| match verb {
            Verb::Await(wait) => {
                let poll = wait.poll.iter().flat_map(|poll| [poll.after, poll.every_min, poll.every_max]);
                std::iter::once(wait.within).chain(poll).map(|time| time.0).collect()
            }
            Verb::Wait { length, .. } => vec![length.0],
            _ => Vec::new(),
        };
        flow.states.values().flat_map(|state| of(&state.verb)).collect()
    }

    #[test]
    fn a_quicker_flow_is_the_shipped_one_with_every_time_divided() {
        let texts: Vec<(&str, String)> = SHIPPED.iter().map(|(name, text)| (*name, quicker(text, true))).collect();
        let quick: Vec<(&str, &str)> = texts.iter().map(|(name, text)| (*name, text.as_str())).collect();
        for (shipped, quick) in loaded(SHIPPED).iter().zip(loaded(&quick)) {
            let divided: Vec<u64> = times(shipped).iter().map(|time| (time / QUICKER).max(LEAST)).collect();
            assert_eq!(times(&quick), divided, "{}", shipped.id.name);
            assert!(shipped.states.keys().eq(quick.states.keys()));
            assert_ne!(shipped.id.version, quick.id.version);
        }
    }
}
