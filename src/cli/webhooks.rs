//! `gangway webhooks`: our own addresses at the providers. A secret that comes back is kept sealed and never printed.

use clap::{Args, Subcommand};
use serde_json::json;

use super::{Config, opened};
use crate::terminal::{Exit, Failure, out};

#[derive(Debug, Subcommand)]
pub(super) enum Webhooks {
    Register(Register),
    List(List),
}

/// Registers our webhook address at a provider and keeps the secret that comes back
///
/// The provider shows the secret once. gangway seals it with the master key; every serving process accepts it as well
/// as those in the settings (set `registered = true` in the provider's webhook section). Prints the webhook's id.
#[derive(Debug, Args)]
pub(super) struct Register {
    /// The provider, as its section is named
    provider: String,
    /// Our address as the provider reaches it, such as https://HOST/webhooks/haven
    #[arg(long, value_name = "URL")]
    url: String,
    /// A kind of event to subscribe to; repeatable [default: every kind that the adapter reads]
    #[arg(long = "event", value_name = "KIND")]
    events: Vec<String>,
    #[command(flatten)]
    config: Config,
}

/// Lists the webhooks that were registered from here
#[derive(Debug, Args)]
pub(super) struct List {
    /// As JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    config: Config,
}

impl Webhooks {
    pub(super) async fn run(self) -> Result<Exit, Failure> {
        match self {
            Self::Register(register) => register.run().await,
            Self::List(list) => list.run().await,
        }
    }
}

impl Register {
    async fn run(self) -> Result<Exit, Failure> {
        let settings = opened::settings(&self.config)?;
        let store = opened::store(&settings).await?;
        let made = crate::app::register(&settings, &store, &self.provider, &self.url, &self.events).await?;
        out::data(&made.webhook_id);
        out::aside(match made.secret {
            Some(_) => "registered; its secret is kept sealed and not shown",
            None => "registered; this provider gives no secret, see its page in docs/providers for how to verify",
        });
        Ok(Exit::Well)
    }
}

impl List {
    async fn run(self) -> Result<Exit, Failure> {
        let settings = opened::settings(&self.config)?;
        let store = opened::store(&settings).await?;
        store.migrate().await?;
        for webhook in store.webhooks().await? {
            let (provider, id, since) = (&webhook.provider, &webhook.webhook_id, webhook.since.to_string());
            let kept = webhook.secret.is_some();
            out::data(&match self.json {
                true => json!({"provider": provider, "webhook_id": id, "since": since, "secret": kept}).to_string(),
                false => format!("{provider}  {id}  since {since}  {}", if kept { "secret kept" } else { "no secret" }),
            });
        }
        Ok(Exit::Well)
    }
}
