//! `cargo xtask bench`.

use super::{Place, cargo};
use crate::services::Services;
use crate::{Error, Result};
use std::path::Path;
use std::process::ExitCode;

/// What follows `cargo xtask bench`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  cargo xtask bench\n  cargo xtask bench accept\n  \
                        cargo xtask bench accept -- --seconds 5")]
pub struct Arguments {
    /// Only benchmarks with this in their name
    name: Option<String>,
    /// Handed on to the benchmarks
    #[arg(last = true)]
    rest: Vec<String>,
}

pub(super) fn run(place: &Place, arguments: &Arguments) -> Result<ExitCode> {
    let names = names(&place.root.join("benches"), arguments.name.as_deref().unwrap_or_default());
    if names.is_empty() {
        return Err(Error::new("there is no benchmark of that name in the folder `benches`"));
    }
    let mut call = vec!["bench".to_owned(), "--locked".to_owned()];
    call.extend(names.into_iter().flat_map(|name| ["--bench".to_owned(), name]));
    call.push("--".to_owned());
    call.extend(arguments.rest.iter().cloned());
    let services = Services::start(&place.root, &place.stop)?;
    let status = cargo::run(place, call, &services.environment())?;
    Ok(cargo::exit_code(status))
}

/// Takes an hour and tens of gigabytes: only when it is asked for.
const ONLY_BY_NAME: &str = "years";

/// `NAME.rs` and `NAME/main.rs`, sorted.
fn names(folder: &Path, part: &str) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .filter_map(|entry| {
            let path = entry.path();
            let is_bench = path.extension().is_some_and(|e| e == "rs") || path.join("main.rs").is_file();
            is_bench.then(|| path.file_stem()?.to_str().map(str::to_owned)).flatten()
        })
        .filter(|name| name.contains(part) && (name != ONLY_BY_NAME || !part.is_empty()))
        .collect();
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;
    use std::fs;

    #[test]
    fn a_folder_without_a_main_file_is_not_a_benchmark() {
        let scratch = Scratch::create("unit").unwrap();
        for folder in ["load", "common"] {
            fs::create_dir(scratch.path().join(folder)).unwrap();
        }
        for file in ["load/main.rs", "common/mod.rs", "accept.rs", "notes.md"] {
            fs::write(scratch.path().join(file), "").unwrap();
        }
        assert_eq!(names(scratch.path(), ""), ["accept", "load"]);
        assert_eq!(names(scratch.path(), "acc"), ["accept"]);
    }

    #[test]
    fn the_bench_that_takes_an_hour_runs_only_when_it_is_asked_for() {
        let scratch = Scratch::create("unit").unwrap();
        for file in ["accept.rs", "years.rs"] {
            fs::write(scratch.path().join(file), "").unwrap();
        }
        assert_eq!(names(scratch.path(), ""), ["accept"]);
        assert_eq!(names(scratch.path(), "years"), ["years"]);
    }
}
