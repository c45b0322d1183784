//! `gangway sandbox`: the providers and a mailbox, played.

use clap::Args;
use gangway_sandbox::{ROLES, traps};

use crate::terminal::{Exit, Failure};

/// The catalogue of traps, as the sandbox declares it.
fn catalogue() -> String {
    let mut text =
        "Words that make one thing go wrong for one user, and where each provider looks for them:\n".to_owned();
    let providers = ROLES.iter().map(|role| (role.title, role.steered_by, role.traps));
    let mailbox = ("Mailbox", "beginning of the e-mail address", traps::mailbox::ALL);
    for (title, steered_by, traps) in providers.chain([mailbox]) {
        text.push_str(&format!("\n{title} ({steered_by}):\n"));
        for trap in traps {
            text.push_str(&format!("  {:<19} {}\n", trap.word, trap.what));
        }
    }
    text.truncate(text.trim_end().len());
    text
}

/// Plays the providers and a mailbox, to develop and test against
///
/// Answers as the real providers do, sends their webhooks, and takes mail; nothing is kept once it stops. Prints where
/// each provider is, under its name, and the keys for its settings, then mailbox= and smtp=. For counting:
/// GET /mailbox/messages?to= lists mails, GET /_calls?external_id= what the far end received, GET /_calls/summary sums,
/// GET /_secrets every secret that was received or handed out.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = catalogue())]
pub(super) struct Sandbox {
    /// Port of the providers' API; 0 takes a free one
    #[arg(long, value_name = "PORT", default_value_t = 8090)]
    port: u16,
    /// Port of the mailbox's SMTP; 0 takes a free one
    #[arg(long, value_name = "PORT", default_value_t = 8025)]
    smtp_port: u16,
    /// Where Original's webhooks go: gangway's address with path and secret, such as
    /// http://127.0.0.1:8080/webhooks/original/SECRET; with {provider} in it, those of every provider that sends any
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
