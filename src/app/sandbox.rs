//! `gangway sandbox`: the providers and a mailbox, played, for developing against.

use gangway_sandbox::{Mischief, Options, ROLES};

use super::serve::told_to_stop;
use crate::terminal::{Exit, Failure, out};

/// Stands for the sending provider's name in the address of webhooks.
const PROVIDER: &str = "{provider}";
/// The provider that sends to an address without it.
const UNNAMED: &str = "original";

/// How the sandbox is started.
#[derive(Clone, Debug)]
pub struct SandboxOptions {
    /// Port of the providers' API; 0 takes a free one.
    pub port: u16,
    /// Port of the mailbox's SMTP; 0 takes a free one.
    pub smtp_port: u16,
    /// Where webhooks go; absent: none are sent.
    pub webhook_url: Option<String>,
    /// Seed of ids and mischief.
    pub seed: u64,
    /// What goes wrong, in the sandbox's words.
    pub mischief: Option<String>,
}

/// Plays until told to stop.
///
/// # Errors
/// When a port is taken or the mischief cannot be read.
pub async fn sandbox(asked: SandboxOptions) -> Result<Exit, Failure> {
    let mischief: Mischief = match asked.mischief.as_deref() {
        Some(text) => text.parse().map_err(|error| Failure::new(Exit::Usage, format!("--mischief: {error}")))?,
        None => Mischief::none(),
    };
    let options = Options {
        http: ([127, 0, 0, 1], asked.port).into(),
        smtp: ([127, 0, 0, 1], asked.smtp_port).into(),
        seed: asked.seed,
        mischief,
        ..Options::default()
    };
    let playing = gangway_sandbox::start(options)
        .await
        .map_err(|error| Failure::new(Exit::Unreachable, format!("the sandbox cannot listen: {error}")))?;
    let hook = asked.webhook_url.filter(|url| !url.is_empty());
    for role in ROLES {
        let its = |url: &&String| url.contains(PROVIDER) || role.name == UNNAMED;
        let url = hook.as_ref().filter(its).map(|url| url.replace(PROVIDER, role.name));
        playing.tell(role.name, url.as_deref());
    }
    for (name, value) in playing.keys() {
        out::data(&format!("{name}={value}"));
    }
    out::data(&format!("mailbox={}", playing.mailbox_url()));
    out::data(&format!("smtp=smtp://{}?tls=none", playing.smtp));
    told_to_stop().await;
    playing.stop().await;
    Ok(Exit::Well)
}
