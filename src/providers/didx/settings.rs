//! `[providers.didx]`. What each value means, and its default, is in this folder's `settings.toml`.

use gangway_core::time::Millis;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::providers::common::{Checks, ProviderSettings, is_web};
use crate::settings::{Fault, duration, secret};

/// `[providers.didx]`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct DidxSettings {
    /// `base_url`, `concurrency`, `retry`.
    #[serde(flatten)]
    pub common: ProviderSettings,
    /// Id of the partner's client; handed over by the provider when a partner is registered.
    pub client_id: String,
    /// Its secret.
    #[serde(with = "secret")]
    pub client_secret: SecretString,
    /// Template of `issue_credential` when a flow names none.
    #[serde(default)]
    pub credential_template_id: Option<String>,
    /// Where tokens come from.
    pub token: TokenSettings,
    /// Where the three APIs are below `base_url`.
    pub paths: Paths,
    /// Names of the provider's webhook events.
    pub events: EventNames,
}

/// `[providers.didx.token]`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TokenSettings {
    /// Whole address of the token endpoint; left out: that of `realm` below `base_url`.
    #[serde(default)]
    pub url: Option<String>,
    /// The partners' realm.
    pub realm: String,
    /// A token is renewed this long before it expires.
    #[serde(with = "duration")]
    pub margin: Millis,
    /// Lifetime of a token when the answer does not state it.
    #[serde(with = "duration")]
    pub lifetime: Millis,
}

/// `[providers.didx.paths]`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Paths {
    /// Accounts.
    pub onboarding: String,
    /// Credentials and webhook addresses.
    pub credentials: String,
    /// Wallets.
    pub wallet: String,
}

/// `[providers.didx.events]`: accepted names, because the vendor's pages differ.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct EventNames {
    /// Names that mean "the credential is offered".
    pub issuance_offered: Vec<String>,
    /// Names that mean "the person has the credential".
    pub issuance_completed: Vec<String>,
    /// Names that mean "the person has some of the credentials".
    pub issuance_partially_issued: Vec<String>,
    /// Names that mean "it failed".
    pub issuance_failed: Vec<String>,
    /// Names that mean "the offer expired".
    pub issuance_expired: Vec<String>,
}

impl DidxSettings {
    /// Everything that is wrong, at once; `at` is the key of the table.
    #[must_use]
    pub fn faults(&self, at: &str) -> Vec<Fault> {
        let mut checks = Checks::of(&self.common, at);
        let handed = "you get client id and secret from the provider when it registers you as a partner";
        checks.wrong(self.client_id.is_empty(), "client_id", "is empty", handed);
        checks.wrong(self.client_secret.expose_secret().is_empty(), "client_secret", "is empty", handed);
        checks.wrong(
            !self.token.url.as_deref().is_none_or(is_web),
            "token.url",
            "is not an http or https address",
            "leave it out to use `realm` below `base_url`",
        );
        checks.wrong(self.token.realm.is_empty(), "token.realm", "is empty", "the partners' realm is `product-hub`");
        checks.wrong(
            self.token.lifetime <= self.token.margin,
            "token.lifetime",
            "is not longer than token.margin",
            "every token would be renewed before it is used; `300s` is usual",
        );
        for (key, path) in [
            ("paths.onboarding", &self.paths.onboarding),
            ("paths.credentials", &self.paths.credentials),
            ("paths.wallet", &self.paths.wallet),
        ] {
            let hint = "write it like `/me-creds/api`, or as an empty text for none";
            checks.wrong(!path.is_empty() && !path.starts_with('/'), key, "does not begin with a slash", hint);
        }
        checks.faults()
    }
}

#[cfg(test)]
mod tests {
    use super::DidxSettings;

    const LEAST: &str = "base_url = \"https://test.didxtech.com\"\nclient_id = \"c\"\nclient_secret = \"s3cr3t\"\n";

    #[test]
    fn address_id_and_secret_are_enough() {
        let settings: DidxSettings = super::super::ROW.section(LEAST).unwrap();
        assert_eq!(settings.faults("providers.didx"), []);
        assert_eq!((settings.token.margin.0, settings.token.lifetime.0), (30_000, 300_000));
        assert!(!format!("{settings:?}{}", serde_json::to_string(&settings).unwrap()).contains("s3cr3t"));
    }

    #[test]
    fn everything_wrong_is_told_at_once_with_its_key() {
        let text = "base_url = \"x\"\nclient_id = \"\"\nclient_secret = \"\"\n[token]\nurl = \"id\"\nrealm = \"\"\n\
                    margin = \"300s\"\n[paths]\nwallet = \"me-wallet\"";
        let settings: DidxSettings = super::super::ROW.section(text).unwrap();
        let keys: Vec<String> = settings.faults("d").into_iter().map(|fault| fault.key).collect();
        let expected =
            ["base_url", "client_id", "client_secret", "token.url", "token.realm", "token.lifetime", "paths.wallet"];
        assert_eq!(keys, expected.map(|key| format!("d.{key}")));
    }
}
