//! How deliveries of one provider are verified: `[providers.NAME.webhook]`. Values only; nothing is verified here.

mod faults;
mod forms;
mod named;
mod public;
#[cfg(test)]
mod tests;

pub use forms::{Encoding, KeyForm, Piece, TimestampForm, TimestampPlace};
pub(crate) use forms::{PUBLIC_KEY, without_version};
use forms::{parse_place, parse_template};
use gangway_core::time::Millis;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer};

use crate::settings::providers::Form;
use crate::settings::{Faults, Section, duration};

/// What a delivery must show to be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verify {
    /// A secret segment of the path; for providers that sign nothing.
    SecretPath,
    /// Standard Webhooks, also under Svix's header names: v1 (a secret) and v1a (a public key, `whpk_…`), side by side.
    Standard,
    /// Stripe's rule: `Stripe-Signature: t=…,v1=…`, the whole secret as text.
    Stripe,
    /// GitHub's rule: `X-Hub-Signature-256: sha256=…` over the body. It has no time, so only the delivery's key holds
    /// replays off.
    Github,
    /// The rule of Dfns and IBM Digital Asset Haven: `X-DFNS-WEBHOOK-SIGNATURE: sha256=…` over the body, in which
    /// `timestampSent` is the time of signing.
    Dfns,
    /// HMAC-SHA256 as the other keys describe it.
    Hmac,
    /// As `hmac`, by the sender's public keys: ECDSA with P-256 and SHA-256.
    Ecdsa,
    /// As `hmac`, by the sender's public keys: RSA, PKCS #1 v1.5 with SHA-256.
    Rsa,
    /// As `hmac`, by the sender's public keys: RSA, PSS with SHA-256.
    RsaPss,
    /// `Authorization: Bearer SECRET`, or another header with `header` and `prefix`.
    Bearer,
    /// `Authorization: Basic`; each secret is `user:password`.
    Basic,
    /// As the provider's definition file says; what is meant where a section with a `definition` says nothing.
    Defined,
    /// Nothing. Anybody can write; every fact is a hint.
    None,
}

impl Verify {
    /// Whether the live keys are the public halves of what the sender signs with.
    #[must_use]
    pub const fn is_public(self) -> bool {
        matches!(self, Self::Ecdsa | Self::Rsa | Self::RsaPss)
    }

    /// Whether the other keys of the settings say what is signed, and where the signature is.
    #[must_use]
    pub const fn is_described(self) -> bool {
        self.is_public() || matches!(self, Self::Hmac)
    }
}

/// The profile's settings.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookSettings {
    /// What a delivery must show.
    pub verify: Verify,
    /// Live secrets; several while one is being replaced. Any one that fits is enough.
    #[serde(default, deserialize_with = "secrets")]
    pub secrets: Vec<SecretString>,
    /// Whether secrets also come from `gangway webhooks register`, which keeps them sealed in the database. Then none
    /// need stand here; until one is there, nothing is believed.
    pub registered: bool,
    /// `hmac`: header with the signature. `bearer`: header with the secret. Empty: the scheme's own.
    #[serde(default)]
    pub header: String,
    /// What stands before the signature or the secret in that header, such as `sha256=`.
    #[serde(default)]
    pub prefix: String,
    /// `hmac`: the header is a list `name=value,…` and the signatures are the values of this name, such as `v1`.
    #[serde(default)]
    pub field: String,
    /// `hmac`: what is signed, of `{body}`, `{timestamp}`, `{id}` and plain text.
    pub signed: String,
    /// `hmac`: how the signature is written.
    pub encoding: Encoding,
    /// `hmac`: how a secret becomes key bytes.
    pub key: KeyForm,
    /// `hmac`: where the time of signing is: `header:NAME`, `body:/JSON/POINTER`, `field:NAME`. Empty: nowhere.
    #[serde(default)]
    pub timestamp: String,
    /// `hmac`: how that time is written.
    pub timestamp_form: TimestampForm,
    /// `hmac`: header that `{id}` stands for.
    pub id_header: String,
    /// How far the time of signing may be from ours, either way.
    #[serde(with = "duration")]
    pub tolerance: Millis,
}

impl Default for WebhookSettings {
    fn default() -> Self {
        Form::common().usual("webhook")
    }
}

impl WebhookSettings {
    /// Typed and checked.
    ///
    /// # Errors
    /// Every problem that was found.
    pub fn of(section: &Section) -> Result<Self, Faults> {
        section.read(Self::faults)
    }

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
            Verify::Stripe | Verify::Github | Verify::Dfns => KeyForm::Text.bytes(secret.expose_secret()),
            Verify::Ecdsa => public::p256(secret.expose_secret()),
            Verify::Rsa | Verify::RsaPss => public::rsa(secret.expose_secret()),
            _ => self.key.bytes(secret.expose_secret()),
        }
    }
}

fn secrets<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<SecretString>, D::Error> {
    Ok(Vec::<String>::deserialize(from)?.into_iter().map(SecretString::from).collect())
}
