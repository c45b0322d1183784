//! `[providers.guardian]`. What each value means, and its default, is in this folder's `settings.toml`.

use gangway_core::secret::PasswordRule;
use gangway_core::time::Millis;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::providers::common::{Checks, ProviderSettings};
use crate::providers::password;
use crate::settings::{Fault, duration, secret};

/// `[providers.guardian]`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct GuardianSettings {
    /// `base_url`, `concurrency`, `retry`.
    #[serde(flatten)]
    pub common: ProviderSettings,
    /// Whether the Guardian runs in demo mode, where onboarding needs no token.
    pub demo: bool,
    /// Username of the Standard Registry that onboards.
    #[serde(default)]
    pub username: Option<String>,
    /// Its password.
    #[serde(default, with = "secret::option")]
    pub registry_password: Option<SecretString>,
    /// Registry of a new user when a flow names none.
    #[serde(default)]
    pub parent: Option<String>,
    /// The policy that the Guardian's operator has set: how passwords of new accounts are made, and what one that is
    /// handed in must satisfy.
    pub password: PasswordRule,
    /// The registry's access tokens.
    pub token: TokenSettings,
    /// Texts that tell one failure from another.
    pub texts: Texts,
}

/// `[providers.guardian.token]`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TokenSettings {
    /// Lifetime of an access token that does not tell its own.
    #[serde(with = "duration")]
    pub lifetime: Millis,
    /// A token is renewed this long before it expires.
    #[serde(with = "duration")]
    pub margin: Millis,
}

/// `[providers.guardian.texts]`: parts of messages, capitals make no difference.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Texts {
    /// Messages that mean "the username is taken", in addition to status 409.
    pub taken: Vec<String>,
    /// Messages of a failed task that mean "the password is too weak".
    pub weak_password: Vec<String>,
}

impl GuardianSettings {
    /// Everything that is wrong, at once; `at` is the key of the table.
    #[must_use]
    pub fn faults(&self, at: &str) -> Vec<Fault> {
        let mut checks = Checks::of(&self.common, at);
        let registry = "the Standard Registry that onboards, or `demo = true` for a Guardian in demo mode";
        let no_name = self.username.as_deref().unwrap_or_default().is_empty();
        let no_password = self.registry_password.as_ref().is_none_or(|text| text.expose_secret().is_empty());
        checks.wrong(!self.demo && no_name, "username", "is missing", registry);
        checks.wrong(!self.demo && no_password, "registry_password", "is missing", registry);
        checks.wrong(
            self.token.lifetime <= self.token.margin,
            "token.lifetime",
            "is not longer than token.margin",
            "every token would be renewed before it is used; `60s` is usual",
        );
        password::check(&self.password, &mut checks, "password");
        let blank = |texts: &[String]| texts.iter().any(|text| text.trim().is_empty());
        let every = "an empty text is part of every message: leave it out";
        checks.wrong(blank(&self.texts.taken), "texts.taken", "holds an empty text", every);
        checks.wrong(blank(&self.texts.weak_password), "texts.weak_password", "holds an empty text", every);
        checks.faults()
    }
}

#[cfg(test)]
mod tests {
    use super::GuardianSettings;

    const LEAST: &str = "base_url = \"https://guardian.example.org/api/v1\"\n";

    fn keys(text: &str) -> Vec<String> {
        let settings: GuardianSettings = super::super::ROW.section(&format!("{LEAST}{text}")).unwrap();
        settings.faults("g").into_iter().map(|fault| fault.key).collect()
    }

    #[test]
    fn a_registry_is_needed_unless_the_guardian_runs_in_demo_mode() {
        assert_eq!(keys(""), ["g.username", "g.registry_password"]);
        assert_eq!(keys("username = \"r\"\nregistry_password = \"p\""), Vec::<String>::new());
        assert_eq!(keys("demo = true"), Vec::<String>::new());
    }

    #[test]
    fn everything_wrong_is_told_at_once_with_its_key() {
        let text = "demo = true\n[token]\nlifetime = \"10s\"\n[password]\nlength = 9\n[texts]\ntaken = [\"\"]\n\
                    weak_password = [\" \"]";
        assert_eq!(keys(text), ["g.token.lifetime", "g.password.length", "g.texts.taken", "g.texts.weak_password"]);
        assert_eq!(keys("demo = true\n[password]\nmin_length = 30"), ["g.password.length"]);
    }

    #[test]
    fn the_registrys_password_is_never_written_out() {
        let text = format!("{LEAST}username = \"r\"\nregistry_password = \"s3cr3t\"");
        let settings: GuardianSettings = super::super::ROW.section(&text).unwrap();
        assert!(!format!("{settings:?}{}", serde_json::to_string(&settings).unwrap()).contains("s3cr3t"));
    }
}
