//! Runs cargo as a group that can be stopped with everything it runs.

use super::Place;
use crate::Result;
use crate::group::Group;
use nix::sys::signal::Signal;
use std::process::{Command, ExitCode, ExitStatus, Stdio};

/// Runs `cargo` with these arguments and variables in the workspace.
pub(super) fn run<A: AsRef<std::ffi::OsStr>>(
    place: &Place,
    arguments: impl IntoIterator<Item = A>,
    variables: &[(String, String)],
) -> Result<ExitStatus> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(arguments).current_dir(&place.root).stdin(Stdio::null());
    for (name, value) in variables {
        command.env(name, value);
    }
    Group::spawn("cargo", &mut command, Signal::SIGINT)?.wait(&place.stop)
}

/// Cargo's own exit code.
pub(super) fn exit_code(status: ExitStatus) -> ExitCode {
    status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from)
}
