//! `[providers.haven]`. What each value means, and its default, is in this folder's `settings.toml`.

use gangway_core::time::Millis;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use url::Url;

use super::key::ServiceKey;
use crate::providers::common::{Checks, ProviderSettings, is_plain, is_web};
use crate::settings::{Fault, duration, secret};

/// The published example key of RFC 8410, section 10.3: it has no owner.
#[cfg(test)]
pub(crate) const SAMPLE_KEY: &str = "-----BEGIN PRIVATE KEY-----\n\
    MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n\
    -----END PRIVATE KEY-----";

/// `[providers.haven]`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct HavenSettings {
    /// `base_url`, `concurrency`, `retry`.
    #[serde(flatten)]
    pub common: ProviderSettings,
    /// Token of the service account.
    #[serde(with = "secret")]
    pub service_token: SecretString,
    /// Private key of the service account, PEM: Ed25519, ECDSA P-256 or RSA.
    #[serde(with = "secret")]
    pub service_key: SecretString,
    /// Id of the credential that this key belongs to.
    pub credential_id: String,
    /// Origin that stands in what is signed: the organisation's application.
    pub origin: String,
    /// Sent as `X-DFNS-APPID`, which older installations want.
    #[serde(default)]
    pub app_id: Option<String>,
    /// The organisation, for registrations with a code.
    #[serde(default)]
    pub org_id: Option<String>,
    /// How long challenge and one-time token of a registration are believed to live.
    #[serde(with = "duration")]
    pub registration_expires: Millis,
    /// Page of your front end on which people make their credential: the `link` that `started` writes.
    #[serde(default)]
    pub sign_up_url: Option<String>,
    /// How a user comes to be.
    pub new_users: NewUsers,
    /// How it is found out whether a user is registered.
    pub look_up: LookUp,
    /// Whether to begin an unfinished registration anew through `…/delegated/restart`.
    pub restart: bool,
    /// Name of the filter by which a user's wallets are listed.
    pub wallet_owner: OwnerFilter,
    /// Texts in an error's message that mean "this user exists already", in lower case.
    pub exists: Vec<String>,
    /// Webhooks made by hand; their missed deliveries are read back too, beside those of `gangway webhooks register`.
    pub webhook_ids: Vec<String>,
    /// The wallet that a user gets when the flow names none.
    pub wallet: WalletTemplate,
    /// Names of the provider's webhook events.
    pub events: EventNames,
}

/// How a user comes to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NewUsers {
    /// By the request that begins the registration.
    OnTheFly,
    /// By a request of its own, before that.
    First,
}

/// How it is found out whether a user is registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LookUp {
    /// In the list of users.
    Users,
    /// By a session of that user.
    Login,
}

/// How wallets are filtered by their owner; the provider renamed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub enum OwnerFilter {
    /// `owner`: the user's id or name.
    #[serde(rename = "owner")]
    Owner,
    /// `ownerId`, an older name.
    #[serde(rename = "ownerId")]
    OwnerId,
    /// `ownerUsername`, an older name.
    #[serde(rename = "ownerUsername")]
    OwnerUsername,
}

/// `[providers.haven.wallet]`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct WalletTemplate {
    /// The network, in the provider's spelling.
    pub network: String,
    /// Name of the wallet.
    #[serde(default)]
    pub name: Option<String>,
}

/// `[providers.haven.events]`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct EventNames {
    /// Kinds that tell of a wallet; the fact is that its status is `Active`.
    pub wallet_active: Vec<String>,
}

impl HavenSettings {
    /// Everything that is wrong, at once; `at` is the key of the table.
    #[must_use]
    pub fn faults(&self, at: &str) -> Vec<Fault> {
        let mut checks = Checks::of(&self.common, at);
        let token = self.service_token.expose_secret();
        let console = "make a service account in the provider's console and copy what it shows";
        checks.wrong(token.is_empty(), "service_token", "is empty", console);
        checks.wrong(
            !is_plain(token),
            "service_token",
            "holds a blank, a line break or a character that is not ASCII",
            console,
        );
        if let Err(what) = ServiceKey::read(self.service_key.expose_secret()) {
            let hint = "`openssl pkey -in KEY` writes a form that is read here";
            checks.wrong(true, "service_key", what, hint);
        }
        checks.wrong(self.credential_id.is_empty(), "credential_id", "is empty", console);
        checks.wrong(!is_web(&self.origin), "origin", "is not an origin", "write it like `https://app.example.com`");
        let app_id = self.app_id.as_deref().is_none_or(|id| !id.is_empty() && is_plain(id));
        checks.wrong(!app_id, "app_id", "is not an id", "copy it, or leave it out");
        checks.wrong(self.registration_expires.0 == 0, "registration_expires", "is zero", "15m is usual");
        let link = self.sign_up_url.as_deref().is_none_or(|link| Url::parse(link).is_ok());
        checks.wrong(!link, "sign_up_url", "is not an address", "write it like `https://app.example.com/register`");
        checks.wrong(
            self.wallet.network.is_empty(),
            "wallet.network",
            "is empty",
            "in the provider's spelling: `Ethereum`",
        );
        checks.wrong(self.wallet.name.as_deref() == Some(""), "wallet.name", "is empty", "leave it out");
        let texts = self.exists.iter().all(|text| !text.trim().is_empty());
        checks.wrong(!texts, "exists", "holds an empty text, which every message contains", "remove it");
        let ids = self.webhook_ids.iter().all(|id| !id.is_empty() && is_plain(id));
        checks.wrong(!ids, "webhook_ids", "holds what is not an id", "ids look like `wh-…`");
        checks.faults()
    }
}

#[cfg(test)]
mod tests {
    use super::{HavenSettings, OwnerFilter, SAMPLE_KEY};
    use gangway_core::time::Millis;

    fn least() -> String {
        format!(
            "base_url = \"https://api.digitalassets.ibm.com\"\nservice_token = \"token-1\"\ncredential_id = \"c\"\n\
             origin = \"https://app.example.com\"\nservice_key = \"\"\"{SAMPLE_KEY}\"\"\"\n"
        )
    }

    #[test]
    fn address_token_key_credential_and_origin_are_enough() {
        let settings: HavenSettings = super::super::ROW.section(&least()).unwrap();
        assert_eq!(settings.faults("providers.haven"), []);
        assert_eq!(settings.registration_expires, Millis::secs(900));
        assert_eq!((settings.wallet.network.as_str(), settings.wallet_owner), ("Ethereum", OwnerFilter::Owner));
    }

    #[test]
    fn everything_wrong_is_told_at_once_and_no_secret_is_shown() {
        let text = least().replace("token-1", "to ken").replace(SAMPLE_KEY, "hidden").replace("https://app", "app");
        let more = "registration_expires = \"0s\"\nexists = [\"\"]\nwallet = { network = \"\" }";
        let settings: HavenSettings = super::super::ROW.section(&format!("{text}{more}")).unwrap();
        let faults = settings.faults("at");
        let keys: Vec<&str> = faults.iter().map(|fault| fault.key.as_str()).collect();
        let expected = ["service_token", "service_key", "origin", "registration_expires", "wallet.network", "exists"];
        assert_eq!(keys, expected.map(|key| format!("at.{key}")));
        let shown = format!("{faults:?} {settings:?} {}", serde_json::to_string(&settings).unwrap());
        assert!(!shown.contains("hidden") && !shown.contains("to ken"), "{shown}");
    }

    #[test]
    fn a_misspelt_key_is_refused() {
        assert!(super::super::ROW.section::<HavenSettings>(&format!("{}orign = \"x\"", least())).is_err());
    }
}
