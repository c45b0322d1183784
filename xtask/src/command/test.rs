//! `cargo xtask test`.

use super::{Place, cargo};
use crate::services::Services;
use crate::{Result, busy};
use std::process::ExitCode;

/// What follows `cargo xtask test`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  cargo xtask test\n  cargo xtask test -- duplicate\n  \
                        cargo xtask test -- -p gangway --test tidy -- --nocapture\n  \
                        cargo xtask test --busy --times 10")]
pub struct Arguments {
    /// Keep every core busy with something else meanwhile: a test must not need an idle machine
    #[arg(long)]
    busy: bool,
    /// Run everything so often, up to the first time that something fails
    #[arg(long, value_name = "N", default_value_t = 1)]
    times: u32,
    /// Handed on to `cargo test`: a filter, or options after `--`
    #[arg(trailing_var_arg = true)]
    rest: Vec<String>,
}

pub(super) fn run(place: &Place, arguments: &Arguments) -> Result<ExitCode> {
    let services = Services::start(&place.root, &place.stop)?;
    let run = || cargo::run(place, cargo_arguments(&arguments.rest), &services.environment());
    if arguments.busy {
        // What is compiled while the cores are busy only takes longer.
        let built = cargo::run(place, cargo_arguments(&with_no_run(&arguments.rest)), &services.environment())?;
        if !built.success() {
            return Ok(cargo::exit_code(built));
        }
    }
    let _spinning = arguments.busy.then(busy::every_core).transpose()?;
    for time in 1..=arguments.times {
        if arguments.times > 1 {
            eprintln!("xtask: time {time} of {}", arguments.times);
        }
        let status = run()?;
        if !status.success() {
            return Ok(cargo::exit_code(status));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// These arguments, for a build only: `--no-run` goes before what the test binaries are told.
fn with_no_run(rest: &[String]) -> Vec<String> {
    let own = rest.iter().take_while(|argument| *argument != "--");
    own.cloned().chain(["--no-run".to_owned()]).collect()
}

/// Everything, unless packages are named.
pub(super) fn cargo_arguments(rest: &[String]) -> Vec<String> {
    let own = rest.iter().take_while(|argument| *argument != "--");
    let named = own.into_iter().any(|a| a == "-p" || a == "--package" || a.starts_with("--package="));
    let scope: &[&str] = if named { &[] } else { &["--workspace"] };
    let fixed = ["test"].iter().chain(scope).chain(&["--locked"]);
    fixed.map(ToString::to_string).chain(rest.iter().cloned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(rest: &[&str]) -> String {
        cargo_arguments(&rest.iter().map(ToString::to_string).collect::<Vec<_>>()).join(" ")
    }

    #[test]
    fn a_filter_runs_over_the_whole_workspace() {
        assert_eq!(arguments(&["held"]), "test --workspace --locked held");
    }

    #[test]
    fn a_named_package_is_run_alone() {
        assert_eq!(arguments(&["-p", "gangway"]), "test --locked -p gangway");
    }

    #[test]
    fn an_option_of_the_test_binary_is_not_taken_for_a_package() {
        assert_eq!(arguments(&["--", "-p"]), "test --workspace --locked -- -p");
    }
}
