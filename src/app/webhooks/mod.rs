//! Our own webhook addresses at the providers: registering them, using the secrets that came back together with those
//! of the settings, and reading back deliveries that did not arrive. These conversations are our own: no onboarding
//! asks for them.

mod missed;
mod register;

use std::collections::BTreeMap;

use gangway_core::effect::{EffectId, Mode};
use gangway_core::event::OnboardingId;
use gangway_core::outcome::AttemptResult;
use gangway_core::time::Millis;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value};

pub(super) use self::missed::ReadBack;
pub use self::register::register;
use super::parts::std_time;
use crate::clock::{Chance, Clock};
use crate::outbound::attempt::call::{Progress, Way, converse};
use crate::providers::Call;
use crate::providers::webhook::WebhookSettings;
use crate::store::webhooks::Webhook;

/// Secrets of the webhooks that were registered, by provider.
#[derive(Clone, Debug, Default)]
pub(super) struct Registered(BTreeMap<String, Vec<SecretString>>);

impl Registered {
    /// The settings of a provider's webhooks with these secrets added to their own, where they ask for them.
    pub fn beside(&self, provider: &str, settings: &WebhookSettings) -> WebhookSettings {
        let mut settings = settings.clone();
        let kept = self.0.get(provider).filter(|_| settings.registered);
        settings.secrets.extend(kept.into_iter().flatten().cloned());
        settings
    }

    /// Whether there are other secrets than these.
    pub fn differs(&self, other: &Self) -> bool {
        let plain = |registered: &Self| -> Vec<(String, Vec<String>)> {
            let text = |secret: &SecretString| secret.expose_secret().to_owned();
            registered.0.iter().map(|(name, secrets)| (name.clone(), secrets.iter().map(text).collect())).collect()
        };
        plain(self) != plain(other)
    }
}

impl From<Vec<Webhook>> for Registered {
    fn from(webhooks: Vec<Webhook>) -> Self {
        let mut registered = Self::default();
        for Webhook { provider, secret, .. } in webhooks {
            registered.0.entry(provider).or_default().extend(secret);
        }
        registered
    }
}

/// Has a conversation with a provider that no onboarding asked for: one attempt under a name of its own, and no record
/// of it.
async fn ask(
    way: Way<'_>,
    (clock, chance): (&dyn Clock, &dyn Chance),
    action: &str,
    input: Map<String, Value>,
    limit: Millis,
) -> AttemptResult {
    let effect = EffectId { onboarding: OnboardingId(chance.id(clock.now())), n: 0 };
    let call = Call { action, input: &input, effect, attempt: 1, mode: Mode::Do, uncertain_since: None };
    let progress = Progress::default();
    let talk = converse(way, clock, &call, &progress);
    match tokio::time::timeout(std_time(limit), talk).await {
        Ok(attempted) => attempted.result,
        Err(_) => progress.timed_out(limit, clock.now()).result,
    }
}

#[cfg(test)]
mod tests {
    use super::Registered;
    use crate::providers::webhook::WebhookSettings;
    use crate::store::webhooks::Webhook;
    use gangway_core::time::Timestamp;

    #[test]
    fn registered_secrets_count_only_where_the_settings_ask_for_them_and_only_for_their_provider() {
        let webhook = Webhook {
            provider: "acme".to_owned(),
            webhook_id: "h-1".to_owned(),
            url: "https://example.org/webhooks/acme".to_owned().into(),
            secret: Some("registered".to_owned().into()),
            since: Timestamp(0),
        };
        let registered = Registered::from(vec![webhook]);
        let beside = |provider: &str, asked| {
            let settings = WebhookSettings {
                registered: asked,
                secrets: vec!["given".to_owned().into()],
                ..WebhookSettings::default()
            };
            registered.beside(provider, &settings).secrets.len()
        };
        assert_eq!((beside("acme", true), beside("acme", false), beside("haven", true)), (2, 1, 1));
    }
}
