//! `gangway sandbox`: the providers and a mailbox, played, for developing against.

use gangway_sandbox::{HavenOptions, Mischief, Options, Running};

use super::serve::told_to_stop;
use crate::terminal::{Exit, Failure, out};

/// Stands in the address of webhooks for the name of whoever sends them.
const PROVIDER: &str = "{provider}";

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
    let hook = asked.webhook_url.filter(|url| !url.is_empty());
    let everybody = hook.as_ref().filter(|url| url.contains(PROVIDER));
    let to = |provider: &str| everybody.map(|url| url.replace(PROVIDER, provider));
    let mut options = Options {
        http: ([127, 0, 0, 1], asked.port).into(),
        smtp: ([127, 0, 0, 1], asked.smtp_port).into(),
        webhook_url: hook.as_ref().map(|url| url.replace(PROVIDER, "original")),
        seed: asked.seed,
        mischief,
        ..Options::default()
    };
    (options.didx.webhook_url, options.haven.webhook_url) = (to("didx"), to("haven"));
    let keys = options.clone();
    let playing = gangway_sandbox::start(options)
        .await
        .map_err(|error| Failure::new(Exit::Unreachable, format!("the sandbox cannot listen: {error}")))?;
    for (name, value) in addresses(&playing, &keys) {
        out::data(&format!("{name}={value}"));
    }
    told_to_stop().await;
    playing.stop().await;
    Ok(Exit::Well)
}

/// Where everything is, and with which keys it opens. The private key is on one line: `\\n` stands for
/// each of its line breaks, as a TOML text has it.
fn addresses(playing: &Running, keys: &Options) -> Vec<(&'static str, String)> {
    let Options { original, didx, guardian, waltid, haven, .. } = keys;
    vec![
        ("original", playing.original_url()),
        ("api_key", original.api_key.clone()),
        ("api_secret", original.api_secret.clone()),
        ("didx", playing.didx_url()),
        ("didx_client_id", didx.client_id.clone()),
        ("didx_client_secret", didx.client_secret.clone()),
        ("guardian", playing.guardian_url()),
        ("guardian_username", guardian.registry_username.clone()),
        ("guardian_registry_password", guardian.registry_password.clone()),
        ("waltid", playing.waltid_url()),
        ("waltid_org", playing.waltid_org_url()),
        ("waltid_organization", waltid.organisation.clone()),
        ("waltid_email", waltid.admin_email.clone()),
        ("waltid_password", waltid.admin_password.clone()),
        ("waltid_api_key", waltid.api_key.clone()),
        ("haven", playing.haven_url()),
        ("haven_service_token", haven.service_token.clone()),
        ("haven_credential_id", haven.credential_id.clone()),
        ("haven_service_key", HavenOptions::PRIVATE_KEY.trim().replace('\n', "\\n")),
        ("haven_org_id", haven.org_id.clone()),
        ("haven_webhook_secret", haven.webhook_secret.clone()),
        ("mailbox", playing.mailbox_url()),
        ("smtp", format!("smtp://{}?tls=none", playing.smtp)),
    ]
}
