//! `gangway demo`: everything embedded, to watch people being brought on board.

use clap::Args;

use crate::terminal::{Exit, Failure};

/// Shows gangway at work: SQLite, providers played by the sandbox, a mailbox; sign-ups through every shipped flow
///
/// Nothing needs to be installed and nothing leaves this machine, but everything goes over real HTTP. The first six
/// users are ordinary ones, one for each flow; those after them walk into every trap of the sandbox once, in an order
/// that the seed decides. Waits of the flows are a twentieth of what is shipped. Prints url=, token= and mailbox=
/// lines, then for each flow and trap how many came on board, were told "exists", wait, or are in review, and why; goes
/// on serving until stopped, unless --once is given.
#[derive(Clone, Debug, Args)]
pub(super) struct Demo {
    /// Exit when every user is where the scenario says; exit with 1 if one is not, or if a provider did anything twice
    #[arg(long)]
    once: bool,
    /// How many users sign up
    #[arg(long, value_name = "N", default_value_t = 96)]
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
        // Boxed: it starts and stops everything, and need not lie on every caller's stack.
        Box::pin(crate::app::demo(crate::app::DemoOptions { once, users, port, database_url, amqp_url, seed, json }))
            .await
    }
}
