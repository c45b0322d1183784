//! `gangway demo`: everything embedded, to watch people being brought on board.

use clap::Args;

use crate::terminal::{Exit, Failure};

/// Shows gangway at work: SQLite, providers played by the sandbox, a mailbox; sign-ups through every shipped flow
///
/// Nothing needs to be installed and nothing leaves this machine, but everything goes over real HTTP. Prints url=,
/// token= and mailbox= lines, then one row for each user; goes on serving until stopped, unless --once is given.
#[derive(Clone, Debug, Args)]
pub(super) struct Demo {
    /// End after every user has come to an end; 1 when one did not end well
    #[arg(long)]
    once: bool,
    /// How many users sign up
    #[arg(long, value_name = "N", default_value_t = 18)]
    users: u32,
    /// Port of API and webhooks; 0 takes a free one [default: 8080, or a free one when that is taken]
    #[arg(long, value_name = "P")]
    port: Option<u16>,
    /// Database instead of a SQLite file that is thrown away
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
    /// RabbitMQ; without it sign-ups go over HTTP only
    #[arg(long, value_name = "URL")]
    amqp_url: Option<String>,
    /// Seed of users and of the sandbox's mischief; the same seed plays the same
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Print the table as JSON lines
    #[arg(long)]
    json: bool,
}

impl Demo {
    pub(super) async fn run(self) -> Result<Exit, Failure> {
        let Self { once, users, port, database_url, amqp_url, seed, json } = self;
        crate::app::demo(crate::app::DemoOptions { once, users, port, database_url, amqp_url, seed, json }).await
    }
}
