//! `gangway demo` and `gangway sandbox` in a build without the feature `sandbox`: they are not listed, and say why.

use std::ffi::OsString;

use clap::Args;

use crate::terminal::{Exit, Failure};

/// Not in this build
#[derive(Clone, Debug, Args)]
#[command(disable_help_flag = true)]
pub(super) struct Absent {
    /// Whatever it would have taken
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    _asked: Vec<OsString>,
}

impl Absent {
    pub(super) fn run(self) -> Result<Exit, Failure> {
        Err(Failure::new(
            Exit::Usage,
            "this gangway was built without the played providers (cargo build --no-default-features), so it has no demo \
             and no sandbox; a build with the feature `sandbox`, which is on by default, has both",
        ))
    }
}
