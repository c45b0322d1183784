//! `[providers.original]`. What each value means, and its default, is in this folder's `settings.toml`.

use gangway_core::time::Millis;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::providers::common::{Checks, ProviderSettings, is_plain};
use crate::settings::{Fault, duration, secret};

/// `[providers.original]`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct OriginalSettings {
    /// `base_url`, `concurrency`, `retry`.
    #[serde(flatten)]
    pub common: ProviderSettings,
    /// Key of the app, in one environment.
    #[serde(with = "secret")]
    pub api_key: SecretString,
    /// Its secret: signs every token.
    #[serde(with = "secret")]
    pub api_secret: SecretString,
    /// Collection of `create_asset` when a flow names none.
    #[serde(default)]
    pub collection_uid: Option<String>,
    /// An account made this long before our uncertain attempt may still be its work: clocks differ.
    #[serde(with = "duration")]
    pub clock_tolerance: Millis,
    /// The tokens made with the secret.
    pub token: TokenSettings,
    /// Names of the provider's webhook events.
    pub events: EventNames,
}

/// `[providers.original.token]`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TokenSettings {
    /// Whether the claim `api_key` is in it (the JavaScript and Python SDKs do so, the .NET SDK does not).
    pub api_key_claim: bool,
    /// Adds `exp`, this long after now. Without it a token never expires and is always the same.
    #[serde(default, with = "duration::option")]
    pub lifetime: Option<Millis>,
    /// Further claims.
    pub claims: Map<String, Value>,
}

/// `[providers.original.events]`: the vendor does not publish the exact names of all of them.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct EventNames {
    /// Names that mean "the user has a wallet".
    pub wallet_created: Vec<String>,
    /// Names that mean "the asset is minted".
    pub asset_minted: Vec<String>,
    /// Names that mean "the asset is burned".
    pub asset_burned: Vec<String>,
}

impl OriginalSettings {
    /// Everything that is wrong, at once; `at` is the key of the table.
    #[must_use]
    pub fn faults(&self, at: &str) -> Vec<Fault> {
        let mut checks = Checks::of(&self.common, at);
        let console = "copy it from the provider's developer console";
        checks.wrong(self.api_key.expose_secret().is_empty(), "api_key", "is empty", console);
        let fits = is_plain(self.api_key.expose_secret());
        checks.wrong(!fits, "api_key", "holds a blank, a line break or a character that is not ASCII", console);
        checks.wrong(self.api_secret.expose_secret().is_empty(), "api_secret", "is empty", console);
        checks.wrong(
            self.token.lifetime.is_some_and(|lifetime| lifetime < Millis::secs(60)),
            "token.lifetime",
            "is shorter than a minute",
            "a request could arrive after its token expired; `1h` is usual, or leave it out",
        );
        let fixed = ["resource", "action", "user_id", "api_key", "exp"];
        checks.wrong(
            fixed.iter().any(|name| self.token.claims.contains_key(*name)),
            "token.claims",
            "repeats a claim that the adapter sets itself",
            "leave out resource, action, user_id, api_key and exp",
        );
        checks.faults()
    }
}

#[cfg(test)]
mod tests {
    use super::OriginalSettings;

    const LEAST: &str = "base_url = \"https://api.getoriginal.com/v1\"\napi_key = \"k\"\napi_secret = \"s\"\n";

    #[test]
    fn address_key_and_secret_are_enough() {
        let settings: OriginalSettings = super::super::ROW.section(LEAST).unwrap();
        assert_eq!(settings.faults("providers.original"), []);
        assert_eq!(settings.common.concurrency, 8);
    }

    #[test]
    fn a_misspelt_key_is_refused_although_the_common_part_is_flattened() {
        let error =
            super::super::ROW.section::<OriginalSettings>(&format!("{LEAST}colection_uid = \"1\"")).unwrap_err();
        assert!(error.to_string().contains("colection_uid"), "{error}");
    }

    #[test]
    fn no_secret_is_ever_written_out() {
        let settings: OriginalSettings =
            super::super::ROW.section(&LEAST.replace("\"k\"", "\"key-1\"").replace("\"s\"", "\"secret-1\"")).unwrap();
        for text in [format!("{settings:?}"), serde_json::to_string(&settings).unwrap()] {
            assert!(!text.contains("key-1") && !text.contains("secret-1"), "{text}");
        }
    }
}
