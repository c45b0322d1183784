//! The commands, one file each.

mod bench;
mod cargo;
mod ci;
mod services;
mod test;

use crate::Result;
use crate::error::Doing;
use crate::wait::Stop;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What `cargo xtask` can do.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Run every test against a real PostgreSQL and a real RabbitMQ of this run's own.
    ///
    /// Does `cargo test --workspace --locked` once, with no retries. Tests find the servers in
    /// GANGWAY_TEST_POSTGRES_URL and GANGWAY_TEST_AMQP_URL; where these are set already, those servers are used and
    /// none is started.
    Test(test::Arguments),
    /// Bring both servers up, print how to reach them, and keep them until Ctrl-C.
    ///
    /// For working by hand: copy the `export` lines into another shell, and `cargo test` there uses these servers.
    Services(services::Arguments),
    /// Everything that must pass before a merge: format, lints, documentation, tests.
    ///
    /// Stops at the first stage that fails, and prints the duration of each. All stages share one set of compiler
    /// flags, so that nothing is built twice.
    Ci(ci::Arguments),
    /// Run the benchmarks of the folder `benches`, optimised, with both servers up.
    Bench(bench::Arguments),
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// When something could not be started or was interrupted. A failed test is an exit code, not an error.
    pub fn run(self) -> Result<ExitCode> {
        let place = Place { root: root()?, stop: Stop::on_signals()? };
        match self {
            Self::Test(arguments) => test::run(&place, &arguments),
            Self::Services(arguments) => services::run(&place, &arguments),
            Self::Ci(arguments) => ci::run(&place, &arguments),
            Self::Bench(arguments) => bench::run(&place, &arguments),
        }
    }
}

/// Where a command works, and when it must give up.
pub(crate) struct Place {
    /// The workspace.
    pub(crate) root: PathBuf,
    /// Set by Ctrl-C and its kin.
    pub(crate) stop: Stop,
}

fn root() -> Result<PathBuf> {
    let folder = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    Path::new(&folder).join("..").canonicalize().doing("cannot find the workspace")
}
