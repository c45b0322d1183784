//! `gangway webhooks register`: tells a provider our address, and keeps the secret that it shows once.

use std::sync::Arc;

use gangway_core::outcome::AttemptResult;
use secrecy::SecretString;
use serde_json::{Map, Value, json};

use super::ask;
use crate::app::{Seams, adapters};
use crate::outbound::attempt::call::Way;
use crate::outbound::http::Tokens;
use crate::outbound::{HttpSender, Limits};
use crate::settings::Settings;
use crate::store::Store;
use crate::store::webhooks::Webhook;
use crate::terminal::{Exit, Failure};

/// Registers our address at a provider for these kinds of events (none: those that the adapter asks for by itself), and
/// keeps what came back. The database is asked first, so that a secret that is shown once finds its place.
///
/// # Errors
/// When the provider is not set up, refuses, or does not answer; says what may have been done.
pub async fn register(
    settings: &Settings,
    store: &Store,
    provider: &str,
    url: &str,
    events: &[String],
) -> Result<Webhook, Failure> {
    let usage = |what: String| Failure::new(Exit::Usage, what);
    let adapters = adapters::build(settings)?;
    let Some(adapter) = adapters.by_name.get(provider) else {
        let known: Vec<&str> = adapters.by_name.keys().map(String::as_str).collect();
        return Err(usage(format!("providers.{provider} is not set up; there are: {}", known.join(", "))));
    };
    store.migrate().await?;
    let seams = Seams::real();
    let limits = Arc::new(Limits::default());
    limits.take_up([&**adapter]);
    let sender = HttpSender::new(&settings.outbound, limits, Arc::clone(&seams.clock));
    let (sender, tokens) = (sender.map_err(usage)?, Tokens::default());
    let way = Way { adapter: &**adapter, transport: &sender, tokens: &tokens };
    let mut input = Map::from_iter([("url".to_owned(), json!(url))]);
    if !events.is_empty() {
        input.insert("events".to_owned(), json!(events));
    }
    let result =
        ask(way, (&*seams.clock, &*seams.chance), "register_webhook", input, settings.outbound.attempt_timeout()).await;
    let failed = |what: String| Failure::new(Exit::NotAllWell, format!("{provider}: {what}"));
    let answer = match result {
        AttemptResult::Done(answer) if answer.outcome == "registered" => answer,
        AttemptResult::Done(answer) => {
            let reason = answer.fields.get("reason").and_then(Value::as_str).unwrap_or_default();
            return Err(failed(format!("{} {reason}", answer.outcome)));
        }
        AttemptResult::Unknown { cause } => {
            let hint = "it may have been made; look into the provider's console before you repeat this";
            return Err(failed(format!("{cause}; {hint}")));
        }
        AttemptResult::Again { cause, .. } => {
            return Err(Failure::new(Exit::Unreachable, format!("{provider}: {cause}; nothing was made")));
        }
        AttemptResult::Broken { cause } => return Err(failed(cause)),
        AttemptResult::NotDone => return Err(failed("nothing was made".to_owned())),
    };
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    let webhook = Webhook {
        provider: provider.to_owned(),
        webhook_id: text(answer.fields.get("webhook_id")).unwrap_or_default(),
        url: url.to_owned().into(),
        secret: text(answer.secrets.0.get("webhook_secret")).map(SecretString::from),
        since: seams.clock.now(),
    };
    store.add_webhook(&webhook).await.map_err(|error| {
        let id = &webhook.webhook_id;
        failed(format!("made as {id}, but not kept ({error}): remove it at the provider and register again"))
    })?;
    Ok(webhook)
}
