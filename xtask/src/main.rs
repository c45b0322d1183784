//! Development commands: see `cargo xtask --help`.

use clap::Parser;
use std::process::ExitCode;
use xtask::command::Command;

/// Development commands of gangway.
///
/// They need the Rust toolchain, and PostgreSQL and RabbitMQ from one of these, in this order: the URLs in
/// GANGWAY_TEST_POSTGRES_URL and GANGWAY_TEST_AMQP_URL; programs on this machine; Debian packages, installed when run
/// as root; containers of docker-compose.yml. What a command starts, it stops, also when it is interrupted.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

fn main() -> ExitCode {
    match Arguments::parse().command.run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}
