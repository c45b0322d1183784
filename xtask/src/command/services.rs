//! `cargo xtask services`.
#![expect(clippy::print_stdout, reason = "the variables are this command's data")]

use super::Place;
use crate::services::Services;
use crate::{Result, wait};
use std::process::ExitCode;
use std::time::Duration;

/// What follows `cargo xtask services`: nothing.
#[derive(Debug, clap::Args)]
pub struct Arguments {}

pub(super) fn run(place: &Place, _: &Arguments) -> Result<ExitCode> {
    let services = Services::start(&place.root, &place.stop)?;
    for (name, value) in services.environment() {
        println!("export {name}={}", quoted(&value));
    }
    eprintln!("xtask: both servers are up until Ctrl-C");
    let _ = wait::until("Ctrl-C", Duration::MAX, &place.stop, || Ok(false));
    Ok(ExitCode::SUCCESS)
}

/// As one word of a shell.
fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_with_a_quote_stays_one_word() {
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }
}
