//! How deliveries of one provider are verified: `[providers.NAME.webhook]`. Values only; nothing is verified here.

mod forms;
mod intake;
#[cfg(test)]
mod tests;

pub use forms::{Encoding, KeyForm, Piece, TimestampForm, TimestampPlace};
use forms::{parse_place, parse_template};
pub use intake::IntakeSettings;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer};

use super::Problem;

/// A secret in a path is guessable below this length.
const PATH_SECRET_LEAST: usize = 16;
/// What Standard Webhooks asks of a key.
const KEY_LEAST_BYTES: usize = 24;

/// What a delivery must show to be believed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verify {
    /// A secret segment of the path; for providers that sign nothing.
    #[default]
    SecretPath,
    /// Standard Webhooks v1, also under Svix's header names.
    Standard,
    /// HMAC-SHA256 as the other keys describe it.
    Hmac,
    /// `Authorization: Bearer SECRET`, or another header with `header` and `prefix`.
    Bearer,
    /// `Authorization: Basic`; each secret is `user:password`.
    Basic,
    /// Nothing. Anybody can write; every fact is a hint.
    None,
}

/// The profile's settings.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebhookSettings {
    /// What a delivery must show.
    pub verify: Verify,
    /// Live secrets; several while one is being replaced. Any one that fits is enough.
    #[serde(deserialize_with = "secrets")]
    pub secrets: Vec<SecretString>,
    /// `hmac`: header with the signature. `bearer`: header with the secret. Empty: the scheme's own.
    pub header: String,
    /// What stands before the signature or the secret in that header, such as `sha256=`.
    pub prefix: String,
    /// `hmac`: the header is a list `name=value,…` and the signatures are the values of this name, such as `v1`.
    pub field: String,
    /// `hmac`: what is signed, of `{body}`, `{timestamp}`, `{id}` and plain text.
    pub signed: String,
    /// `hmac`: how the signature is written.
    pub encoding: Encoding,
    /// `hmac`: how a secret becomes key bytes.
    pub key: KeyForm,
    /// `hmac`: where the time of signing is: `header:NAME`, `body:/JSON/POINTER`, `field:NAME`. Empty: nowhere.
    pub timestamp: String,
    /// `hmac`: how that time is written.
    pub timestamp_form: TimestampForm,
    /// `hmac`: header that `{id}` stands for.
    pub id_header: String,
    /// How far the time of signing may be from ours, either way, in seconds.
    pub tolerance_s: u64,
}

impl Default for WebhookSettings {
    fn default() -> Self {
        Self {
            verify: Verify::default(),
            secrets: Vec::new(),
            header: String::new(),
            prefix: String::new(),
            field: String::new(),
            signed: "{body}".into(),
            encoding: Encoding::default(),
            key: KeyForm::default(),
            timestamp: String::new(),
            timestamp_form: TimestampForm::default(),
            id_header: "webhook-id".into(),
            tolerance_s: 300,
        }
    }
}

