//! The command line: one file a command. Data goes to stdout, everything else to stderr.
//! Arguments enter, an exit code leaves. Never here: how anything is done; commands call `app` and the read side.

#[cfg(not(feature = "sandbox"))]
mod absent;
mod aside;
mod audit;
mod check;
#[cfg(feature = "sandbox")]
mod demo;
mod draw;
mod event;
mod flow_files;
mod migrate;
mod opened;
#[cfg(feature = "sandbox")]
mod sandbox;
mod serve;
mod settings;
mod token;
mod user;
mod webhooks;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::terminal::{Exit, Failure, out};

const EXIT_CODES: &str = "\
Exit codes:
  0  all is well
  1  it ran, but not all is well
  2  usage, settings or flow error
  3  cannot reach a server, or cannot bind an address

Settings: compiled-in defaults < file < environment; `gangway settings` prints what is in force.
GANGWAY_LOG filters what is logged to stderr, such as info,gangway::engine=debug.";

/// Brings users on board at identity and wallet providers: one durable state machine per user, moved by every
/// webhook, message, timer and answer.
#[derive(Debug, Parser)]
#[command(name = "gangway", version, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[cfg(feature = "sandbox")]
    Demo(demo::Demo),
    #[cfg(not(feature = "sandbox"))]
    #[command(hide = true)]
    Demo(absent::Absent),
    Serve(serve::Serve),
    #[cfg(feature = "sandbox")]
    Sandbox(sandbox::Sandbox),
    #[cfg(not(feature = "sandbox"))]
    #[command(hide = true)]
    Sandbox(absent::Absent),
    Check(check::Check),
    Draw(draw::Draw),
    /// Looks up people.
    #[command(subcommand)]
    User(user::User),
    /// Manages events that have no owner.
    #[command(subcommand)]
    Event(event::Event),
    /// Lists and takes again what is kept apart: events that the database refuses, deliveries that failed verification.
    #[command(subcommand)]
    Aside(aside::Aside),
    /// Manages access tokens.
    #[command(subcommand)]
    Token(token::Token),
    /// Registers and lists our webhook addresses at the providers.
    #[command(subcommand)]
    Webhooks(webhooks::Webhooks),
    Audit(audit::Audit),
    Migrate(migrate::Migrate),
    Settings(settings::Show),
}

/// Which settings file is read.
#[derive(Clone, Debug, Default, Args)]
pub struct Config {
    /// Settings file [default: GANGWAY_CONFIG, then ./gangway.toml if it exists]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// Reads the arguments of this process and does what they say.
#[must_use]
pub fn main() -> ExitCode {
    // Before anything opens a connection; fails only when one is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            out::aside(&format!("cannot start: {error}"));
            return Exit::NotAllWell.into();
        }
    };
    match runtime.block_on(Box::pin(cli.command.run())) {
        Ok(Exit::Well) if out::lost() => Exit::NotAllWell.into(),
        Ok(exit) => exit.into(),
        Err(failure) => {
            out::aside(failure.message.trim_end());
            failure.exit.into()
        }
    }
}

/// The command line as it is declared, for the reference.
#[must_use]
pub fn declared() -> clap::Command {
    <Cli as clap::CommandFactory>::command()
}

impl Command {
    async fn run(self) -> Result<Exit, Failure> {
        match self {
            #[cfg(feature = "sandbox")]
            Self::Demo(command) => command.run().await,
            #[cfg(feature = "sandbox")]
            Self::Sandbox(command) => command.run().await,
            #[cfg(not(feature = "sandbox"))]
            Self::Demo(command) | Self::Sandbox(command) => command.run(),
            Self::Serve(command) => command.run().await,
            Self::Check(command) => command.run(),
            Self::Draw(command) => command.run(),
            Self::User(command) => command.run().await,
            Self::Event(command) => command.run().await,
            Self::Aside(command) => Box::pin(command.run()).await,
            Self::Token(command) => command.run().await,
            Self::Webhooks(command) => command.run().await,
            Self::Audit(command) => command.run().await,
            Self::Migrate(command) => command.run().await,
            Self::Settings(command) => command.run(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Cli;
    use clap::{CommandFactory, Parser, error::ErrorKind};

    #[test]
    fn the_commands_are_declared_without_contradiction_and_every_one_is_described() {
        let command = Cli::command();
        command.clone().debug_assert();
        let mut waiting = vec![command];
        while let Some(command) = waiting.pop() {
            assert!(command.get_about().is_some(), "{} says nothing", command.get_name());
            for argument in command.get_arguments() {
                assert!(argument.get_help().is_some(), "{} --{} says nothing", command.get_name(), argument.get_id());
            }
            waiting.extend(command.get_subcommands().filter(|command| command.get_name() != "help").cloned());
        }
    }

    #[test]
    fn the_contract_s_command_lines_are_understood() {
        let lines = [
            "demo",
            "demo --once --users 9 --port 0 --database-url postgres://x --amqp-url amqp://x --seed 7 --json",
            "serve",
            "serve --config a.toml",
            "sandbox --port 1 --smtp-port 2 --webhook-url http://x --seed 3 --mischief",
            "check a.yaml b.yaml",
            "draw a.yaml",
            "user show ada@example.com",
            "user show ada@example.com --json",
            "event adopt 17 --onboarding 01890a5d-ac96-774b-bcce-b302099a8057",
            "aside list --kind unverified --source unverified:original --json --raw",
            "aside take 01890a5d-ac96-774b-bcce-b302099a8057",
            "token add support --scope read,operate",
            "token add signup --scope publish --expires 90d --source /signup --source /crm",
            "token list --json",
            "token remove support",
            "webhooks register haven --url https://gangway.example.com/webhooks/haven --event wallet.created",
            "webhooks list",
            "audit --json",
            "migrate",
            "settings",
        ];
        for line in lines {
            let words = std::iter::once("gangway").chain(line.split(' '));
            assert!(Cli::try_parse_from(words).is_ok(), "{line}");
        }
    }

    #[test]
    fn wrong_usage_ends_with_2_and_help_with_0() {
        let usage =
            ["", "check", "token add x --scope fly", "token add x", "event adopt 17", "audit --user 3", "serve x"];
        for line in usage {
            let words = std::iter::once("gangway").chain(line.split(' ').filter(|word| !word.is_empty()));
            assert_eq!(Cli::try_parse_from(words).unwrap_err().exit_code(), 2, "{line}");
        }
        let help = Cli::try_parse_from(["gangway", "--help"]).unwrap_err();
        assert_eq!((help.kind(), help.exit_code()), (ErrorKind::DisplayHelp, 0));
        assert!(help.to_string().contains("Exit codes"));
    }
}
