//! `cargo xtask test`.

use super::{Place, cargo};
use crate::Result;
use crate::services::Services;
use std::process::ExitCode;

/// What follows `cargo xtask test`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  cargo xtask test\n  cargo xtask test -- duplicate\n  \
                        cargo xtask test -- -p gangway --test tidy -- --nocapture")]
pub struct Arguments {
    /// Handed on to `cargo test`: a filter, or options after `--`
    #[arg(trailing_var_arg = true)]
    rest: Vec<String>,
}

pub(super) fn run(place: &Place, arguments: &Arguments) -> Result<ExitCode> {
    let services = Services::start(&place.root, &place.stop)?;
    let status = cargo::run(place, cargo_arguments(&arguments.rest), &services.environment())?;
    Ok(cargo::exit_code(status))
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
