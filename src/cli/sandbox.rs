//! `gangway sandbox`: the providers and a mailbox, played.

use clap::Args;

use crate::terminal::{Exit, Failure};

/// Plays the providers and a mailbox, to develop and test against
///
/// Answers as the real providers do, sends their webhooks, and takes mail: GET /mailbox/messages?to= lists it,
/// GET /_calls?external_id= lists what the far end received. Prints url= and mailbox= lines.
#[derive(Clone, Debug, Args)]
pub(super) struct Sandbox {
    /// Port of the providers' API; 0 takes a free one
    #[arg(long, value_name = "PORT", default_value_t = 8090)]
    port: u16,
    /// Port of the mailbox's SMTP; 0 takes a free one
    #[arg(long, value_name = "PORT", default_value_t = 8025)]
    smtp_port: u16,
    /// Where webhooks go: gangway's address with path and secret, such as http://127.0.0.1:8080/webhooks/original/SECRET
    #[arg(long, value_name = "URL")]
    webhook_url: Option<String>,
    /// Seed of ids and mischief; the same seed plays the same
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// What goes wrong and how often: `all`, or such as `delay=0.1,duplicate=0.1,lost_done=0.05`
    #[arg(long, value_name = "WHAT", num_args = 0..=1, default_missing_value = "all")]
    mischief: Option<String>,
}

impl Sandbox {
    pub(super) async fn run(self) -> Result<Exit, Failure> {
        let Self { port, smtp_port, webhook_url, seed, mischief } = self;
        crate::app::sandbox(crate::app::SandboxOptions { port, smtp_port, webhook_url, seed, mischief }).await
    }
}
