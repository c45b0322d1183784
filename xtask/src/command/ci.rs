//! `cargo xtask ci`.

use super::{Place, cargo, test};
use crate::Result;
use crate::services::Services;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// What follows `cargo xtask ci`: nothing.
#[derive(Debug, clap::Args)]
pub struct Arguments {}

const FORMAT: [&str; 3] = ["fmt", "--all", "--check"];
const LINTS: [&str; 7] = ["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"];
/// The library and the program without the played providers. With one small test, which has the dependencies of all
/// tests, the features of everything else stay as `LINTS` has them, so that only gangway itself is checked again.
const WITHOUT: [&str; 11] = [
    "clippy",
    "--workspace",
    "--lib",
    "--bins",
    "--test",
    "tidy",
    "--no-default-features",
    "--locked",
    "--",
    "-D",
    "warnings",
];
const DOCS: [&str; 4] = ["doc", "--workspace", "--no-deps", "--locked"];

pub(super) fn run(place: &Place, _: &Arguments) -> Result<ExitCode> {
    let mut stages = Stages(Vec::new());
    let result = stages.run_all(place);
    stages.report();
    result
}

struct Stages(Vec<(&'static str, Duration)>);

impl Stages {
    fn run_all(&mut self, place: &Place) -> Result<ExitCode> {
        // Seen by rustdoc only: the compiler's flags, and so its cache, stay as they are.
        let docs = [("RUSTDOCFLAGS".to_owned(), "-D warnings".to_owned())];
        for (name, arguments, variables) in [
            ("format", &FORMAT[..], &[][..]),
            ("lints", &LINTS, &[]),
            ("no sandbox", &WITHOUT, &[]),
            ("documentation", &DOCS, &docs),
        ] {
            let status = self.time(name, || cargo::run(place, arguments, variables))?;
            if !status.success() {
                return Ok(cargo::exit_code(status));
            }
        }
        let services = self.time("servers", || Services::start(&place.root, &place.stop))?;
        let variables = services.environment();
        let status = self.time("tests", || cargo::run(place, test::cargo_arguments(&[]), &variables))?;
        Ok(cargo::exit_code(status))
    }

    fn time<T>(&mut self, name: &'static str, stage: impl FnOnce() -> T) -> T {
        eprintln!("xtask: {name}");
        let began = Instant::now();
        let result = stage();
        self.0.push((name, began.elapsed()));
        result
    }

    fn report(&self) {
        for (name, duration) in &self.0 {
            eprintln!("xtask: {name:<14} {:>7.1} s", duration.as_secs_f64());
        }
    }
}
