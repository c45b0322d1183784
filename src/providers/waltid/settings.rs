//! `[providers.waltid]`. What each value means, and its default, is in this folder's `settings.toml`.

mod steps;

use gangway_core::flow::model::Call;
use gangway_core::secret::PasswordRule;
use gangway_core::time::Millis;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::steps::{AccountsSettings, DuplicateSettings, Host, RoleSettings, WalletSettings};
use crate::providers::common::{Checks, ProviderSettings, is_plain, is_web};
use crate::settings::{Fault, Section, duration, secret};

/// `[providers.waltid]`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct WaltidSettings {
    /// `base_url` (the global host, with the accounts), `concurrency`, `retry`.
    #[serde(flatten)]
    pub common: ProviderSettings,
    /// The organisation's host, with tenants and services: routing is by host name. Left out: the global one.
    #[serde(default)]
    pub org_url: Option<String>,
    /// The organisation: `{org}` in paths and bodies.
    #[serde(default)]
    pub organization: Option<String>,
    /// The tenant: `{tenant}` in paths and bodies.
    #[serde(default)]
    pub tenant: Option<String>,
    /// A super admin's e-mail, to log in with.
    #[serde(default)]
    pub email: Option<String>,
    /// Its password.
    #[serde(default, with = "secret::option")]
    pub password: Option<SecretString>,
    /// An API key; used instead of a login where it is given.
    #[serde(default, with = "secret::option")]
    pub api_key: Option<SecretString>,
    /// Where to log in.
    pub login_path: String,
    /// How long a token of a login is used before a new one is got. The operator of walt.id sets its real life.
    #[serde(with = "duration")]
    pub token_lifetime: Millis,
    /// The protected route.
    pub register_path: String,
    /// The unprotected route, there while the feature `account-registration` is on.
    pub open_register_path: String,
    /// Registers by the unprotected route, unless a flow says otherwise.
    pub open: bool,
    /// `preferences.timeZone` when a flow gives none.
    pub time_zone: String,
    /// `preferences.languagePreference` when a flow gives none.
    pub language: String,
    /// Whether an account found after an uncertain attempt is ours is tried with the password; else it is taken for
    /// ours.
    pub prove_by_login: bool,
    /// The list of accounts, in which an account is looked up.
    pub accounts: AccountsSettings,
    /// What says that an account is there already.
    pub duplicate: DuplicateSettings,
    /// The request of `assign_role`.
    pub role: RoleSettings,
    /// The request of `init_wallet_service`.
    pub wallet: WalletSettings,
    /// How passwords of accounts are made.
    pub password_rule: PasswordRule,
}

impl WaltidSettings {
    /// Everything that is wrong, at once; `at` is the key of the table.
    #[must_use]
    pub fn faults(&self, at: &str) -> Vec<Fault> {
        let mut checks = Checks::of(&self.common, at);
        let org = "write it like `https://acme.enterprise-sandbox.waltid.dev`";
        checks.wrong(
            self.org_url.as_ref().is_some_and(|url| !is_web(url) || url.contains('?')),
            "org_url",
            "is not an http or https address",
            org,
        );
        let filled = |secret: &Option<SecretString>| secret.as_ref().is_some_and(|s| !s.expose_secret().is_empty());
        let login = self.email.as_ref().is_some_and(|email| email.contains('@')) && filled(&self.password);
        checks.wrong(
            !login && !filled(&self.api_key),
            "api_key",
            "is not given, nor are email and password",
            "give a super admin's email and password, or an API key; look-ups need it on the open route too",
        );
        let unfit = self.api_key.as_ref().is_some_and(|key| !is_plain(key.expose_secret()));
        checks.wrong(unfit, "api_key", "holds a blank, a line break or a character that is not ASCII", "copy it again");
        let short = self.token_lifetime < Millis::secs(10);
        checks.wrong(short, "token_lifetime", "is shorter than 10 s", "every request would log in anew; `1h` is usual");
        for (key, path) in self.paths() {
            checks.wrong(!path.starts_with('/'), key, "does not begin with a slash", "give the path below the host");
        }
        self.check_steps(&mut checks);
        checks.faults()
    }

