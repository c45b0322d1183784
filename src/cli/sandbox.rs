//! `gangway sandbox`: the providers and a mailbox, played.

use clap::Args;

use crate::terminal::{Exit, Failure};

const TRAPS: &str = "\
Words in a user's external id that make one thing go wrong for that user only:
  -exists      the user exists already, with another e-mail address
  -refused     the user is refused
  -down        every attempt to make the user is answered 5xx
  -lost        the user is made, the reply lost
  -undone      the connection is cut before anything is done
  -slow        the connection is cut, the user made a moment later
  -assetlost   the asset is made, the reply lost
  -nowallet    the wallet never comes
  -silent      no webhook is sent
E-mail addresses that begin with bounce are refused for good, with later for now; with mailcut, the mail is taken and the \
last reply lost, once.";

/// Plays the providers and a mailbox, to develop and test against
///
/// Answers as the real providers do, sends their webhooks, and takes mail; nothing is kept once it stops. Prints
/// original=, api_key= and api_secret= (for the settings of the provider), mailbox= and smtp= lines. For counting:
/// GET /mailbox/messages?to= lists mails, GET /_calls?external_id= what the far end received, GET /_calls/summary sums.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = TRAPS)]
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