impl WebhookSettings {
    /// What is signed, in pieces.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn template(&self) -> Result<Vec<Piece>, String> {
        parse_template(&self.signed)
    }

    /// Where the time of signing is.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn place(&self) -> Result<Option<TimestampPlace>, String> {
        parse_place(&self.timestamp)
    }

    /// The key that this secret stands for.
    ///
    /// # Errors
    /// What is wrong with it, without the secret.
    pub fn key_bytes(&self, secret: &SecretString) -> Result<Vec<u8>, &'static str> {
        match self.verify {
            Verify::Standard => KeyForm::standard(secret.expose_secret()),
            _ => self.key.bytes(secret.expose_secret()),
        }
    }

    /// Everything that keeps this profile from being used; `at` is the key of this table.
    #[must_use]
    pub fn problems(&self, at: &str) -> Vec<Problem> {
        let mut found = Vec::new();
        let mut wrong = |key: &str, what: &str, hint: &str| found.push(Problem::new(format!("{at}.{key}"), what, hint));
        if self.verify != Verify::None && self.secrets.is_empty() {
            wrong("secrets", "no secret is given", "give at least one, or choose verify = \"none\" knowingly");
        }
        for secret in &self.secrets {
            if let Some((what, hint)) = self.secret_problem(secret) {
                wrong("secrets", what, hint);
            }
        }
        if self.verify == Verify::Hmac {
            if self.header.is_empty() {
                wrong("header", "the header with the signature is not named", "such as header = \"x-signature\"");
            }
            self.hmac_problems(&mut wrong);
        }
        if !self.header.is_empty() && !forms::is_header_name(&self.header) {
            wrong("header", "this is not a header's name", "letters, digits and `-`");
        }
        found
    }

    /// What works and yet deserves a line in the log at start.
    #[must_use]
    pub fn warnings(&self, at: &str) -> Vec<Problem> {
        let mut found = Vec::new();
        if self.verify == Verify::None {
            let what = "deliveries are not verified: anybody can write them";
            found.push(Problem::new(format!("{at}.verify"), what, "choose \"secret_path\" at least"));
        }
        if matches!(self.verify, Verify::Standard | Verify::Hmac) {
            let short = |key: Vec<u8>| key.len() < KEY_LEAST_BYTES;
            if self.secrets.iter().any(|secret| self.key_bytes(secret).is_ok_and(short)) {
                let what = "a key is shorter than 24 bytes";
                found.push(Problem::new(format!("{at}.secrets"), what, "ask the provider for a longer one"));
            }
        }
        found
    }

    fn secret_problem(&self, secret: &SecretString) -> Option<(&'static str, &'static str)> {
        let text = secret.expose_secret();
        match self.verify {
            _ if text.is_empty() => Some(("a secret is empty", "remove it or fill it in")),
            Verify::SecretPath if text.len() < PATH_SECRET_LEAST => {
                Some(("a secret of the path is shorter than 16 characters", "make one with `openssl rand -hex 16`"))
            }
            Verify::SecretPath if !text.bytes().all(forms::is_plain_in_paths) => {
                Some(("a secret of the path has characters that a path escapes", "letters, digits, `-`, `_`, `.`, `~`"))
            }
            Verify::Basic if !text.contains(':') => Some(("a secret has no colon", "write it as `user:password`")),
            Verify::Standard | Verify::Hmac => match self.key_bytes(secret) {
                Ok(key) if key.is_empty() => Some(("a key has no bytes", "copy the whole secret")),
                Ok(_) => None,
                Err(what) => Some((what, "copy the whole secret, and see `key`")),
            },
            _ => None,
        }
    }

    fn hmac_problems(&self, wrong: &mut impl FnMut(&str, &str, &str)) {
        let place = self.place().unwrap_or_else(|what| {
            wrong("timestamp", &what, "`header:NAME`, `body:/JSON/POINTER` or `field:NAME`");
            None
        });
        if matches!(place, Some(TimestampPlace::Field(_))) && self.field.is_empty() {
            wrong("field", "the time is in a field of the header, the signature is not", "such as field = \"v1\"");
        }
        let pieces = match self.template() {
            Ok(pieces) => pieces,
            Err(what) => return wrong("signed", &what, "such as \"{timestamp}.{body}\""),
        };
        if !pieces.contains(&Piece::Body) {
            wrong("signed", "the body is not signed", "name {body}");
        }
        if pieces.contains(&Piece::Timestamp)
            && !matches!(place, Some(TimestampPlace::Header(_) | TimestampPlace::Field(_)))
        {
            wrong("timestamp", "{timestamp} is signed but its place is not known", "`header:NAME` or `field:NAME`");
        }
        if pieces.contains(&Piece::Id) && !forms::is_header_name(&self.id_header) {
            wrong("id_header", "{id} is signed but this is not a header's name", "such as \"webhook-id\"");
        }
    }
}

fn secrets<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<SecretString>, D::Error> {
    Ok(Vec::<String>::deserialize(from)?.into_iter().map(SecretString::from).collect())
}