    fn paths(&self) -> [(&'static str, &str); 6] {
        [
            ("login_path", &self.login_path),
            ("register_path", &self.register_path),
            ("open_register_path", &self.open_register_path),
            ("accounts.path", &self.accounts.path),
            ("role.path", &self.role.path),
            ("wallet.path", &self.wallet.path),
        ]
    }
}

/// What a call needs a name for, when neither the flow nor the settings give one.
pub(super) fn lacks(section: &Section, call: &Call) -> Option<String> {
    let settings: WaltidSettings = section.read(WaltidSettings::faults).ok()?;
    let text = match call.action.as_str() {
        "waltid.assign_role" => format!("{} {}", settings.role.path, Value::Object(settings.role.body)),
        "waltid.init_wallet_service" => {
            let wallet = settings.wallet;
            format!("{} {} {}", wallet.path, Value::Object(wallet.body), wallet.name)
        }
        _ => return None,
    };
    let names = [
        ("{role}", "role", settings.role.role.is_some(), "providers.waltid.role.role, such as \"acme.member\""),
        ("{org}", "organization", settings.organization.is_some(), "providers.waltid.organization"),
        ("{tenant}", "tenant", settings.tenant.is_some(), "providers.waltid.tenant"),
    ];
    let mut missing = names
        .into_iter()
        .filter(|(name, given, set, _)| text.contains(name) && !set && !call.with.contains_key(*given));
    let (_, given, _, setting) = missing.next()?;
    Some(format!("calls {} without a name: set {setting}, or give `{given}` in the flow", call.action))
}

#[cfg(test)]
mod tests {
    use super::WaltidSettings;

    const LEAST: &str = "base_url = \"https://enterprise-sandbox.waltid.dev\"\napi_key = \"k-1\"\n";

    fn keys(text: &str) -> Vec<String> {
        let settings: WaltidSettings = super::super::ROW.section(text).unwrap();
        settings.faults("at").into_iter().map(|fault| fault.key).collect()
    }

    #[test]
    fn an_address_and_a_key_or_a_login_are_enough() {
        assert!(keys(LEAST).is_empty());
        let login = "base_url = \"https://x.example\"\nemail = \"a@example.org\"\npassword = \"p\"";
        assert!(keys(login).is_empty());
        assert_eq!(keys("base_url = \"https://x.example\"\nemail = \"a@example.org\""), ["at.api_key"]);
        assert_eq!(keys("base_url = \"https://x.example\"\nopen = true"), ["at.api_key"]);
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let text = "base_url = \"x\"\norg_url = \"acme\"\nregister_path = \"v1\"\ntoken_lifetime = \"1s\"\n\
            [accounts]\npages = 0\n[role]\npath = \"/a/{name}\"\n[wallet]\nbody = { a = [\"{nobody}\"] }\n\
            [password_rule]\nlength = 7";
        let expected = [
            "at.base_url",
            "at.org_url",
            "at.api_key",
            "at.token_lifetime",
            "at.register_path",
            "at.accounts.pages",
            "at.role.path",
            "at.wallet.body",
            "at.password_rule.length",
        ];
        assert_eq!(keys(text), expected);
    }

    #[test]
    fn a_misspelt_key_is_refused_and_no_secret_is_written_out() {
        assert!(super::super::ROW.section::<WaltidSettings>(&format!("{LEAST}opne = true")).is_err());
        let settings: WaltidSettings = super::super::ROW.section(&format!("{LEAST}password = \"p-1\"")).unwrap();
        for text in [format!("{settings:?}"), serde_json::to_string(&settings).unwrap()] {
            assert!(!text.contains("k-1") && !text.contains("p-1"), "{text}");
        }
    }
}
